#!/usr/bin/env python3
"""Reads a large file with tcpdump, tshark and muster in turns, in one run.

Prints the medians of clock, CPU time (user and system) and peak memory, all
output going to /dev/null. tshark, which takes minutes, gets the first tenth.
Make the file by: go run ./internal/perf/mkcapture -packets 1000000 FILE

usage: sniff-files.py FILE [MUSTER [TURNS [tshark]]]
"""
import os
import statistics
import sys
import time

file = sys.argv[1]
muster = os.path.realpath(sys.argv[2] if len(sys.argv) > 2 else "./muster")
turns = int(sys.argv[3]) if len(sys.argv) > 3 else 5
programs = {
    "tcpdump -nr": ["tcpdump", "-nr", file],
    "muster sniff -r": [muster, "sniff", "-r", file],
    "muster sniff -r --summary": [muster, "sniff", "-r", file, "--summary"],
}
if "tshark" in sys.argv[4:]:
    programs["tshark -T fields (a tenth)"] = [
        "tshark", "-n", "-r", file, "-c", "100000", "-T", "fields", "-e", "frame.number", "-e", "ip.src", "-e", "ip.dst"]
null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
results = {name: [] for name in programs}
for _ in range(turns):
    for name, command in programs.items():
        start = time.monotonic()
        pid = os.posix_spawnp(command[0], command, os.environ, file_actions=null)
        _, status, usage = os.wait4(pid, 0)
        if os.waitstatus_to_exitcode(status) not in (0, 1):  # 1: a verdict that fails
            sys.exit(f"{name} ended with status {os.waitstatus_to_exitcode(status)}")
        results[name].append((time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))

print(f"{'':28}{'clock':>8}{'CPU':>8}{'memory':>10}{'most':>7}   load {os.getloadavg()[0]:.1f}")
for name, rows in results.items():
    clock, cpu, memory = (statistics.median(column) for column in zip(*rows))
    print(f"{name:28}{clock:7.2f}s{cpu:7.2f}s{memory:7.0f} MB{max(r[2] for r in rows):7.0f}")
