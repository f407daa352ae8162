#!/usr/bin/env bash
# Sends 100-byte datagrams to a group as fast as it goes, from one network
# namespace to another over one veth pair: iperf 2 and muster in turns, in one run.
# Prints the rates and the loss of each turn. Needs root, iproute2 and iperf 2.
# usage: mcast-iperf.sh [MUSTER [TURNS [SECONDS]]]
set -euo pipefail
muster=$(realpath "${1:-./muster}") turns=${2:-5} seconds=${3:-5}
a=mcperf$$a b=mcperf$$b
tmp=$(mktemp -d)
trap 'ip netns del $a 2>/dev/null; ip netns del $b 2>/dev/null; rm -rf "$tmp"' EXIT

for n in $a $b; do ip netns add $n; ip -n $n link set lo up; done
ip -n $a link add eth0 type veth peer name eth0 netns $b
for n in $a:1 $b:2; do
  ip -n ${n%:*} link set eth0 up
  ip -n ${n%:*} addr add 10.77.0.${n#*:}/24 dev eth0
  ip -n ${n%:*} route add 224.0.0.0/4 dev eth0
done

# joined N waits until host b is a member of N groups besides 224.0.0.1.
joined() { until [[ $(ip netns exec $b grep -c '^				[0-9A-F]*EF ' /proc/net/igmp) -ge $1 ]]; do sleep 0.05; done; }

row='%-8s %12s %12s %9s\n'
printf "$row" program sent/s received/s lost
for ((i = 0; i < turns; i++)); do
  ip netns exec $b iperf -s -u -B 239.1.1.1 -t $((seconds + 4)) -i 0 >"$tmp/server" 2>&1 &
  server=$!
  joined 1
  ip netns exec $a iperf -c 239.1.1.1 -u -l 100 -b 10g -t "$seconds" >"$tmp/client" 2>&1
  wait $server
  awk -v s="$seconds" -v row="$row" '
    FNR == NR { if (/Sent/) sent = $(NF-1); next }
    /%/ { split($(NF-1), n, "/"); printf row, "iperf", int(sent/s), int((n[2]-n[1])/s), sprintf("%.2f%%", 100*n[1]/n[2]) }
  ' "$tmp/client" "$tmp/server"

  ip netns exec $b "$muster" listen 239.1.1.1:5000 -q --json -d $((seconds + 4))s >"$tmp/listen" 2>&1 &
  listen=$!
  joined 1
  ip netns exec $a "$muster" send 239.1.1.1:5000 --probe --size 100 --rate max -d "${seconds}s" -q --json >"$tmp/send" 2>&1
  wait $listen
  sent=$(grep -o '"datagrams":[0-9]*' "$tmp/send" | head -1 | cut -d: -f2)
  got=$(grep -o '"datagrams":[0-9]*' "$tmp/listen" | head -1 | cut -d: -f2)
  awk -v s="$seconds" -v sent="$sent" -v got="$got" -v row="$row" \
    'BEGIN { printf row, "muster", int(sent/s), int(got/s), sprintf("%.2f%%", 100*(sent-got)/sent) }'
done
