#!/bin/sh
# Make a report of a folder of evidence and say in one line what came of it.
#
#     nightly.sh EVIDENCE REPORTS
#
# Ends with the exit code of `forensics report`, so that any scheduler can act on it. A run that is
# killed leaves the previous report whole; two runs at once are refused by the folder's lock.
set -u
evidence=${1:?usage: nightly.sh EVIDENCE REPORTS}
reports=${2:?usage: nightly.sh EVIDENCE REPORTS}
out="$reports/$(basename "$evidence")"

forensics report "$evidence" --out "$out" --fail-on leak --time-limit 3000 --log-format json
code=$?

case $code in
  0) said="report made" ;;
  1) said="report made; a condition holds, or a notebook failed: read $out/postmortem.html" ;;
  2) said="wrong usage: this script and the installed version of forensics don't fit" ;;
  3) said="the evidence can't be used: the message above names the file" ;;
  5) said="the time limit was reached; the previous report is unchanged" ;;
  *) said="ended by signal or out of memory; the previous report is unchanged" ;;
esac
if [ "$code" -le 1 ]; then
  forensics index "$reports" || said="$said (the index could not be made)"
fi
echo "forensics: exit $code: $said" >&2
exit "$code"
