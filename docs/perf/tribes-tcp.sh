#!/usr/bin/env bash
# Messages a second over TCP between two network namespaces, in turns in one run:
# Tomcat's own jars (TribesPeer.java --bench) to themselves, muster to muster,
# muster to Tomcat, and where an ack is waited for a bare TCP ping-pong of the same
# bytes. Prints each turn, then the medians, and the medians of the turns' ratios: the
# runs of one turn are near each other in time, and the machine is as fast for one as
# for the other.
# CPUS="0 1" keeps what sends on the first and what receives on the second of these
# processors: on an idle machine the scheduler's choice, one or two, weighs more than
# any program.
# OPTIONS="ack sync-ack" runs these only; TOMCAT=no leaves Tomcat's runs out, so that
# muster's and the ping-pong's are side by side.
# Needs root, iproute2, Go, a JDK and Tomcat 10's jars (tomcat10-common).
# usage: tribes-tcp.sh [MUSTER [TURNS [MESSAGES [SIZES [SENDERS]]]]]
set -euo pipefail
here=$(dirname "$(realpath "$0")")
muster=$(realpath "${1:-./muster}") turns=${2:-3} messages=${3:-20000} sizes=${4:-64 1024 65536} senders=${5:-1 8}
options=${OPTIONS-none async ack sync-ack}
jars=/usr/share/java
on_a=() on_b=()
if [[ ${CPUS-} ]]; then
  read -r first second <<<"$CPUS"
  on_a=(taskset -c "$first") on_b=(taskset -c "$second")
fi
cp=$jars/tomcat10-tribes.jar:$jars/tomcat10-juli.jar:$jars/tomcat10-util.jar
a=tperf$$a b=tperf$$b
tmp=$(mktemp -d)
pids=()
cleanup() {
  for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
  wait 2>/dev/null || true
  ip netns del $a 2>/dev/null || true
  ip netns del $b 2>/dev/null || true
  rm -rf "$tmp"
}
trap cleanup EXIT

for n in $a $b; do ip netns add $n; ip -n $n link set lo up; done
ip -n $a link add eth0 type veth peer name eth0 netns $b
for n in $a:1 $b:2; do
  ip -n ${n%:*} link set eth0 up
  ip -n ${n%:*} addr add 10.77.0.${n#*:}/24 dev eth0
  ip -n ${n%:*} route add 224.0.0.0/4 dev eth0
done

javac -cp "$cp" -d "$tmp" "$here/../../internal/netlab/tomcat/TribesPeer.java"
(cd "$here" && go build -o "$tmp/pingpong" ./pingpong)
in_a() { exec ip netns exec $a "${on_a[@]}" "$@"; }
in_b() { exec ip netns exec $b "${on_b[@]}" "$@"; }
peer() { "in_$1" java -Djava.net.preferIPv4Stack=true -cp "$cp:$tmp" TribesPeer --address "$2" --bind "$2" --quiet "${@:3}"; }
until_listens() { until ip netns exec $b ss -ltn "sport = :$1" | grep -q :; do sleep 0.1; done; }

peer b 10.77.0.2 >"$tmp/tomcat.log" 2>&1 & pids+=($!)
in_b "$muster" tribes join --group 228.0.0.5 --tcp-port 5000 --fresh-id >"$tmp/muster.log" 2>&1 & pids+=($!)
declare -A port
next=6000
for size in $sizes; do
  port[$size]=$((next++))
  in_b "$tmp/pingpong" serve 10.77.0.2:${port[$size]} $((size + 135)) & pids+=($!)
  until_listens ${port[$size]}
done
until_listens 4000; until_listens 5000

rate() { grep -o "\"$1\":[0-9.]*" | head -1 | cut -d: -f2 | cut -d. -f1; }
row='%-9s %7s %8s %12s %12s %12s %12s\n'
printf "$row" options size senders tomcat muster muster-tomcat ping-pong
for ((t = 0; t < turns; t++)); do
  for size in $sizes; do
    n=$messages
    ((size <= 4096)) || n=$((messages / 10))
    for s in $senders; do
      for o in $options; do
        tt=- mt=- pp=-
        [[ ${TOMCAT-} == no ]] || tt=$(peer a 10.77.0.1 --bench $n:$size --options $o --senders $s 2>/dev/null | grep '"bench"' | rate perSecond)
        mm=$(in_a "$muster" tribes send 10.77.0.2:5000 --bench $n --size $size --options $o --senders $s --json | rate rate)
        [[ ${TOMCAT-} == no ]] || mt=$(in_a "$muster" tribes send 10.77.0.2:4000 --bench $n --size $size --options $o --senders $s --json | rate rate)
        [[ $o != *ack ]] || pp=$(in_a "$tmp/pingpong" 10.77.0.2:${port[$size]} $((size + 135)) $n $s)
        printf "$row" $o $size $s "$tt" "$mm" "$mt" "$pp" | tee -a "$tmp/rows"
      done
    done
  done
done

echo; echo "medians of $turns turns, load $(cut -d' ' -f1-3 /proc/loadavg); of their ratios: muster to Tomcat's own, muster-tomcat to Tomcat's own, muster to ping-pong"
printf "$row" options size senders tomcat muster muster-tomcat ping-pong
sort -k3,3n -k2,2n -k1,1 -s "$tmp/rows" | awk '
  function median(a, n,   i, j, x) {
    for (i = 2; i <= n; i++) { x = a[i]; for (j = i - 1; j > 0 && a[j] > x; j--) a[j+1] = a[j]; a[j+1] = x }
    return n % 2 ? a[(n+1)/2] : (a[n/2] + a[n/2+1]) / 2
  }
  function ratio(k, base,   i, v) { for (i = 1; i <= n; i++) v[i] = val[k, i] / val[base, i]; return median(v, n) }
  function flush(   k, i, m, v) {
    if (!n) return
    for (k = 4; k <= 7; k++) { for (i = 1; i <= n; i++) v[i] = val[k, i]; m[k] = val[k, 1] == "-" ? "-" : int(median(v, n)) }
    printf "%-9s %7s %8s %12s %12s %12s %12s", o, size, s, m[4], m[5], m[6], m[7]
    if (m[4] != "-") printf "   x%.1f  x%.1f", ratio(5, 4), ratio(6, 4)
    if (m[7] != "-") printf "  %.0f%%", 100 * ratio(5, 7)
    print ""
    n = 0
  }
  { key = $1 " " $2 " " $3; if (key != last) flush(); last = key; o = $1; size = $2; s = $3; n++; for (k = 4; k <= 7; k++) val[k, n] = $k }
  END { flush() }'
