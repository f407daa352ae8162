#!/usr/bin/env python3
# usage: muster ping ... --json -q | docs/perf/ping-account.py
#
# The account of all rows of muster ping in one line, for the scripts beside this file.
import json
import sys

rows, end = [], None
for line in sys.stdin:
    m = json.loads(line)
    if m["type"] == "responder":
        rows.append(m)
    if m["type"] == "summary":
        end = m
due, got, lost, flight = (sum(r[k] for r in rows) for k in ("sent", "received", "lost", "in_flight"))
took = end["took_ms"] / 1000 - 1  # without the second of silence that ends it
median = sorted(r["p50_ms"] for r in rows)[len(rows) // 2] * 1000 if rows else -1
print(f"sent {end['sent']}, failed {end['failed']}, in {took:.2f} s: {end['sent'] / took:.0f} a second; "
      f"{len(rows)} rows: {due} due, {got} received, {lost} lost ({end['dropped']} dropped by this host), {flight} in flight, "
      f"{due - got - lost - flight} unaccounted; median of the rows' medians {median:.1f} us")
