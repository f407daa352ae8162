#!/usr/bin/env bash
# usage: docs/perf/ping-rate.sh MUSTER udp|icmp [RESPONDERS [PROBES_PER_SECOND [SECONDS]]]
#
# How much muster ping can ask of RESPONDERS (50) on one host, which are one process:
#   udp   muster's own responders, with sockets of their own, on the loopback;
#   icmp  hosts behind a TUN device in a namespace of its own (root, iproute2), since the
#         kernel answers once for a host.
# Asks PROBES_PER_SECOND (10000) for SECONDS (4); every probe of every row must be
# received or lost. Run it from the project's root; needs Go and python3.

set -euo pipefail
usage="usage: ping-rate.sh MUSTER udp|icmp [RESPONDERS [RATE [SECONDS]]]"
muster=$(realpath "${1:?$usage}")
method=${2:?$usage} responders=${3:-50} rate=${4:-10000} seconds=${5:-4}
tmp=$(mktemp -d)
ns='' pid=''
end() {
  [[ -z $pid ]] || kill -INT "$pid" 2>/dev/null || true
  wait 2>/dev/null || true
  [[ ! -f $tmp/out ]] || grep -v answering "$tmp/out" || true
  [[ -z $ns ]] || ip netns del "$ns"
  rm -rf "$tmp"
}
trap end EXIT
case $method in
udp)
  on=() group=239.255.255.$((RANDOM % 250 + 1)):46950 iface=lo ask=(--udp)
  go build -o "$tmp/answer" ./internal/perf/responders
  answer=("$responders" "$group" "$iface")
  ;;
icmp)
  ns=mperf$$ on=(ip netns exec "$ns") group=228.0.0.4 iface=wire ask=()
  go build -o "$tmp/answer" ./internal/perf/echohosts
  answer=("$responders" "$iface")
  ip netns add "$ns"
  ip -n "$ns" tuntap add "$iface" mode tun
  ip -n "$ns" addr add 10.76.0.254/24 dev "$iface"
  ip -n "$ns" link set "$iface" up multicast on txqueuelen 5000
  ;;
*)
  echo "$usage" >&2
  exit 2
  ;;
esac
"${on[@]}" "$tmp/answer" "${answer[@]}" >"$tmp/out" &
pid=$!
until grep -q answering "$tmp/out"; do
  kill -0 "$pid" # it failed and has said why
  sleep 0.05
done
echo "$responders responders, $rate probes a second for $seconds s (load $(cut -d' ' -f1 /proc/loadavg)):"
before=$(awk '{print $14+$15}' /proc/$pid/stat)
"${on[@]}" "$muster" ping "${ask[@]}" "$group" -i "$iface" -c $((rate * seconds)) --interval "$((1000000 / rate))us" --spread 0 --json -q |
  docs/perf/ping-account.py
awk -v b="$before" '{printf "the responders took %.2f s of CPU\n", ($14+$15-b)/100}' /proc/$pid/stat
