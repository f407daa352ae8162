#!/usr/bin/env bash
# usage: docs/perf/ping.sh MUSTER [RESPONDERS [PROBES_PER_SECOND [SECONDS]]]
#
# How much muster ping can ask, and how exact its times are, in namespaces of its own
# (root; packages iproute2, iputils-ping, tcpdump, python3): a bridge, an asker, and RESPONDERS
# (50) hosts that have joined 228.0.0.4, answer ICMP to it and run ping --respond. First
# PROBES_PER_SECOND (10000) for SECONDS (2), ICMP and UDP: all answers of all rows must
# be received or lost. Then one host is asked by ping of iputils and by muster in turns,
# with tcpdump as referee; OMPING=FILE (not in Debian) takes that omping in as well. Run it
# from the project's root.

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
  printf "%-6s" "$(tr -d - <<<"${how:-icmp}")"
  on "$muster" ping $how 228.0.0.4 -c $((rate * seconds)) --interval "$((1000000 / rate))us" --spread 0 --json -q | docs/perf/ping-account.py
done
# What the machine can do at most: ping of iputils, which waits for nothing and only for
# the first answer to each (it stops with the last one's).
on ping -n -q -f -c $((rate * seconds)) 228.0.0.4 | sed -n 's/^\([0-9]* packets transmitted, [0-9]* received, +[0-9]* duplicates\).*time \([0-9]*\)ms/ping -f \1, took \2 ms/p'

# The pair: only h1 joins 228.0.0.5. What tcpdump sees on the asker's interface is the
# truth, from the request's leaving to the answer's coming, in the kernel's own times.
ip netns exec "$p-h1" "$muster" ping --respond 228.0.0.5:46999 >"$tmp/pair" 2>&1 &
pids+=($!)
until grep -q answering "$tmp/pair"; do sleep 0.05; done
# Requests and answers are told apart by what ICMP says, and with omping, which asks by
# unicast and answers both ways, by its port; its unicast answers are measured.
wire() { # FILTER COMMAND...: runs it, and puts the true times, in ms, into $tmp/wire
  ip netns exec "$p-asker" tcpdump -i eth0 -n -l -tt --time-stamp-precision=nano "$1" >"$tmp/cap" 2>"$tmp/cap.err" &
  local cap=$!
  shift
  until grep -q listening "$tmp/cap.err"; do sleep 0.05; done
  "$@"
  sleep 0.5
  kill $cap
  wait $cap 2>/dev/null || true
  python3 - "$tmp/cap" <<'PY' | sort -n >"$tmp/wire"
import re, sys
sent = {}
for line in open(sys.argv[1]):
    m = re.match(r"(\d+)\.(\d+) IP (\S+) > (\S+): (?:ICMP echo (request|reply), id (\d+), seq (\d+))?", line)
    if not m: continue
    at, request = int(m[1]) * 10**9 + int(m[2]), m[5] == "request" or not m[5] and m[4].endswith(".4321")
    key = m.group(6, 7) if m[5] else m[3] if request else m[4]
    if request: sent.setdefault(key, at)
    elif key in sent: print((at - sent.pop(key)) / 1e6)
PY
}
probe() { # FILE GROUP OPTIONS...
  local file=$1 group=$2
  shift 2
  on "$muster" ping "$group" -c 500 --interval 2ms --spread 0 --json "$@" 2>/dev/null | python3 -c '
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    if m["type"] == "reply": print(m["rtt_ms"])' | sort -n >"$file"
}
iputils() { on ping -n -i 0.002 -c 500 10.76.0.1 | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n >"$tmp/ping"; }
omping=(-F -r 0 -m 239.76.0.1 10.76.0.250 10.76.0.1)
omping() { on "$OMPING" -O client -c 500 -i 0.002 "${omping[@]}" | sed -n 's/.* unicast, seq=.*time=\([0-9.]*\)ms/\1/p' | sort -n >"$tmp/omping"; }
if [[ -n ${OMPING:-} ]]; then
  ip netns exec "$p-h1" "$OMPING" "${omping[@]}" >/dev/null 2>&1 &
  pids+=($!)
  sleep 1
fi
median() { awk '{v[NR]=$1} END {printf "%.1f", NR ? 1000*v[int((NR+1)/2)] : -1}' "$1"; }
row() { # NAME WIRE SHOWN
  printf '%-5s %-12s %8s %8s %6.1f\n' "$turn" "$1" "$2" "$3" "$(awk "BEGIN{print $3-$2}")"
}

echo "one pair, medians of 500 round trips in us, in turns, and what each adds to the truth:"
printf '%-5s %-12s %8s %8s %6s\n' turn '' wire shown adds
for turn in 1 2 3 4 5; do
  wire icmp iputils
  row ping "$(median "$tmp/wire")" "$(median "$tmp/ping")"
  if [[ -n ${OMPING:-} ]]; then
    wire 'udp port 4321' omping
    row omping "$(median "$tmp/wire")" "$(median "$tmp/omping")"
  fi
  wire icmp probe "$tmp/icmp" 228.0.0.5
  row muster "$(median "$tmp/wire")" "$(median "$tmp/icmp")"
  probe "$tmp/udp" 228.0.0.5:46999 --udp
  printf '%-5s %-12s %8s %8s\n' "$turn" 'muster --udp' '' "$(median "$tmp/udp")"
done
echo "load $(cut -d' ' -f1 /proc/loadavg)"
