/* SPDX-License-Identifier: MIT */
/*
 * proxy_programs.c - behind curl, HAProxy and nginx, which each write PROXY headers of their own.
 *
 * The client is curl, from an address and a port that it tells itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "tls_client.h"
#include "who_rig.h"

WHO_SUITE(proxy_programs);

enum { FRONT = 8081, FRONT_TLS = 8444 };

static const char HAPROXY[] = "/usr/sbin/haproxy", NGINX[] = "/usr/sbin/nginx",
	NGINX_STREAM[] = "/usr/lib/nginx/modules/ngx_stream_module.so";

#define BEHIND_PROXIES "proxy_protocol = yes\nproxy_from = 127.0.0.1, ::1\n"

/* The same twice, the second time with TLS. */
static struct server *serve(void)
{
	make_pair("a.test");
	return server_start("[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080, [::1]:8080\n" BEHIND_PROXIES
		"[handler web]\nplugin = ${T}/peer.so\n"
		"[service tls]\nprotocol = http\nlisten = 127.0.0.1:8443\n" BEHIND_PROXIES
		"tls_certificate = a.test.crt\ntls_key = a.test.key\n"
		"[handler tls]\nplugin = ${T}/peer.so\n");
}

/* What curl with these arguments is told, and the "ADDRESS PORT\n" that it has itself. */
static void curl_is_told_its_own(const char *arguments)
{
	char line[1024];

	snprintf(line, sizeof(line), "curl -sk --http1.1 --max-time 20 %s "
		"-o %s -w '%%{local_ip} %%{local_port}\\n' >%s", arguments, path_of("told"),
		path_of("own"));
	cr_assert_eq(system(line), 0, "%s", line);
	char *told = strdup(read_file(path_of("told")));
	cr_assert_str_eq(told, read_file(path_of("own")), "%s", arguments);
	free(told);
}

static long long refused(const char *kind)
{
	json_t *status = status_read(), *service;
	long long n = 0;
	size_t i;

	json_array_foreach(json_object_get(status, "services"), i, service)
		n += json_integer_value(json_object_get(json_object_get(service, "errors"), kind));
	json_decref(status);
	return n;
}

static void nothing_was_refused(void)
{
	cr_assert_eq(refused("protocol"), 0);
	cr_assert_eq(refused("refused"), 0);
	cr_assert_eq(refused("timeout"), 0);
}

Test(proxy_programs, curl)
{
	struct server *s = serve();

	curl_is_told_its_own("--haproxy-protocol http://127.0.0.1:8080/");
	curl_is_told_its_own("--haproxy-protocol 'http://[::1]:8080/'");
	curl_is_told_its_own("--haproxy-protocol https://127.0.0.1:8443/");
	nothing_was_refused();
	server_stop(s);
}

/* With checks of its own, which are a header and a reset. */
static void run_haproxy(const char *options)
{
	if (!who_has(HAPROXY))
		SKIP_TEST("%s is not installed", HAPROXY);
	write_file("haproxy.cfg",
		"defaults\n\tmode tcp\n\ttimeout client 5s\n\ttimeout server 5s\n\ttimeout connect 5s\n"
		"listen plain\n\tbind 127.0.0.1:%d\n\tbind [::1]:%d\n"
		"\tserver s 127.0.0.1:8080 check inter 50ms %s\n"
		"listen tls\n\tbind 127.0.0.1:%d\n\tserver s 127.0.0.1:8443 %s\n",
		FRONT, FRONT, options, FRONT_TLS, options);
	who_run(0, HAPROXY, "-db", "-f", path_of("haproxy.cfg"), NULL);
	sockets_await("tcp", FRONT, 1);
	sockets_await("tcp", FRONT_TLS, 1);
}

/* Of the first service, three were curl's. */
static bool was_checked(void *arg)
{
	json_t *status = status_read();
	json_t *service = json_array_get(json_object_get(status, "services"), 0);
	bool so = json_integer_value(json_object_get(service, "accepted")) >= 3 + 2;

	(void)arg;
	json_decref(status);
	return so;
}

static void behind_haproxy(const char *options)
{
	struct server *s = serve();

	run_haproxy(options);
	curl_is_told_its_own("http://127.0.0.1:8081/");
	curl_is_told_its_own("--interface 127.0.0.9 http://127.0.0.1:8081/");
	curl_is_told_its_own("'http://[::1]:8081/'");
	curl_is_told_its_own("--interface 127.0.0.9 https://127.0.0.1:8444/");
	cr_assert(wait_until(was_checked, NULL, PATIENCE));
	nothing_was_refused();
	server_stop(s);
}

Test(proxy_programs, haproxy_version_1)
{
	behind_haproxy("send-proxy");
}

Test(proxy_programs, haproxy_version_2)
{
	behind_haproxy("send-proxy-v2");
}

Test(proxy_programs, haproxy_version_2_with_a_sum_and_more)
{
	behind_haproxy("send-proxy-v2 proxy-v2-options crc32c,unique-id,authority");
}

Test(proxy_programs, haproxy_that_sends_none_is_refused)
{
	struct server *s = serve();
	char line[256];

	run_haproxy("");
	snprintf(line, sizeof(line), "curl -s --max-time 20 http://127.0.0.1:%d/ -o %s", FRONT,
		path_of("told"));
	cr_assert_neq(system(line), 0);
	cr_assert_eq(refused("protocol"), 1);
	server_stop(s);
}

Test(proxy_programs, nginx)
{
	const char *dir = harness_dir();

	if (!who_has(NGINX) || access(NGINX_STREAM, R_OK) < 0)
		SKIP_TEST("%s or %s is not installed", NGINX, NGINX_STREAM);
	struct server *s = serve();
	write_file("nginx.conf",
		"load_module %s;\ndaemon off;\nuser root;\nworker_processes 1;\npid %s/nginx.pid;\n"
		"error_log %s/error.log;\nevents { }\n"
		"stream {\n\tproxy_protocol on;\n"
		"\tserver { listen 127.0.0.1:%d; listen [::1]:%d; proxy_pass 127.0.0.1:8080; }\n"
		"\tserver { listen 127.0.0.1:%d; proxy_pass 127.0.0.1:8443; }\n}\n",
		NGINX_STREAM, dir, dir, FRONT, FRONT, FRONT_TLS);
	who_run(0, NGINX, "-c", path_of("nginx.conf"), NULL);
	sockets_await("tcp", FRONT_TLS, 1);
	curl_is_told_its_own("--interface 127.0.0.9 http://127.0.0.1:8081/");
	curl_is_told_its_own("'http://[::1]:8081/'");
	curl_is_told_its_own("--interface 127.0.0.9 https://127.0.0.1:8444/");
	nothing_was_refused();
	server_stop(s);
}
