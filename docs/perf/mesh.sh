#!/usr/bin/env bash
# usage: docs/perf/mesh.sh MUSTER [NODES]
#
# A mesh of NODES (200) on the loopback: all but one are sockets of one test process, the
# last is a muster process of its own, whose memory and view of the load are shown. Run it
# from the project's root; needs Go.

set -euo pipefail
muster=$(realpath "${1:?usage: mesh.sh MUSTER [NODES]}")
nodes=${2:-200}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go test -c -o "$tmp/test" ./ping/mesh
echo "load $(cut -d' ' -f1 /proc/loadavg)"
group=239.255.255.$((RANDOM % 250 + 1))

echo "$nodes nodes in one process:"
MUSTER_MESH_SOCKETS=$nodes MUSTER_MESH_GROUP=$group "$tmp/test" -test.run ManySockets -test.v | grep -o "[0-9]* nodes know.*" || true

echo "$((nodes - 1)) nodes in one process and one muster mesh:"
MUSTER_MESH_SOCKETS=$((nodes - 1)) MUSTER_MESH_GROUP=$group MUSTER_MESH_HOLD=12s MUSTER_MESH_MORE=1 "$tmp/test" -test.run ManySockets -test.v >"$tmp/many" &
many=$!
"$muster" mesh -i 127.0.0.1 "$group" -d 12s --expect "$nodes" --json >"$tmp/json" 2>"$tmp/err" &
node=$!
sleep 11
grep -E 'VmHWM|VmRSS' "/proc/$node/status" | tr -s '\t ' ' '
wait $node || true
python3 - "$tmp/json" <<'PY'
import json, sys, datetime
first = None
for line in open(sys.argv[1]):
    m = json.loads(line)
    t = m.get("time")
    if t: first = first or t
    if m["type"] == "matrix_complete":
        p = lambda s: datetime.datetime.fromisoformat(s[:26])
        print("muster: the matrix of %d nodes is complete %.2f s after the first one was heard" % (m["nodes"], (p(t) - p(first)).total_seconds()))
    if m["type"] == "summary":
        print("muster: %d nodes, %d of %d arrows cut, %.0f bit/s on the group in the mean, %.0f in the busiest second, %d datagrams dropped" % (
            m["nodes"], len(m["cut"]), m["arrows"], m["load_mean_bits_per_second"], m["load_peak_bits_per_second"], m["dropped"]))
PY
wait $many || cat "$tmp/many"
