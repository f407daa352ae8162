#!/bin/sh
# usage: collect.sh FOLDER HOST...
#
# Runs muster's doctor on all hosts at the same time, over ssh, and puts their bundles
# into FOLDER, one HOST.tar.gz each. The user needs sudo without a password for muster,
# cat and rm, or is root. Started together, the nodes also tell each other what they see.
#
#	./collect.sh night1 app1 app2 app3 && muster compare night1/*.tar.gz
#
# DOCTOR holds further options of muster doctor, such as "--server-xml FILE"; SSH is
# another ssh. Exit status 1 where a host gave no bundle.
set -u
[ $# -ge 2 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
folder=$1
shift
umask 077
mkdir -p "$folder" || exit 2

# What runs there: a folder that nobody else can write to, the bundle to stdout.
remote='d=$(mktemp -d) || exit; as=; [ "$(id -u)" = 0 ] || as="sudo -n"
$as muster doctor -q --bundle "$d/bundle.tar.gz" '"${DOCTOR:-}"' >&2
$as cat "$d/bundle.tar.gz"; s=$?; $as rm -rf "$d"; exit $s'

pids=
for host; do
  (
    if ${SSH:-ssh -o BatchMode=yes} "$host" "$remote" >"$folder/$host.part" 2>"$folder/$host.txt" && [ -s "$folder/$host.part" ]; then
      mv "$folder/$host.part" "$folder/$host.tar.gz"
    else
      rm -f "$folder/$host.part"
      echo "$host: no bundle, see $folder/$host.txt" >&2
      exit 1
    fi
  ) &
  pids="$pids $!"
done
status=0
for pid in $pids; do
  wait "$pid" || status=1
done
exit $status
