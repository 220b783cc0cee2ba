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
# The tests that are too long for every commit; prints on how many traces the evaluator says what promtool says.
run_long_tests() {
    local scratch
    scratch=$(swift_scratch)
    TMPDIR=$(swift_temporary) swift build --package-path "$ROOT" --scratch-path "$scratch" --build-tests >&2
    TMPDIR=$(swift_temporary) swift test --package-path "$ROOT" --scratch-path "$scratch" --skip-build --disable-xctest \
        --filter '^ServiceLevelsTests\.(Backtest|RuleTests)' >"$directory/long.log" 2>&1 || { tail -n 40 "$directory/long.log" >&2; return 1; }
    grep -cE 'Test case passing 1 argument setup .* passed' "$directory/long.log"
}
directory=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-bench.XXXXXX")
trap 'rm -rf "$directory"' EXIT
step "Rules on 30 days of history"
python3 -B "$ROOT/Tests/Benchmarks/slo.py" "$binary" "$directory"
cp "$directory/raw.csv" "$CACHE/bench-slo.csv"
echo "raw figures: $CACHE/bench-slo.csv"
step "Generated tests of every sample"
mkdir "$directory/mutations"
python3 -B "$ROOT/Tests/Benchmarks/mutations.py" "$binary" "$ROOT/Manifests/samples" "$directory/mutations" per_slo
step "The same in the layout Fleet"
mkdir "$directory/fleet"
echo "prometheus: [{name: default, url: 'http://127.0.0.1:9', rules: {layout: Fleet, fleet: {places: 4}}}]" >"$directory/fleet.yaml"
python3 -B "$ROOT/Tests/Benchmarks/mutations.py" "$binary" "$ROOT/Manifests/samples" "$directory/fleet" fleet "$directory/fleet.yaml"
step "The evaluator of the months beside promtool"
traces=$(PLIMSOLL_TEST_LONG=1 run_long_tests)
echo "FIGURE evaluator_agrees_with_promtool $traces traces >=20 $([ "$traces" -ge 20 ] && echo ok || echo short)"
step "Simulated months"
"$bench" slo-months "${2:-200}" | tee "$directory/months"
echo
grep '^MONTHS ' "$directory/months" | column -t
step "Every query of every dashboard, on the demo"
"$ROOT/Deploy/lib/chart-test.sh" demo
