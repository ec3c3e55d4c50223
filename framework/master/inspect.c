/* SPDX-License-Identifier: MIT */
/*
 * inspect.c - what a plugin's shared object says of itself, found in a child.
 *
 * To look at the struct is to load the object, and to load it is to run its constructors.  The
 * child does that and leaves JSON in a memory file; all who want to know read that.  Its standard
 * output is standard error, so that nothing a constructor prints stands between what we print.
 */
#include "master/inspect.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "config/config.h"
#include "master/child.h"
#include "service/plugin.h"
#include "sys/proc.h"

/* A constructor that hangs must not hang who asks. */
#define LOAD_TIME 10.0

struct inspection {
	struct child child;
	const char  *path;
	int          fd;         /* the memory file */
	json_t      *found;
};

/* ---- in the child ---- */

/* JSON is UTF-8, a plugin's texts may be anything. */
static json_t *text_of(const char *s)
{
	json_t *json = s ? json_string(s) : json_null();

	if (json)
		return json;
	char *copy = strdup(s);
	for (char *at = copy; at && *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	json = json_string(copy ? copy : "");
	free(copy);
	return json;
}

static json_t *callbacks_of(const struct portico_plugin *p)
{
	json_t *list = json_array();

#define CALLBACK(name) if (p->name) json_array_append_new(list, json_string(#name))
	CALLBACK(setting);
	CALLBACK(start);
	CALLBACK(drain);
	CALLBACK(stop);
	CALLBACK(tcp_open);
	CALLBACK(tcp_data);
	CALLBACK(tcp_eof);
	CALLBACK(tcp_drained);
	CALLBACK(tcp_close);
	CALLBACK(udp_packet);
	CALLBACK(http_begin);
	CALLBACK(http_body);
	CALLBACK(http_request);
	CALLBACK(http_drained);
	CALLBACK(http_done);
	CALLBACK(ws_open);
	CALLBACK(ws_message);
	CALLBACK(ws_drained);
	CALLBACK(ws_close);
	CALLBACK(state_export);
	CALLBACK(state_import);
	CALLBACK(tcp_export);
	CALLBACK(tcp_import);
	CALLBACK(ws_export);
	CALLBACK(ws_import);
#undef CALLBACK
	return list;
}

static json_t *protocols_of(const struct portico_plugin *p)
{
	json_t *list = json_array();

	for (int protocol = CONFIG_TCP; protocol <= CONFIG_HTTP; protocol++)
		if (plugin_serves(p, protocol))
			json_array_append_new(list, json_string(config_protocol_name(protocol)));
	return list;
}

static const char *type_name(enum portico_type type)
{
	static const char *const names[] = {
		[PORTICO_STRING] = "string", [PORTICO_INT] = "int", [PORTICO_SIZE] = "size",
		[PORTICO_BOOL] = "bool", [PORTICO_SECONDS] = "seconds", [PORTICO_ENUM] = "enum",
	};

	return type >= PORTICO_STRING && type <= PORTICO_ENUM ? names[type] : "?";
}

static json_t *options_of(const struct portico_plugin *p)
{
	const struct schema schema = plugin_options(p);
	json_t *list = json_array();
	struct portico_option o;

	for (size_t i = 0; schema_option(&schema, i, &o); i++)
		json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:o, s:o}",
			"name", text_of(o.name), "type", type_name(o.type),
			"default", text_of(o.fallback), "range", text_of(o.range),
			"help", text_of(o.help)));
	return list;
}

