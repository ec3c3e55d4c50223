/* SPDX-License-Identifier: MIT */
/* browser.c - a browser without a screen: pages, their files, and WebSockets both ways. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "tls_client.h"
#include "ws_client.h"

/* ---- the browser ---- */

static pid_t browser;            /* its process group; 0: none */

static void become_browser(const char *url)
{
	char profile[256];
	int log = open(path_of("browser.log"), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	snprintf(profile, sizeof(profile), "--user-data-dir=%s", path_of("profile"));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	dup2(log, 1);
	dup2(log, 2);
	execlp("chromium-headless-shell", "chromium-headless-shell", "--no-sandbox", "--disable-gpu",
		"--disable-quic", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-dev-shm-usage", "--ignore-certificate-errors", "--no-first-run",
		profile, url, (char *)NULL);
	_exit(127);
}

static void browse(const char *url)
{
	browser = fork();
	cr_assert_geq(browser, 0);
	if (browser == 0)
		become_browser(url);
	setpgid(browser, browser);
}

/* Has this test's profile among its arguments. */
static bool is_of_browser(pid_t pid)
{
	char path[64], line[4096];
	ssize_t n = -1;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, line, sizeof(line));
		close(fd);
	}
	return n > 0 && memmem(line, (size_t)n, path_of("profile"), strlen(path_of("profile")));
}

static bool no_browser_is_left(void *arg)
{
	bool none = true;
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	(void)arg;
	cr_assert_not_null(proc);
	while ((entry = readdir(proc)))
		none = none && !is_of_browser(atoi(entry->d_name));
	closedir(proc);
	return none;
}

static bool browser_end(void)
{
	if (!browser)
		return true;
	kill(-browser, SIGKILL);
	waitpid(browser, NULL, 0);
	browser = 0;
	return wait_until(no_browser_is_left, NULL, PATIENCE);
}

/* Before its directory goes. */
static void tear_down(void)
{
	browser_end();
	harness_tear_down();
}

TestSuite(browser, .init = harness_set_up, .fini = tear_down, .timeout = 90);

/* ---- what it does ---- */

#define WEB(tls)                                                             \
	"[portico]\nworkers = 1\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n" tls      \
	"[handler web /]\nplugin = ${E}/files.so\nroot = %s\n"
#define CHAT "[handler web /chat]\nplugin = ${E}/chat.so\n"
#define ECHO "[handler web /echo]\nplugin = ${T}/ws_echo.so\n"
#define TLS "tls_certificate = a.test.crt\ntls_key = a.test.key\n"

static void write_page(const char *script)
{
	cr_assert_eq(mkdir(path_of("www"), 0755), 0);
	write_file("www/index.html", "<!doctype html><meta charset=utf-8><script>\n%s</script>\n", script);
}

/* Says a line, answers to what the first guest says, leaves when it is asked to. */
static const char guest[] =
	"const ws = new WebSocket('ws://' + location.host + '/chat')\n"
	"ws.onopen = () => ws.send('a browser \\u00b5')\n"
	"ws.onmessage = e => {\n"
	"    const said = e.data.match(/^guest 1: (.*)/)\n"
	"    if (said) said[1] == 'go' ? ws.close(1000, 'gone') : ws.send('heard ' + said[1])\n"
	"}\n";

Test(browser, chats)
{
	write_page(guest);
	struct server *s = server_start(WEB("") CHAT, path_of("www"));
	int fd = ws_connect(8080, "/chat");
	ws_expect(fd, 1, "guest 1 is here");
	browse("http://127.0.0.1:8080/");
	ws_expect(fd, 1, "guest 2 is here");
	ws_expect(fd, 1, "guest 2: a browser \u00b5");
	ws_say(fd, 1, "anybody?", 8);
	ws_expect(fd, 1, "guest 1: anybody?");
	ws_expect(fd, 1, "guest 2: heard anybody?");
	ws_say(fd, 1, "go", 2);
	ws_expect(fd, 1, "guest 1: go");
	ws_expect(fd, 1, "guest 2 has left (1000)");
	cr_assert(browser_end());
	close(fd);
	server_stop(s);
}

/* Gets a hundred files and as many that are not there; all is well: 4001. */
static const char reader[] =
	"const get = (name, is) => fetch(name).then(r => r.text().then(t => is(r.status, t)))\n"
	"async function all() {\n"
	"    const some = []\n"
	"    for (let i = 0; i < 100; i++) {\n"
	"        some.push(get('f' + i + '.txt', (status, t) => status == 200 && t == 'file ' + i))\n"
	"        some.push(get('none' + i, status => status == 404))\n"
	"    }\n"
	"    some.push(get('big', (status, t) => status == 200 && t.length == 3000000))\n"
	"    return (await Promise.all(some)).every(good => good)\n"
	"}\n"
	"const ws = new WebSocket(location.origin.replace(/^http/, 'ws') + '/echo')\n"
	"ws.onopen = () => all().then(good => ws.send(good ? 'x'.repeat(100000) : 'wrong'))\n"
	"ws.onmessage = e => ws.close(e.data.length == 100000 ? 4001 : 4002)\n";

static long long accepted(void)
{
	json_t *status = status_read();
	json_t *slot = json_array_get(json_object_get(status, "slots"), 0);
	long long n = json_integer_value(json_object_get(slot, "accepted"));

	json_decref(status);
	return n;
}

static void reads_many_files(const char *url)
{
	enum { CONNECTIONS = 12 };       /* it opens six, and one for the WebSocket */
	char name[32];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "www/f%d.txt", i);
		write_file(name, "file %d", i);
	}
	write_file("www/big", "%03000000d", 0);
	struct server *s = server_start(strncmp(url, "https", 5) == 0 ? WEB(TLS) ECHO : WEB("") ECHO,
		path_of("www"));
	browse(url);
	server_await(s, "socket closed: ");
	cr_assert(server_says(s, "socket closed: 4001"), "%s", read_file(path_of("browser.log")));
	cr_assert_leq(accepted(), CONNECTIONS, "%lld connections", accepted());
	cr_assert(browser_end());
	server_stop(s);
}

Test(browser, reads_many_files_over_few_connections)
{
	write_page(reader);
	reads_many_files("http://127.0.0.1:8080/");
}

Test(browser, does_the_same_over_tls)
{
	make_pair("a.test");
	write_page(reader);
	reads_many_files("https://127.0.0.1:8080/");
}
