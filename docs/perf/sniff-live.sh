#!/usr/bin/env bash
# Captures what `muster send --rate max` sends over a veth pair, with tcpdump (its
# default buffer) and with muster in turns, each alone and then both at once, and
# prints what each captured and what the kernel had to drop. Needs root, iproute2
# and tcpdump. Writing to a file and counting are measured.
# usage: sniff-live.sh [MUSTER [TURNS [SECONDS]]]
set -euo pipefail
muster=$(realpath "${1:-./muster}") turns=${2:-5} seconds=${3:-3}
a=sfperf$$a b=sfperf$$b
tmp=$(mktemp -d)
chmod 777 "$tmp" # tcpdump writes as another user
trap 'ip netns del $a 2>/dev/null; ip netns del $b 2>/dev/null; rm -rf "$tmp"' EXIT

for n in $a $b; do ip netns add $n; ip -n $n link set lo up; done
ip -n $a link add eth0 type veth peer name eth0 netns $b
for n in $a:1 $b:2; do
  ip -n ${n%:*} link set eth0 up
  ip -n ${n%:*} addr add 10.77.0.${n#*:}/24 dev eth0
  ip -n ${n%:*} route add 224.0.0.0/4 dev eth0
done

row='%-34s %10s %10s %10s\n'
# capture NAME COMMAND...: starts it on host b and waits until it listens.
declare -a running=()
capture() {
  local name=$1
  shift
  rm -f "$tmp/$name".*
  ip netns exec $b "$@" >"$tmp/$name.out" 2>"$tmp/$name.err" &
  running+=("$name:$!")
  until grep -qsE 'listening on|capturing on' "$tmp/$name.err"; do sleep 0.02; done
}

# round TITLE: sends, ends the captures, prints what they say.
round() {
  ip netns exec $a "$muster" send 239.1.1.1:5000 --probe --size 100 --rate max -d "${seconds}s" -q --json >"$tmp/send" 2>&1
  sent=$(grep -o '"datagrams":[0-9]*' "$tmp/send" | head -1 | cut -d: -f2)
  sleep 0.5
  for r in "${running[@]}"; do kill -INT "${r#*:}"; done
  for r in "${running[@]}"; do wait "${r#*:}" || true; done
  for r in "${running[@]}"; do
    name=${r%:*}
    case $name in
      tcpdump*)
        got=$(awk '/packets captured/ { print $1 }' "$tmp/$name.err")
        dropped=$(awk '/dropped by kernel/ { print $1 }' "$tmp/$name.err") ;;
      *)
        got=$(grep -o '"packets":[0-9]*' "$tmp/$name.out" | tail -1 | cut -d: -f2)
        dropped=$(grep -o '"dropped":[0-9]*' "$tmp/$name.out" | tail -1 | cut -d: -f2) ;;
    esac
    printf "$row" "$1$name" "$((sent / seconds))" "$((got / seconds))" "$dropped"
  done
  running=()
}

printf "$row" capture sent/s captured/s dropped
for ((i = 0; i < turns; i++)); do
  capture tcpdump-w tcpdump -ni eth0 -w "$tmp/t.pcap" udp port 5000
  round ''
  capture muster-w "$muster" sniff -i eth0 --json --summary -w "$tmp/m.pcapng" --filter 'udp port 5000'
  round ''
  capture muster-summary "$muster" sniff -i eth0 --json --summary --filter 'udp port 5000'
  round ''
  capture tcpdump-w tcpdump -ni eth0 -w "$tmp/t.pcap" udp port 5000
  capture muster-w "$muster" sniff -i eth0 --json --summary -w "$tmp/m.pcapng" --filter 'udp port 5000'
  round 'both at once: '
done
uptime
