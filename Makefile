# SPDX-License-Identifier: MIT
#
# make            the server, its handlers, the example plugins
# make run        installs what is missing, builds, serves etc/portico.ini
# make test       installs what the tests need, runs every suite, prints the count
# make check      the suites of one build only: make check CC=clang SAN=address,undefined
# make walk       the way of somebody new, timed, from a clone to a handler under systemd
# make loss       what is lost over reloads, crashes, scaling, upgrades: docs/loss.md
# make chat       guests of a chat over reloads and deaths: docs/loss.md; CHAT="GUESTS RELOADS KILLS"
# make bench      against bare loops and five servers: see bench/README.md; WORKLOADS="hello64 tls"
# make guard      instructions and system calls a request, against bench/guard.expected
# make balance    the tail under each balance, and shares seen against shares asked: docs/balance.md
# make fuzz       every fuzzer for FUZZ_TIME seconds
# make notes      the programs of docs/ports-and-sockets.md
# make compare    the table of requests against nginx, HAProxy and llhttp: docs/http-compare.md
# make layers     no include points up
# make abi        portico.h keeps what it promised: docs/abi.md
# make bpf        the committed BPF instructions anew, after a change of framework/sys/bpf/
# make manual     docs/manual/reference.md anew, after a change of include/portico.h
# make install    DESTDIR= PREFIX= SYSCONFDIR= PLUGINDIR= UNITDIR=: with manual, completions, unit
# make deb        Debian packages in build/deb/
#
# V=1 shows every command.  CC=clang and SAN=address,undefined choose a compiler and sanitizers; each
# combination has a folder of its own under build/.

all:

VERSION    := 0.1
PREFIX     ?= /usr/local
SYSCONFDIR ?= $(PREFIX)/etc
PLUGINDIR  ?= $(PREFIX)/lib/portico
PCDIR      ?= $(PREFIX)/lib/pkgconfig
MANDIR     ?= $(PREFIX)/share/man
UNITDIR    ?= $(PREFIX)/lib/systemd/system
ROTATEDIR  ?= $(SYSCONFDIR)/logrotate.d
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
FISHDIR    ?= $(PREFIX)/share/fish/vendor_completions.d
CC         := $(if $(filter default,$(origin CC)),gcc,$(CC))
SAN        ?=
OBJCOPY    ?= objcopy
WERROR     ?=

comma   := ,
variant := $(if $(filter-out gcc,$(notdir $(CC))),-$(notdir $(CC)))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
B       := build$(if $(variant),/variant$(variant))

CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(if $(WERROR),-Werror)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
CPPFLAGS += -D_GNU_SOURCE -Iframework -Iinclude
BUILT_IN := -DPORTICO_VERSION='"$(VERSION)"' -DPORTICO_CONFIG_FILE='"$(SYSCONFDIR)/portico.ini"' \
            -DPORTICO_PLUGIN_DIR='"$(PLUGINDIR)"'
# The server alone is optimised as a whole, and only as gcc's own build, if at all: all others that link its
# objects take them one by one.
LTO      := $(if $(variant)$(filter -O0,$(CFLAGS)),,-flto=auto)
NO_LTO   := $(if $(LTO),-fno-lto)
COMPILE   = $(CC) -std=gnu17 $(CFLAGS) $(WARNINGS) $(SANFLAGS) $(CPPFLAGS) -MMD -MP
# Static: of a shared one every name, like echo and filter, would be bound before a plugin's own.
CURSES   ?= -Wl,-Bstatic -lncursesw -ltinfo -Wl,-Bdynamic
LIBS     := -lssl -lcrypto -lcares -lev -linih -ljansson -lhiredis $(CURSES) -ldl -lm

# Says what is made; V=1 says how.
Q    := $(if $(V),,@)
say   = $(if $(V),,@printf '  %-5s %s\n' $(1) $@)

# The paths and the version are built in here alone, and these rebuilt when they change: make install
# with another PREFIX is quick.
built_in := $(VERSION) $(SYSCONFDIR) $(PLUGINDIR)
tellers  := $(addprefix framework/,admin/admin.o config/config_keys.o main.o master/status.o master/upgrade.o)
$(B)/built-in: FORCE
	@mkdir -p $(@D)
	@echo '$(built_in)' | cmp -s - $@ || echo '$(built_in)' >$@
FORCE:
$(addprefix $(B)/,$(tellers)): $(B)/built-in
$(addprefix $(B)/,$(tellers)) $(addprefix build/fuzz/,$(tellers)): CPPFLAGS += $(BUILT_IN)