/* why: what is wrong with it, or NULL. */
static json_t *describe(const struct portico_plugin *p, const char *path, const char *why)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:{s:I, s:i, s:I, s:I, s:I, s:I}, s:o, s:b, s:o, "
		"s:o, s:{s:I, s:I, s:I, s:I}, s:o}",
		"file", text_of(path), "problem", text_of(why),
		"name", text_of(p->name), "version", text_of(p->version), "summary", text_of(p->summary),
		"abi",
			"version", (json_int_t)p->abi, "ours", PORTICO_ABI,
			"struct_size", (json_int_t)p->struct_size,
			"our_struct_size", (json_int_t)sizeof(*p),
			"option_size", (json_int_t)p->option_size,
			"our_option_size", (json_int_t)sizeof(struct portico_option),
		"protocols", protocols_of(p), "websocket", p->http_request && p->ws_message,
		"methods", text_of(p->methods), "callbacks", callbacks_of(p),
		"state",
			"service", (json_int_t)p->service_size, "conn", (json_int_t)p->conn_size,
			"request", (json_int_t)p->request_size, "socket", (json_int_t)p->socket_size,
		"options", options_of(p));
}

static void settle(int channel, int memory)
{
	int keep[] = { channel, memory };
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (nothing >= 0)
		dup2(nothing, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	proc_keep_only(keep, sizeof(keep) / sizeof(*keep));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);  /* a set-uid program that it starts gains nothing */
	proc_die_with_parent(true);
}

static int load_and_describe(void *arg, int channel)
{
	const struct inspection *in = arg;
	struct portico_service h = {0};
	struct arena mem;
	char why[PLUGIN_WHY];

	settle(channel, in->fd);
	arena_init(&mem);
	bool good = plugin_open(&h, in->path, &mem, why) == 0;
	json_t *json = describe(&h.plugin, in->path, good ? NULL : why);
	int result = json ? json_dumpfd(json, in->fd, JSON_COMPACT) : -1;
	json_decref(json);
	arena_fini(&mem);
	return result == 0 ? EX_OK : EX_SOFTWARE;
}

/* ---- in the parent ---- */

static void on_heard(struct child *c, const struct message *m, int fd)
{
	(void)c;
	(void)m;
	if (fd >= 0)
		close(fd);
}

static void on_died(struct child *c, const siginfo_t *how)
{
	struct inspection *in = (struct inspection *)c;
	char death[64];

	lseek(in->fd, 0, SEEK_SET);
	if (how->si_code == CLD_EXITED && how->si_status == EX_OK)
		in->found = json_loadfd(in->fd, 0, NULL);
	if (in->found)
		return;
	if (c->overdue)
		fprintf(stderr, "portico: %s: it was still loading after %.0f s; a constructor of it hangs\n",
			in->path, LOAD_TIME);
	else
		fprintf(stderr, "portico: %s: loading it ended with %s; a constructor of it, or what it "
			"says of itself, is wrong\n", in->path, proc_death(how, death, sizeof(death)));
}

static int run_child(struct inspection *in)
{
	struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);

	if (!loop)
		return -1;
	int result = child_spawn(&in->child, loop, load_and_describe, in);
	if (result == 0) {
		child_kill_after(&in->child, LOAD_TIME);
		ev_run(loop, 0);
	}
	ev_loop_destroy(loop);
	return result;
}

json_t *inspect(const char *path)
{
	struct inspection in = {
		.child = { .heard = on_heard, .died = on_died },
		.path = path,
		.fd = memfd_create("portico-inspect", MFD_CLOEXEC),
	};

	signal(SIGCHLD, SIG_DFL);
	if (in.fd < 0 || run_child(&in) < 0)
		fprintf(stderr, "portico: %s: cannot load it in a child: %s\n", path, strerror(errno));
	if (in.fd >= 0)
		close(in.fd);
	return in.found;
}

/* ---- where it is ---- */

static int no_such_plugin(const char *word, const char *directory)
{
	fprintf(stderr, "portico: %s: there is no such file here%s%s; build it, or correct the name\n",
		word, directory ? " and none in " : "", directory ? directory : "");
	return -1;
}

int inspect_find(const char *word, char out[PATH_MAX])
{
	const char *directory = strchr(word, '/') ? NULL : config_plugin_directory();

	snprintf(out, PATH_MAX, "%s%s", directory ? "./" : "", word);
	if (access(out, F_OK) < 0 && directory)
		snprintf(out, PATH_MAX, "%s/%s", directory, word);
	return access(out, F_OK) == 0 || errno == EACCES ? 0 : no_such_plugin(word, directory);
}
