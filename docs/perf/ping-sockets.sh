#!/usr/bin/env bash
# usage: docs/perf/ping-sockets.sh MUSTER [RESPONDERS [PROBES_PER_SECOND [SECONDS]]]
#
# How much muster ping --udp can ask on one host: RESPONDERS (50) with sockets of their
# own in one process answer on the loopback, muster ping is another process. Asks
# PROBES_PER_SECOND (10000) for SECONDS (4); every probe of every row must be received or
# lost. Run it from the project's root; needs Go and python3.

set -euo pipefail
muster=$(realpath "${1:?usage: ping-sockets.sh MUSTER [RESPONDERS [RATE [SECONDS]]]}")
responders=${2:-50} rate=${3:-10000} seconds=${4:-4}
tmp=$(mktemp -d)
pid=
end() {
  [[ -z $pid ]] || kill -INT "$pid" 2>/dev/null || true
  wait 2>/dev/null || true
  grep -v answering "$tmp/out" || true
  rm -rf "$tmp"
}
trap end EXIT
go build -o "$tmp/responders" ./internal/perf/responders
group=239.255.255.$((RANDOM % 250 + 1)):46950
"$tmp/responders" "$responders" "$group" lo >"$tmp/out" &
pid=$!
until grep -q answering "$tmp/out"; do sleep 0.05; done
echo "$responders responders, $rate probes a second for $seconds s (load $(cut -d' ' -f1 /proc/loadavg)):"
before=$(awk '{print $14+$15}' /proc/$pid/stat)
"$muster" ping --udp "$group" -i lo -c $((rate * seconds)) --interval "$((1000000 / rate))us" --spread 0 --json -q |
  docs/perf/ping-account.py
awk -v b="$before" '{printf "the responders took %.2f s of CPU\n", ($14+$15-b)/100}' /proc/$pid/stat
