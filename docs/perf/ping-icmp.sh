#!/usr/bin/env bash
# usage: docs/perf/ping-icmp.sh MUSTER [RESPONDERS [PROBES_PER_SECOND [SECONDS]]]
#
# How much muster ping can ask by ICMP (root; needs Go, iproute2, python3): in a
# namespace of its own a TUN device, behind which one process plays RESPONDERS (50)
# hosts. Asks PROBES_PER_SECOND (10000) for SECONDS (4); every probe of every row must
# be received or lost. Run it from the project's root.

set -euo pipefail
muster=$(realpath "${1:?usage: ping-icmp.sh MUSTER [RESPONDERS [RATE [SECONDS]]]}")
responders=${2:-50} rate=${3:-10000} seconds=${4:-4}
ns=mperf$$
tmp=$(mktemp -d)
pid=
end() {
  [[ -z $pid ]] || kill -INT "$pid" 2>/dev/null || true
  wait 2>/dev/null || true
  grep -v answering "$tmp/out" || true
  ip netns del "$ns" || true
  rm -rf "$tmp"
}
go build -o "$tmp/echohosts" ./internal/perf/echohosts
ip netns add "$ns"
trap end EXIT
ip -n "$ns" tuntap add wire mode tun
ip -n "$ns" addr add 10.76.0.254/24 dev wire
ip -n "$ns" link set wire up multicast on txqueuelen 5000
ip -n "$ns" route add 224.0.0.0/4 dev wire
ip netns exec "$ns" "$tmp/echohosts" "$responders" wire >"$tmp/out" &
pid=$!
until grep -q answering "$tmp/out"; do
  kill -0 "$pid" # it failed and has said why
  sleep 0.05
done
echo "$responders responders, $rate probes a second for $seconds s (load $(cut -d' ' -f1 /proc/loadavg)):"
before=$(awk '{print $14+$15}' /proc/$pid/stat)
ip netns exec "$ns" "$muster" ping 228.0.0.4 -i wire -c $((rate * seconds)) --interval "$((1000000 / rate))us" --spread 0 --json -q |
  docs/perf/ping-account.py
awk -v b="$before" '{printf "the responders took %.2f s of CPU\n", ($14+$15-b)/100}' /proc/$pid/stat
