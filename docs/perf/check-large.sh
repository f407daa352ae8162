#!/usr/bin/env bash
# usage: check-large.sh MUSTER [CASE...]   (as root)
#
# Fills a network namespace of its own with far more than muster check looks at, and
# runs it there: a firewall of 100,000 rules (nftables, iptables-nft and
# iptables-legacy), sets of a million elements (nftables, also of intervals, and
# ipset), the 900,000 routes of the Internet, 2,000 interfaces; then facts of 10 MB
# that are judged from their file. Each takes five seconds and 100 MB at most, and
# says of what there was more. Prints milliseconds, processor time and the peak of
# resident memory by the kernel's account, the exit status, and what was said.
# Nothing outside of the namespace is touched.
#
# CASE is one of rules iptables legacy set intervals ipset routes links facts; all
# without any.

set -euo pipefail
muster=$(realpath "$1")
shift
cases=${*:-rules iptables legacy set intervals ipset routes links facts}

if [[ -z ${MUSTER_PERF_NS:-} ]]; then
  MUSTER_PERF_NS=1 exec unshare --net --mount --fork "$0" "$muster" $cases
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
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

# run ARGS: one run's figures, and what it said beside the verdicts.
run() {
  python3 - "$muster" "$dir" "$@" <<'PY'
import os, sys, time
start = time.monotonic()
pid = os.fork()
if pid == 0:
    os.dup2(os.open(sys.argv[2] + "/out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(os.open(sys.argv[2] + "/err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.execv(sys.argv[1], [sys.argv[1], "check"] + sys.argv[3:])
_, status, usage = os.wait4(pid, 0)
took = time.monotonic() - start
print(f"  {1000*took:6.0f} ms  {1000*(usage.ru_utime+usage.ru_stime):6.0f} ms CPU  {usage.ru_maxrss/1024:5.1f} MB  exit {os.waitstatus_to_exitcode(status)}")
PY
  sed 's/^/  stderr: /' "$dir/err" | cut -c1-200
  grep -E '^(fail|warn|unknown)' "$dir/out" | cut -c1-200 | sed 's/^/  /' || true
}

# lines PREFIX SUFFIX: 100,000 lines with a number between.
lines() { seq 0 99999 | awk -v a="$1" -v b="$2" '{ printf "%s192.0.%d.%d%s\n", a, int($1 / 256) % 256, $1 % 256, b }'; }

rest='ip daddr 228.0.0.4 udp dport 45564 accept; ip protocol { igmp, icmp } accept; ip saddr 10.77.0.0/24 tcp dport 4000-4099 accept; ct state established,related accept'

for c in $cases; do
  case $c in
  rules)
    echo "100,000 rules of nftables:"
    { echo 'table inet f { chain input { type filter hook input priority 0; policy drop;'
      lines 'ip saddr ' ' tcp dport 22 counter drop'
      printf '%s\n}\n}\n' "$rest"; } | nft -f -
    run --short
    nft flush ruleset
    ;;
  iptables | legacy)
    echo "100,000 rules of iptables-${c/iptables/nft}:"
    { printf '*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n'
      lines '-A INPUT -s ' '/32 -p tcp -m tcp --dport 22 -j DROP'
      printf -- '-A INPUT -p udp -j ACCEPT\nCOMMIT\n'; } | "iptables-${c/iptables/nft}-restore"
    run --short
    if [[ $c == iptables ]]; then nft flush ruleset; else iptables-legacy -P INPUT ACCEPT; iptables-legacy -F; fi
    ;;
  set | intervals)
    echo "a set of a million ${c/set/addresses}, of nftables:"
    step=$([[ $c == set ]] && echo 1 || echo 16) size=$([[ $c == set ]] && echo '' || echo /28)
    { echo "table inet f { set banned { type ipv4_addr; $([[ $c == set ]] || echo 'flags interval;') elements = {"
      seq 0 999999 | awk -v s="$step" -v n="$size" '{ x = 1073741824 + $1 * s; printf "%d.%d.%d.%d%s,\n", x / 16777216, int(x / 65536) % 256, int(x / 256) % 256, x % 256, n }'
      echo '}; }; chain input { type filter hook input priority 0; policy accept; ip saddr @banned drop; }'; echo '}'; } > "$dir/set.nft"
    nft -f "$dir/set.nft"
    run --short
    nft flush ruleset
    ;;
  ipset)
    echo "a set of a million addresses, of ipset:"
    { echo 'create banned hash:ip maxelem 2000000'
      seq 0 999999 | awk '{ x = 1073741824 + $1; printf "add banned %d.%d.%d.%d\n", x / 16777216, int(x / 65536) % 256, int(x / 256) % 256, x % 256 }'; } | ipset restore
    iptables-nft -A INPUT -m set --match-set banned src -j DROP
    run --short
    nft flush ruleset
    ipset destroy banned
    ;;
  routes)
    echo "900,000 routes:"
    seq 0 899999 | awk '{ x = 184549376 + $1 * 256; printf "route add %d.%d.%d.0/24 via 10.77.0.1\n", x / 16777216, int(x / 65536) % 256, int(x / 256) % 256 }' | ip -batch -
    run --short
    ip route flush via 10.77.0.1
    ;;
  links)
    echo "2,000 interfaces:"
    seq 1 1000 | awk '{ printf "link add v%d type veth peer name w%d\n", $1, $1 }' | ip -batch -
    run --short
    seq 1 1000 | awk '{ printf "link del v%d\n", $1 }' | ip -batch -
    ;;
  facts)
    for kind in rules routes; do
      python3 - "$kind" "$dir/facts.json" <<'PY'
