#!/usr/bin/env bash
# usage: docs/perf/ping.sh MUSTER [RESPONDERS [PROBES_PER_SECOND [SECONDS]]]
#
# How much muster ping can ask, and how exact its times are, in namespaces of its own
# (root; packages iproute2, iputils-ping, python3): a bridge, an asker, and RESPONDERS
# (50) hosts that have joined 228.0.0.4, answer ICMP to it and run ping --respond. First
# PROBES_PER_SECOND (10000) for SECONDS (2), ICMP and UDP: all answers of all rows must
# be received or lost. Then one host is asked by ping of iputils and by muster in turns.

set -euo pipefail
muster=$(realpath "${1:?usage: ping.sh MUSTER [RESPONDERS [RATE [SECONDS]]]}")
hosts=${2:-50} rate=${3:-10000} seconds=${4:-2}
p=mperf$$
tmp=$(mktemp -d)
pids=()
end() {
  ((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  for ns in $(ip netns list | grep -o "^$p-[a-z0-9]*"); do ip netns del "$ns"; done
  rm -rf "$tmp"
}
trap end EXIT

ip netns add "$p-sw"
ip -n "$p-sw" link add br0 type bridge mcast_snooping 0
ip -n "$p-sw" link set br0 up
host() { # NAME NUMBER
  ip netns add "$p-$1"
  ip -n "$p-sw" link add "$1" type veth peer name eth0 netns "$p-$1"
  ip -n "$p-sw" link set "$1" master br0 up
  ip -n "$p-$1" addr add "10.76.0.$2/24" dev eth0
  ip -n "$p-$1" link set lo up
  ip -n "$p-$1" link set eth0 up
  ip -n "$p-$1" route add 224.0.0.0/4 dev eth0
  ip netns exec "$p-$1" sysctl -qw net.ipv4.icmp_echo_ignore_broadcasts=0 net.ipv4.icmp_msgs_per_sec=1000000000 net.ipv4.icmp_msgs_burst=1000000000 2>/dev/null || true
}
host asker 250
for ((i = 1; i <= hosts; i++)); do
  host "h$i" "$i"
  ip netns exec "$p-h$i" "$muster" ping --respond 228.0.0.4 >"$tmp/h$i" 2>&1 &
  pids+=($!)
done
for ((i = 1; i <= hosts; i++)); do
  until grep -q answering "$tmp/h$i"; do sleep 0.05; done
done
on() { ip netns exec "$p-asker" "$@"; }
on "$muster" ping --udp 228.0.0.4 -c 1 --expect "$hosts" -q >/dev/null # everybody is there, neighbours are known

echo "$hosts responders, $rate probes a second for $seconds s (load $(cut -d' ' -f1 /proc/loadavg)):"
for how in "" --udp; do
  on "$muster" ping $how 228.0.0.4 -c $((rate * seconds)) --interval "$((1000000 / rate))us" --spread 0 --expect "$hosts" --json -q >"$tmp/json" || true
  python3 - "$tmp/json" "${how:-icmp}" <<'PY'
import json, sys
rows, s = [], None
for line in open(sys.argv[1]):
    m = json.loads(line)
    if m["type"] == "responder": rows.append(m)
    if m["type"] == "summary": s = m
sent = sum(r["sent"] for r in rows); got = sum(r["received"] for r in rows); lost = sum(r["lost"] for r in rows)
flight = sum(r["in_flight"] for r in rows)
print("%-6s sent %d, failed %d, took %.2f s; %d rows: %d due, %d received, %d lost (%d dropped by this host), %d in flight, %d unaccounted" % (
    sys.argv[2].strip("-"), s["sent"], s["failed"], s["took_ms"] / 1000, len(rows), sent, got, lost, s["dropped"], flight, sent - got - lost - flight))
PY
done

echo "one pair, round trip in us, median of 500, in turns (load $(cut -d' ' -f1 /proc/loadavg)):"
printf '%-8s %8s %8s %8s %8s\n' turn ping icmp udp 'icmp-ping'
for turn in 1 2 3 4 5; do
  on ping -q -U -n -c 1 10.76.0.1 >/dev/null
  on ping -n -i 0.002 -c 500 10.76.0.1 | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n >"$tmp/ping"
  for how in icmp udp; do
    flag=; [[ $how == udp ]] && flag=--udp
    on "$muster" ping $flag --both --expect 10.76.0.1 228.0.0.4 -c 500 --interval 2ms --spread 0 --json >"$tmp/json" || true
    python3 - "$tmp/json" <<'PY' >"$tmp/$how"
import json, sys
for line in open(sys.argv[1]):
    m = json.loads(line)
    if m["type"] == "reply" and m["way"] == "unicast" and m["address"] == "10.76.0.1": print(m["rtt_ms"])
PY
    sort -n -o "$tmp/$how" "$tmp/$how"
  done
  median() { awk '{v[NR]=$1} END {printf "%.1f", 1000*v[int((NR+1)/2)]}' "$1"; }
  a=$(median "$tmp/ping") b=$(median "$tmp/icmp") c=$(median "$tmp/udp")
  printf '%-8s %8s %8s %8s %8.1f\n' "$turn" "$a" "$b" "$c" "$(awk "BEGIN{print $b-$a}")"
done
