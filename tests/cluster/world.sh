# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# world.sh - a client, a router and two machines, each in a network namespace, and what runs on
# them.  Sourced by run, in mount, pid and network namespaces of its own: all of it ends with it.
#
#	client 10.1.0.2 ---- 10.1.0.1 router 10.2.1.1 ---- 10.2.1.2 a   10.99.0.1 on lo of both
#	                                     10.2.2.1 ---- 10.2.2.2 b

ADDRESS=10.99.0.1

# wire HERE INTERFACE ADDRESS THERE INTERFACE ADDRESS
wire() {
	ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
	ip -n "$1" address add "$3/24" dev "$2"
	ip -n "$4" address add "$6/24" dev "$5"
	ip -n "$1" link set "$2" up
	ip -n "$4" link set "$5" up
}

on() {   # NAME COMMAND...
	ip netns exec "$@"
}

make_network() {
	local host
	for host in client router a b; do
		ip netns add "$host"
		ip -n "$host" link set lo up
	done
	wire client net 10.1.0.2 router to-client 10.1.0.1
	wire a net 10.2.1.2 router to-a 10.2.1.1
	wire b net 10.2.2.2 router to-b 10.2.2.1
	ip -n client route add default via 10.1.0.1
	ip -n a route add default via 10.2.1.1
	ip -n b route add default via 10.2.2.1
	for host in a b; do
		ip -n "$host" address add "$ADDRESS/32" dev lo
	done
	on router sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.fib_multipath_hash_policy=1
	on router nft -f etc/cluster/flows.nft
	# As flows.nft says.
	sed -n 's/^#\t\(ip rule .*\)$/\1/p' etc/cluster/flows.nft | on router sh -e
}

# The samples are for machine a: b has other addresses.
of_machine() {   # NAME <FILE
	if [ "$1" = b ]; then
		sed -e 's/10\.2\.1\./10.2.2./g' -e 's/65001/65002/'
	else
		cat
	fi
}

# BFD has three times the sample's time: four machines share the processors of one.
start_bird() {   # NAME SAMPLE
	of_machine "$1" <"etc/cluster/$2" | sed -e 's/log syslog all/log stderr all/' -e 's/interval 100 ms/interval 300 ms/' \
		>"$dir/$1.bird"
	ip netns exec "$1" bird -f -c "$dir/$1.bird" -s "$dir/$1.ctl" 2>>"$dir/$1.bird.log" &
}

# Its greeting is its name.  A second handler is slow: there is something in hand at any time.
start_server() {   # NAME
	of_machine "$1" <etc/cluster/portico.ini |
		sed -e "s|^workers = .*|workers = 2\nplugins = $EXAMPLES|" -e "s/Hello/$1/" \
			-e 's/^drain_delay = .*/drain_delay = 2s/' >"$dir/$1.ini"
	[ "$has_delay" = yes ] || sed -i -e '/^admin/d' -e '/^drain_delay/d' "$dir/$1.ini"
	printf '[handler %s /later]\nplugin = later.so\nwait = 300ms\n' web >>"$dir/$1.ini"
	printf '[handler %s /later]\nplugin = later.so\nwait = 300ms\n' proxied >>"$dir/$1.ini"
	ip netns exec "$1" setsid "$PORTICO" run -c "$dir/$1.ini" 2>>"$dir/$1.log" &
	server[$1]=$!
}

start_watcher() {   # NAME
	local address=10.2.1.2
	[ "$1" = b ] && address=10.2.2.2
	ip netns exec "$1" "$PORTICO" health -c "$dir/$1.ini" --bird "anycast@$dir/$1.ctl" --agent "$address:7200" \
		--every 100ms 2>>"$dir/$1.health" &
}

start_haproxy() {
	ip netns exec router haproxy -db -f etc/cluster/haproxy.cfg 2>>"$dir/haproxy.log" &
}

# ---- looks ----

# await SECONDS COMMAND...: until it succeeds
await() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || { echo "not within the time: $*"; return 1; }
		sleep .05
	done
}

ways() {   # COUNT: next hops that the router has
	[ "$(ip -n router route show "$ADDRESS" | grep -o 'via [0-9.]*' | sort -u | wc -l)" = "$1" ]
}

way_is() {   # GATEWAY: the only one
	[ "$(ip -n router route show "$ADDRESS" | grep -o 'via [0-9.]*')" = "via $1" ]
}

answers() {   # ADDRESS:PORT
	on client curl -sS -m 2 "http://$1/"
}