# Handlers to use: a room each, built where the examples are, since all are installed in one folder.
rooms    := files proxy
handlers := $(rooms:%=$(B)/examples/%.so)
sources  := $(filter-out framework/kit/% $(rooms:%=framework/%/%),$(wildcard framework/*/*.c))
objects  := $(sources:%.c=$(B)/%.o)
examples := $(patsubst examples/%.c,$(B)/examples/%.so,$(wildcard examples/*.c))

# Programs of their own, which show what the kernel does: docs/ports-and-sockets.md
notes    := $(patsubst %.c,$(B)/%,$(filter-out examples/notes/note.c,$(wildcard examples/notes/*.c)))

all: $(B)/portico $(examples) $(handlers)

notes: $(notes)

# Only portico_* is seen by plugins.
$(B)/portico: $(B)/framework/main.o $(objects) framework/exports.list
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LTO) $(SANFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
		-Wl,--dynamic-list=framework/exports.list $(LIBS)

$(B)/framework/%.o: framework/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(if $(LTO),$(LTO) -ffat-lto-objects) -c -o $@ $<

# They are in it by .incbin, which compilers do not tell.
$(B)/framework/master/templates.o build/fuzz/framework/master/templates.o: $(wildcard etc/templates/*)
# What is in it as it is.
$(B)/framework/admin/page.o build/fuzz/framework/admin/page.o: $(wildcard framework/admin/page/*)

# A plugin needs the one header and nothing of the framework.
$(B)/examples/%.so: examples/%.c include/portico.h
	@mkdir -p $(@D)
	$(call say,SO)
	$(Q)$(CC) -std=gnu17 $(CFLAGS) $(WARNINGS) $(SANFLAGS) -Iinclude -fPIC -shared $(LDFLAGS) -o $@ $<

$(handlers): $(B)/examples/%.so: $(wildcard $(rooms:%=framework/%/*.[ch])) include/portico.h
	@mkdir -p $(@D)
	$(call say,SO)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(CFLAGS) $(WARNINGS) $(SANFLAGS) -Iinclude -Iframework -fPIC \
		-fvisibility=hidden -shared $(LDFLAGS) -o $@ $(wildcard framework/$*/*.c)

# The test kit: portico below its worker, as one object of which only portico_* is seen, so that
# nothing in it meets a handler's own names.  What link-time optimising would take in its place goes.
kit_objects := $(patsubst %.c,$(B)/%.o,$(wildcard framework/kit/*.c))
kit_rooms   := base sys config net proto service
kit_parts   := $(foreach room,$(kit_rooms),$(filter $(B)/framework/$(room)/%,$(objects)))
KIT_LIBS    := -lcares -lev -linih -lhiredis -lssl -lcrypto -ldl -lm
kit_seen    := $(shell sed -n 's/^\t\(.*\);/\1/p' framework/kit/exports.list)

$(B)/libportico-test.a: $(kit_objects) $(kit_parts) framework/kit/exports.list
	$(call say,AR)
	$(Q)$(LD) -r --wrap=sock_reset_on_close -o $(B)/kit.o $(filter %.o,$^)
	$(Q)$(OBJCOPY) --wildcard $(kit_seen:%='--keep-global-symbol=%') \
		--remove-section='.gnu.lto_*' --remove-section='.gnu.debuglto_*' $(B)/kit.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(B)/kit.o

.PHONY: install-kit abi
install: install-kit
install-kit: $(B)/libportico-test.a
	install -d $(DESTDIR)$(PREFIX)/include/portico $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PCDIR)
	install -m 644 include/portico/test.h $(DESTDIR)$(PREFIX)/include/portico/test.h
	install -m 644 $(B)/libportico-test.a $(DESTDIR)$(PREFIX)/lib/libportico-test.a
	install -m 644 framework/kit/exports.list $(DESTDIR)$(PREFIX)/lib/portico-test.list
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' etc/portico-test.pc.in \
		>$(DESTDIR)$(PCDIR)/portico-test.pc

$(B)/examples/notes/%: examples/notes/%.c examples/notes/note.c examples/notes/note.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE $(CFLAGS) $(WARNINGS) $(SANFLAGS) -o $@ $(filter %.c,$^)

# ---- the two commands ----

RUN_PACKAGES  := gcc libc6-dev pkg-config libc-ares-dev libev-dev libhiredis-dev libinih-dev libjansson-dev libncurses-dev libssl-dev
TEST_PACKAGES := $(RUN_PACKAGES) clang libclang-rt-14-dev libcriterion-dev valgrind \
                 openssl curl wrk nginx-light libnginx-mod-stream haproxy python3 python3-websockets netcat-openbsd iproute2 strace libc6-dbg \
                 llvm patch nghttp2-client apache2-utils chromium-headless-shell prometheus systemd procps \
                 mandoc zsh fish logrotate dpkg-dev debhelper lintian bird2 nftables \
                 g++ inotify-tools locales redis-server bind9-dnsutils
# Where they come from elsewhere Debian's would push them out.
TEST_PACKAGES += $(foreach p,node:nodejs npm:npm,$(if $(shell command -v $(firstword $(subst :, ,$p))),,$(lastword $(subst :, ,$p))))

deps:
	@tests/deps.sh $(RUN_PACKAGES)

test-deps:
	@tests/deps.sh $(TEST_PACKAGES)

run: deps
	@$(MAKE) -s --no-print-directory -j$$(nproc) all
	@echo
	@echo 'Try, in another terminal:'
	@echo '  curl -i localhost:8080'
	@echo '  nc localhost 7000          (TCP echo)'
	@echo '  nc -u localhost 7001       (UDP echo)'
	@echo '  ss -ltnp                   (one socket per worker and address)'
	@echo '  $(B)/portico status -c etc/portico.ini'
	@echo '  curl localhost:9180/metrics'
	@echo '  $(B)/portico reload -c etc/portico.ini'
	@echo 'Control-C ends it.'
	@echo
	@PORTICO_PLUGINS=$(CURDIR)/$(B)/examples exec $(B)/portico run -c etc/portico.ini

test: test-deps
	@tests/run

# ---- tests of this variant ----

CRITERION := $(shell pkg-config --libs criterion 2>/dev/null || echo -lcriterion)
TESTFLAGS  = -Itests -DPORTICO_SOURCE_DIR='"$(CURDIR)"' $(if $(SAN),-DPORTICO_SAN='"$(SAN)"')

unit_objects   := $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/*.c))
system_objects := $(patsubst %.c,$(B)/%.o,$(wildcard tests/system/*.c))
test_plugins   := $(patsubst %.c,$(B)/%.so,$(wildcard tests/plugins/*.c tests/abi/*.c))
fuzzers        := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/*.c))

$(B)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(TESTFLAGS) -c -o $@ $<

$(B)/tests/%.so: tests/%.c include/portico.h
	@mkdir -p $(@D)
	$(call say,SO)
	$(Q)$(CC) -std=gnu17 $(CFLAGS) $(WARNINGS) $(SANFLAGS) -Iinclude -Itests/abi -fPIC -shared -o $@ $<

$(addprefix $(B)/tests/plugins/,estate_2.so estate_other.so): tests/plugins/estate.c
$(addprefix $(B)/tests/plugins/,goes_on_other.so goes_on_not.so): tests/plugins/goes_on.c

$(B)/unit: $(unit_objects) $(objects) $(B)/framework/kit/clock.o framework/exports.list
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(NO_LTO) $(SANFLAGS) -o $@ $(filter %.o,$^) -Wl,--dynamic-list=framework/exports.list \
		-Wl,--wrap=calloc $(CRITERION) $(LIBS)

$(B)/system: $(system_objects)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $^ $(CRITERION) -lssl -lcrypto -ljansson -lm

# Handlers of examples/ under the test kit, as their authors would test them.
kit_tests := $(patsubst %.c,$(B)/%.o,$(wildcard tests/kit/*.c))

$(B)/kit-tests: $(kit_tests) $(B)/libportico-test.a
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $^ -Wl,--dynamic-list=framework/kit/exports.list $(CRITERION) $(KIT_LIBS)

# The loss rig: tests/rig/run says what it does.
rig_objects := $(patsubst %.c,$(B)/%.o,$(filter-out tests/rig/naive.c,$(wildcard tests/rig/*.c)))
rig_parts   := $(filter $(B)/framework/soak/% $(B)/framework/sys/% $(B)/framework/base/%,$(objects))

$(B)/rig: $(rig_objects) $(rig_parts)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(NO_LTO) $(SANFLAGS) -o $@ $^ -lev -lm

$(B)/naive: $(B)/tests/rig/naive.o
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $^

# The chat over reloads and deaths: docs/loss.md
chat_objects := $(patsubst %.c,$(B)/%.o,$(wildcard tests/chat/*.c))

$(B)/chat-run: $(chat_objects)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(SANFLAGS) -o $@ $^

chat: all $(B)/chat-run
	@B=$(B) tests/chat/run $(CHAT)

# docs/loss.md: make loss ROWS=--full
loss: all $(B)/rig $(B)/naive
	@B=$(B) tests/rig/run $(ROWS)

tests: all notes $(B)/unit $(B)/system $(B)/kit-tests $(B)/rig $(B)/naive $(B)/chat-run $(test_plugins)

# One build's suites; make test runs this for each compiler and with sanitizers.
check: tests
	@B=$(B) SAN=$(SAN) tests/suites.sh

# ---- fuzzing: clang, with both sanitizers, on the modules alone ----

FUZZ_TIME ?= 1200

FUZZ_CC      = clang -std=gnu17 -O1 -g $(WARNINGS) -fno-sanitize-recover=all $(CPPFLAGS)
fuzz_objects := $(patsubst %.c,build/fuzz/%.o,$(sources))

build/fuzz/framework/%.o: framework/%.c $(wildcard framework/*/*.h) include/portico.h
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

build/fuzz/%: tests/fuzz/%.c $(wildcard tests/fuzz/*.h) $(fuzz_objects)
	$(call say,FUZZ)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $< $(fuzz_objects) $(LIBS)

fuzzers: $(fuzzers)

fuzz: fuzzers
	@tests/fuzz.sh $(FUZZ_TIME)

# By hand: a minute or two.
walk:
	@tests/deps.sh $(TEST_PACKAGES) git
	@tests/new/walk

# By hand: it needs node and the npm registry.
compare:
	@tests/compare/run

# ---- measuring ----

BARE  := $(addprefix build/bench/bare_,http http_ev echo echo_ev file tls udp ws)
BENCH := $(BARE) $(addprefix build/bench/,load shares poisson block.so ws_echo.so greet.so)
# Only where kore is installed.
BENCH += $(if $(wildcard /usr/include/kore/kore.h),build/bench/kore_hello.so)

build/bench/poisson: bench/poisson.c $(rig_parts)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) $(NO_LTO) -o $@ $< $(rig_parts) -lev -lm

build/bench/block.so: bench/block.c include/portico.h
build/bench/ws_echo.so: bench/servers/portico/ws_echo.c include/portico.h
build/bench/greet.so: bench/servers/portico/greet.c include/portico.h
build/bench/kore_hello.so: bench/servers/kore/kore_hello.c
build/bench/%.so:
	@mkdir -p $(@D)
	$(call say,SO)
	$(Q)$(CC) -std=gnu17 -O2 -g $(WARNINGS) -Iinclude -isystem /usr/include/kore -fPIC -shared -o $@ $<

BENCH_CC = $(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g $(WARNINGS) -Ibench -o $@ $(filter %.c,$^)

# A bare server is its protocol on a loop: epoll's, or libev's if its name ends so.
build/bench/bare_%_ev: bench/bare/%.c bench/bare/ev.c bench/bare/common.c bench/bare/hello.c bench/bare/bare.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(BENCH_CC) -lev -lssl -lcrypto

build/bench/bare_%: bench/bare/%.c bench/bare/epoll.c bench/bare/common.c bench/bare/hello.c bench/bare/bare.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(BENCH_CC) -lssl -lcrypto

build/bench/load: $(wildcard bench/load/*.[ch]) bench/bare/common.c bench/bare/bare.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(BENCH_CC) -lssl -lcrypto

build/bench/shares: bench/shares.c bench/bare/common.c bench/bare/bare.h
	@mkdir -p $(@D)
	$(call say,CC)
	$(BENCH_CC)

bench-build: all $(BENCH) $(B)/tests/plugins/who.so

BENCH_PACKAGES := wrk nginx-light haproxy h2o lighttpd kore openssl util-linux python3
WORKLOADS ?=
ROUNDS    ?= 5
SECONDS   ?= 1

# In two steps: whether there is kore is looked at when make starts.
bench:
	@tests/deps.sh $(RUN_PACKAGES) $(BENCH_PACKAGES)
	@$(MAKE) -s --no-print-directory bench-build
	@bench/run --rounds $(ROUNDS) --seconds $(SECONDS) $(if $(SERVERS),--servers "$(SERVERS)") \
		$(if $(PLACEMENT),--placement $(PLACEMENT)) $(WORKLOADS)

# docs/bench.svg of the last run.
bench-chart:
	@bench/chart

# Instructions and system calls a request, held against bench/guard.expected: make guard GUARD=--where
guard: bench-build
	@bench/guard $(GUARD)

# docs/balance.md: make balance BALANCE=--write
balance: bench-build
	@tests/deps.sh nginx-light libnginx-mod-http-echo iproute2
	bench/balance $(BALANCE)

# ---- the tree itself ----

layers:
	@tests/layers.sh

abi:
	@tests/abi.sh

# With clang 14 of Debian 12: another one makes other instructions of the same source.
bpf:
	@tests/bpf.sh --write

compile_commands.json:
	bear -- $(MAKE) -B tests

# The manual's reference, from the header's comments.
manual:
	docs/manual/make-reference --write

# ---- install ----

# The paths of /usr/local in what is installed become the ones that it is installed to.
PLACES := sed -e 's|/usr/local/lib/portico|$(PLUGINDIR)|g' -e 's|/usr/local/etc|$(SYSCONFDIR)|g' \
	-e 's|/usr/local/bin|$(PREFIX)/bin|g'

pages := $(wildcard docs/man/*.[1-9])
units := $(wildcard etc/*.service etc/*.socket)

$(B)/completions/%: $(B)/portico
	@mkdir -p $(@D)
	$(call say,TEXT)
	$(Q)$< completion $* >$@

# Renamed into place: writing over what is mapped would crash who runs it, and
# an upgrade must never find half a binary.
install: all install-texts
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PLUGINDIR) \
		$(DESTDIR)$(PCDIR) $(DESTDIR)$(SYSCONFDIR)
	install -m 755 $(B)/portico $(DESTDIR)$(PREFIX)/bin/.portico.new
	mv -f $(DESTDIR)$(PREFIX)/bin/.portico.new $(DESTDIR)$(PREFIX)/bin/portico
	install -m 644 include/portico.h $(DESTDIR)$(PREFIX)/include/portico.h
	[ -e $(DESTDIR)$(SYSCONFDIR)/portico.ini ] || \
		$(PLACES) etc/portico.ini >$(DESTDIR)$(SYSCONFDIR)/portico.ini
	for so in $(examples) $(handlers); do \
		install -m 755 $$so $(DESTDIR)$(PLUGINDIR)/.new && \
		mv -f $(DESTDIR)$(PLUGINDIR)/.new $(DESTDIR)$(PLUGINDIR)/$${so##*/} || exit 1; \
	done
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@PLUGINDIR@|$(PLUGINDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		etc/portico.pc.in >$(DESTDIR)$(PCDIR)/portico.pc

# The manual, completions, logrotate's file, systemd's units.
install-texts: $(addprefix $(B)/completions/,bash zsh fish)
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR) $(DESTDIR)$(ROTATEDIR)
	install -m 644 $(B)/completions/bash $(DESTDIR)$(BASHDIR)/portico
	install -m 644 $(B)/completions/zsh $(DESTDIR)$(ZSHDIR)/_portico
	install -m 644 $(B)/completions/fish $(DESTDIR)$(FISHDIR)/portico.fish
	[ -e $(DESTDIR)$(ROTATEDIR)/portico ] || \
		$(PLACES) etc/portico.logrotate >$(DESTDIR)$(ROTATEDIR)/portico
	for page in $(pages); do \
		install -d $(DESTDIR)$(MANDIR)/man$${page##*.} && \
		$(PLACES) $$page >$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; \
	done
	for unit in $(units); do \
		install -d $(DESTDIR)$(UNITDIR) && \
		$(PLACES) $$unit >$(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; \
	done

# In a copied tree: dpkg wants its folder at the top, we do not.
deb: deb_tree := build/deb/portico-$(VERSION)
deb:
	rm -rf build/deb
	mkdir -p $(deb_tree)
	cp -r Makefile LICENSE README.md docs etc examples framework include $(deb_tree)
	cp -r etc/debian $(deb_tree)/debian
	cd $(deb_tree) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -b -us -uc -j$$(nproc)

clean:
	rm -rf build compile_commands.json

.PHONY: all notes manual deps test-deps run test tests check fuzzers fuzz compare walk loss chat bench bench-build bench-chart guard balance layers bpf install install-texts deb clean

-include $(wildcard $(B)/framework/*.d $(B)/framework/*/*.d $(B)/tests/*/*.d)
