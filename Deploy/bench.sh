#!/usr/bin/env bash
# Figures beside peers, one line each: FIGURE <name> <value> <unit> <target> ok|short, and PEER <name> <value> <unit>. Exit 0 when all were measured.
#   ./Deploy/bench.sh slo [MONTHS]      budgets and costs of rules on 30 days of history, MONTHS (200) simulated months of false pages, and whether
#                                       the generated tests of every sample notice each slip in its rules
#   ./Deploy/bench.sh rollout [RUNS]    RUNS (2000) simulated releases a row: healthy ones called bad, bad ones found in time
set -euo pipefail

# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

kind=${1:-}
case "$kind" in
slo | rollout) ;;
*)
    sed -n '2,/^set/s/^# //p' "$0" >&2
    exit 2
    ;;
esac
need_swift
if [ "$kind" = rollout ]; then
    step "Building"
    bench=$(build_release plimsoll-bench)
    step "Simulated releases"
    "$bench" rollout "${2:-2000}" | tee "$CACHE/bench-rollout.txt"
    echo
    grep '^ROW ' "$CACHE/bench-rollout.txt" | column -t
    exit
fi
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
step "The same in the layout Fleet"
mkdir "$directory/fleet"
echo "prometheus: [{name: default, url: 'http://127.0.0.1:9', rules: {layout: Fleet, fleet: {places: 4}}}]" >"$directory/fleet.yaml"
python3 -B "$ROOT/Tests/Benchmarks/mutations.py" "$binary" "$ROOT/Manifests/samples" "$directory/fleet" "$directory/fleet.yaml"
step "Simulated months"
"$bench" slo-months "${2:-200}" | tee "$directory/months"
echo
grep '^MONTHS ' "$directory/months" | column -t
