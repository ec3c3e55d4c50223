/* SPDX-License-Identifier: MIT */
/* project.c - portico new: the names it takes and what it leaves alone; tests/new/run builds. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(project);

static bool is_there(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

/* portico new WORDS in the test's directory: its exit code, and what it said in said. */
static void refuses(const char *words, int code, const char *sentence)
{
	cr_assert_eq(command_code("%s new %s >said 2>&1", portico_binary(), words), code, "%s: %s", words,
		read_file(path_of("said")));
	cr_assert(strstr(read_file(path_of("said")), sentence), "%s", read_file(path_of("said")));
}

Test(project, makes_all_files_with_their_names_in_them)
{
	command_said(command("%s new my-web", portico_binary()), "cd my-web && make watch");
	cr_assert(is_there("my-web/my-web.c") && is_there("my-web/Makefile") && is_there("my-web/test.c")
		&& is_there("my-web/watch.sh") && is_there("my-web/README.md")
		&& is_there("my-web/.gitignore"));
	command_said(read_file(path_of("my-web/my-web.ini")), "[handler my-web /]\n");
	command_said(read_file(path_of("my-web/my-web.c")), "PORTICO_PLUGIN(.name = \"my-web\"");
	cr_assert_neq(command_code("grep -r '@[A-Z]*@' my-web"), 0, "a word was not replaced");
}

Test(project, kinds_differ)
{
	command("for kind in tcp udp http websocket; do %s new $kind --$kind; done", portico_binary());
	command_said(read_file(path_of("tcp/tcp.ini")), "protocol = tcp\nlisten = *:${PORT:7000}\n");
	command_said(read_file(path_of("udp/udp.ini")), "protocol = udp\n");
	command_said(read_file(path_of("websocket/websocket.c")), ".ws_message = ");
	command_said(read_file(path_of("udp/udp.ini")), "[handler udp]\n");
}

Test(project, never_writes_over_anything)
{
	command("mkdir full && touch full/precious && mkdir empty && echo mine >file && ln -s none link");
	refuses("full", 73, "there is a folder of that name with precious; choose another name");
	refuses("empty", 73, "there is a folder of that name, which is empty");
	refuses("file", 73, "there is a file of that name");
	refuses("link", 73, "there is a file of that name");
	command("[ \"$(ls full)\" = precious ] && [ -z \"$(ls empty)\" ] && [ \"$(cat file)\" = mine ]");
}

Test(project, refuses_names_that_are_none)
{
	refuses("../up", 64, "a path; go to the directory");
	refuses("/tmp/there", 64, "a path; go to the directory");
	refuses(".", 64, "a path");
	refuses("-- -x", 64, "not a name; begin with a letter");
	refuses("9lives", 64, "not a name; begin with a letter");
	refuses("a.b", 64, "not a name");
	refuses("'a b'", 64, "not a name");
	refuses("'a\nb'", 64, "not a name");
	refuses("h\xc3\xa9", 64, "not a name");
	refuses("abcdefghijklmnopqrstuvwxyzabcdefg", 64, "more than 32 letters");
	refuses("test", 64, "its source would be test.c");
	refuses("''", 64, "new needs a name");
	refuses("", 64, "new needs a name");
	refuses("a b", 64, "b is one word too many");
	refuses("a --tcp --http", 64, "one has to do");
	refuses("a --json", 64, "new has no --json");
	cr_assert_not(is_there("a"));
}

Test(project, leaves_nothing_behind_on_a_full_disk)
{
	command("mkdir small");
	if (command_code("mount -t tmpfs -o size=8k,nr_inodes=6 tmpfs small") != 0)
		SKIP_TEST("mount is not allowed");
	int code = command_code("cd small && %s new web 2>../said", portico_binary());
	int left = command_code("rmdir small/web");
	command("umount small");
	cr_assert_eq(code, 73, "%s", read_file(path_of("said")));
	cr_assert_neq(left, 0, "the folder is still there");
	command_said(read_file(path_of("said")), "No space left on device");
}

Test(project, needs_a_place_where_it_may_write)
{
	cr_assert_eq(command_code("setpriv --reuid 65534 %s new web 2>said", portico_binary()), 73);
	command_said(read_file(path_of("said")), "new web: Permission denied");
}
