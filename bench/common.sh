# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# common.sh - servers and loads, started, awaited and ended: sourced by balance.
#
# Who sources it sets server and port, calls launch, wait_for_server and stop_server for one server
# at a time, and generate for the load; it has a usage function of its own, and makes a directory,
# work. Everything started here is ended by pid on every way out.

readonly SERVER_CORE=0 LOAD_CORE=1
readonly PATIENCE=500 # waits of 20 ms before a condition counts as never met

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # the programs that balance drives
bin=$root/build/bench
PORTICO=${PORTICO:-$root/build/portico}

work=''       # the directory of this run
server=''     # the server under test: its name,
server_pid='' # the process that was started,
children=()   # its workers, if it has any: the answer of find_children,
server_log='' # and what it says
load_pid=''

# --- saying what is wrong ----------------------------------------------------------------------

say() {
  printf 'bench: %s\n' "$*" >&2
}

fail() {
  say "$*"
  if [[ -s $server_log ]]; then
    say "the end of $server's log:"
    tail -n 20 "$server_log" >&2
  fi
  exit 1
}

number() { # NAME VALUE
  [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || { say "$1: '$2' is not a whole number above 0"; usage; }
}

need() { # PROGRAM WHAT-TO-DO
  command -v "$1" >/dev/null || fail "$1: not there, $2"
}

need_cores() {
  local core
  need taskset 'apt-get install util-linux'
  for core in "$SERVER_CORE" "$LOAD_CORE"; do
    taskset -c "$core" true || fail "needs core $core"
  done
}

need_descriptors() { # COUNT
  ulimit -n "$(ulimit -Hn)"
  (($(ulimit -n) >= $1)) || fail "$1 descriptors are needed and $(ulimit -n) to be had"
}

machine() {
  local model
  model=$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)
  printf 'Linux %s; %s' "$(uname -r)" "${model:-$(uname -m)}"
}

# --- ports and configurations ------------------------------------------------------------------

accepts() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Below the range for outgoing connections, so that no client of ours sits on it.
free_port() { # FIRST
  port=$(($1 + RANDOM % 5000))
  while accepts "$port"; do
    port=$((port + 1))
  done
}

# What nginx would else write under /var.
nginx_places() {
  local kind
  printf 'pid %s;\nerror_log %s;\n' "$work/nginx.pid" "$work/nginx.log" >"$work/nginx.main"
  ((EUID != 0)) || echo 'user root;' >>"$work/nginx.main"
  for kind in client_body proxy fastcgi uwsgi scgi; do
    printf '%s_temp_path %s;\n' "$kind" "$work/nginx.temp"
  done >"$work/nginx.temps"
}

# --- processes ---------------------------------------------------------------------------------

# The fields of /proc/PID/stat from the state on: a name in front of them may hold spaces.
read_stat() { # PID
  local line
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra stat <<<"${line##*) }"
}

# Through every process: /proc/PID/task/PID/children needs CONFIG_PROC_CHILDREN.
find_children() { # PID
  local directory pid
  children=()
  for directory in /proc/[0-9]*; do
    pid=${directory#/proc/}
    if read_stat "$pid" && [[ ${stat[1]} == "$1" && ${stat[0]} != Z ]]; then
      children+=("$pid")
    fi
  done
}

has_children() { # COUNT
  find_children "$server_pid"
  ((${#children[@]} == $1))
}

alive() { # PID
  read_stat "$1" && [[ ${stat[0]} != Z ]]
}

gone() { # PID
  ! alive "$1"
}

wait_until() { # CONDITION [ARGUMENT...]
  local left=$PATIENCE
  until "$@"; do
    ((left-- > 0)) || return 1
    sleep 0.02
  done
}

launch() { # COMMAND [ARGUMENT...]
  server_log=$work/$server.log
  : >"$server_log"
  taskset -c "$SERVER_CORE" "$@" >>"$server_log" 2>&1 </dev/null &
  server_pid=$!
}

accepts_or_died() {
  accepts "$port" || gone "$server_pid"
}

wait_for_server() {
  wait_until accepts_or_died || fail "$server does not accept on port $port"
  alive "$server_pid" || fail "$server died while it started"
}

# A load does not look at bodies: one request by hand shows that every server gives the same answer.
check_answer() { # BODY
  local status='' line='' body=''
  exec 3<>"/dev/tcp/127.0.0.1/$port" || fail "$server refused a connection"
  printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' >&3
  read -r -t 5 status <&3
  while read -r -t 5 line <&3 && [[ $line != $'\r' ]]; do :; done
  read -r -t 5 body <&3
  exec 3>&-
  [[ $status == 'HTTP/1.1 200'* && $body == "$1" ]] ||
    fail "$server answered '${status%$'\r'}' with '$body', not 200 with '$1'"
}

end_process() { # PID
  kill -TERM "$1" 2>/dev/null || return 0
  wait_until gone "$1" && return 0
  kill -KILL "$1" 2>/dev/null
  return 1
}

stop_server() {
  local pid
  find_children "$server_pid"
  end_process "$server_pid" || fail "$server did not end on SIGTERM"
  for pid in "${children[@]}"; do
    wait_until gone "$pid" || fail "$server left its worker behind"
  done
  wait "$server_pid" 2>/dev/null
  server_pid='' children=()
}

# On every way out: nothing of ours stays. Children of a master are found before it is gone, and
# those that were found earlier may have outlived it.
clean_up() {
  trap - EXIT
  local pid found=("${children[@]}")
  [[ -z $load_pid ]] || end_process "$load_pid"
  if [[ -n $server_pid ]]; then
    find_children "$server_pid"
    for pid in "$server_pid" "${children[@]}" "${found[@]}"; do
      end_process "$pid" || say "$server: process $pid did not end on SIGTERM and was killed"
    done
  fi
  [[ -z $work ]] || rm -rf "$work"
}

trap_ends() {
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}

# --- load --------------------------------------------------------------------------------------

# Runs in the background and is waited for, so that a signal to us ends it.
generate() { # COMMAND [ARGUMENT...]
  taskset -c "$LOAD_CORE" "$@" >"$work/load.out" 2>"$work/load.err" </dev/null &
  load_pid=$!
  wait "$load_pid"
  local status=$?
  load_pid=''
  return "$status"
}
