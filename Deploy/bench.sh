#!/usr/bin/env bash
# Figures beside peers, one line each: FIGURE <name> <value> <unit> <target> ok|short, and PEER <name> <value> <unit>. Exit 0 when all were measured.
#   ./Deploy/bench.sh slo [MONTHS]   budgets and costs of rules on 30 days of history, MONTHS (200) simulated months of false pages, and whether
#                                    the generated tests of every sample notice each slip in its rules
set -euo pipefail

# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

kind=${1:-}
if [ "$kind" != slo ]; then
    sed -n '2,/^set/s/^# //p' "$0" >&2
    exit 2
fi
need_swift
"$ROOT/Deploy/cluster/packages" build prometheus
step "Building"
binary=$(build_release)
bench=$(build_release plimsoll-bench)
directory=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-bench.XXXXXX")
trap 'rm -rf "$directory"' EXIT
step "Rules on 30 days of history"
python3 -B "$ROOT/Tests/Benchmarks/slo.py" "$binary" "$directory"
cp "$directory/raw.csv" "$CACHE/bench-slo.csv"
echo "raw figures: $CACHE/bench-slo.csv"
step "Generated tests of every sample"
mkdir "$directory/mutations"
python3 -B "$ROOT/Tests/Benchmarks/mutations.py" "$binary" "$ROOT/Manifests/samples" "$directory/mutations"
step "Simulated months"
"$bench" slo-months "${2:-200}" | tee "$directory/months"
echo
grep '^MONTHS ' "$directory/months" | column -t
