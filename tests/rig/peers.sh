#!/bin/bash
# SPDX-License-Identifier: MIT
#
# peers.sh DIR - writes the configurations of nginx and HAProxy that the rig
# runs: the same answer as hello.so, and the graceful settings of their manuals.
#
#   nginx     a listener a worker (reuseport), reload by HUP; nginx.org/en/docs/control.html
#   HAProxy   master-worker, listeners handed over (expose-fd listeners), reload by
#             USR2; management.txt, sections 3 and 4
set -eu
dir=${1:?a directory is needed}

cat >"$dir/nginx.conf" <<END
daemon off;
user root;
pid $dir/nginx.pid;
error_log stderr notice;
include $dir/nginx.workers;
worker_shutdown_timeout 20s;
events {
	worker_connections 8192;
}
http {
	access_log off;
	keepalive_timeout 60s;
	client_body_temp_path $dir;
	proxy_temp_path $dir;
	fastcgi_temp_path $dir;
	uwsgi_temp_path $dir;
	scgi_temp_path $dir;
	server {
		listen 8080 reuseport backlog=4096;
		location / {
			default_type text/plain;
			return 200 "Hello\n";
		}
	}
}
END
echo 'worker_processes 4;' >"$dir/nginx.workers"

cat >"$dir/haproxy.cfg" <<END
global
	maxconn 8192
	stats socket $dir/haproxy.sock mode 600 level admin expose-fd listeners
	hard-stop-after 30s
	close-spread-time 5s

defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	timeout http-keep-alive 60s

frontend web
	bind :8080 backlog 4096
	http-request return status 200 content-type text/plain string "Hello\n"
END
