#!/usr/bin/env bash
# usage: check-host.sh MUSTER [ROUTES [RULES [TURNS]]]   (as root)
#
# Fills a network namespace of its own with ROUTES routes (5000) and RULES
# nftables rules (5000) and runs "muster check" there TURNS times (5), from exec
# to exit, after as many turns in a namespace without any. Prints milliseconds
# and the peak of resident memory. Nothing outside of the namespace is touched.

set -euo pipefail
muster=$(realpath "$1") routes=${2:-5000} rules=${3:-5000} turns=${4:-5}

if [[ -z ${MUSTER_PERF_NS:-} ]]; then
  MUSTER_PERF_NS=1 exec unshare --net --mount --fork "$0" "$@"
fi

mount -t sysfs none /sys
ip link set lo up
ip link add eth0 type veth peer name other
ip addr add 10.77.0.11/24 dev eth0
ip link set other up
ip link set eth0 up
ip route add 224.0.0.0/4 dev eth0
for ((i = 0; i < 100; i++)); do
  [[ $(cat /sys/class/net/eth0/operstate) == up ]] && break
  sleep 0.05
done

# run: one run's milliseconds and KiB, by the kernel's account of the child.
run() {
  python3 - "$muster" <<'PY'
import os, resource, sys, time
start = time.monotonic()
pid = os.fork()
if pid == 0:
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, 1); os.dup2(null, 2)
    os.execv(sys.argv[1], [sys.argv[1], "check", "--json"])
_, status, usage = os.wait4(pid, 0)
took = time.monotonic() - start
print(f"{1000*took:6.0f} ms  {1000*(usage.ru_utime+usage.ru_stime):5.0f} ms CPU  {usage.ru_maxrss/1024:5.1f} MB  exit {os.waitstatus_to_exitcode(status)}")
PY
}

echo "a plain host:"
for ((i = 0; i < turns; i++)); do run; done

for ((i = 0; i < routes; i++)); do
  echo "route add 10.$((100 + i / 65536)).$((i / 256 % 256)).$((i % 256))/32 via 10.77.0.1"
done | ip -batch -

{
  echo 'table inet f {'
  echo '  chain input { type filter hook input priority 0; policy drop;'
  for ((i = 0; i < rules; i++)); do
    echo "    ip saddr 192.0.2.$((i % 256)) tcp dport $((1024 + i)) counter drop"
  done
  echo '    ip daddr 228.0.0.4 udp dport 45564 accept'
  echo '    ip protocol { igmp, icmp } accept'
  echo '    ip saddr 10.77.0.0/24 tcp dport 4000-4099 accept'
  echo '    ct state established,related accept'
  echo '  }'
  echo '}'
} | nft -f -

echo "$(ip route | wc -l) routes, $(nft list ruleset | grep -c -E 'drop$|accept$') rules:"
for ((i = 0; i < turns; i++)); do run; done
