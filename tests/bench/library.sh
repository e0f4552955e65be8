#!/bin/sh
# library.sh - the cost of the library: CPU time and allocations of each row, and
# instructions counted by callgrind, which do not depend on what else the machine does.
#
# usage: library.sh BENCH_LIBRARY
set -eu
bench=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$bench"
command -v valgrind >/dev/null 2>&1 || { echo "no instructions: valgrind is not installed"; exit 0; }

# instructions NAME COUNT: of the whole process.
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" "$1" "$2" 2>&1 |
	    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

for name in $("$bench" | sed 's/ .*//'); do
	few=$(instructions "$name" 100)
	many=$(instructions "$name" 1100)
	printf '%-24s %8d instructions\n' "$name" $(((many - few) / 1000))
done