import json, sys
f = {"version": 1, "os": "linux", "arch": "amd64", "time": "2026-11-21T12:00:00Z", "query": {"group": "228.0.0.4", "port": 45564, "count": 1, "tcp_port": 4000, "auto_bind": 100},
     "links": {"from": "netlink", "value": [{"index": 2, "name": "eth0", "flags": 0x1043, "mtu": 1500, "type": 1, "oper_state": "up"}]},
     "addrs": {"from": "netlink", "value": [{"link": 2, "prefix": "10.77.0.11/24", "scope": "global"}]},
     "to_group": {"from": "netlink", "value": {"to": "228.0.0.4", "type": "multicast", "link": 2, "src": "10.77.0.11", "table": 254}}}
address = lambda i: f"{11+i//65536}.{i//256%256}.{i%256}.0/24"
if sys.argv[1] == "routes":
    f["routes"] = {"from": "netlink", "value": [{"table": 254, "type": "unicast", "dst": address(i), "gateway": "10.77.0.1", "links": [2]} for i in range(75000)]}
else:
    rule = lambda i: {"handle": i + 5, "text": f"tcp dport {i%60000} ip saddr 192.0.2.{i%256} counter drop", "exprs": [
        {"kind": "meta", "key": "l4proto", "dst": 4}, {"kind": "cmp", "src": 4, "op": "==", "data": "06"},
        {"kind": "payload", "dst": 4, "base": "transport", "offset": 2, "len": 2}, {"kind": "cmp", "src": 4, "op": "==", "data": f"{i%60000:04x}"},
        {"kind": "payload", "dst": 4, "base": "network", "offset": 12, "len": 4}, {"kind": "cmp", "src": 4, "op": "==", "data": f"c00002{i%256:02x}"},
        {"kind": "counter"}, {"kind": "immediate", "verdict": "drop"}], "packets": 0}
    f["firewall"] = {"from": "netlink", "value": {"tables": [{"family": "inet", "name": "f", "chains": [{"name": "input", "hook": "input", "type": "filter", "policy": "accept", "rules": [rule(i) for i in range(20500)]}]}]}}
json.dump(f, open(sys.argv[2], "w"))
PY
      echo "facts of $(($(stat -c %s "$dir/facts.json") / 100000))00 kB, most of it $kind:"
      run --from "$dir/facts.json" --short
    done
    ;;
  *)
    echo "check-large.sh: there is no case $c" >&2
    exit 2
    ;;
  esac
done
