# shellcheck shell=bash
# Counts what passed, failed and was skipped over all phases. Sourced.

TALLY_PASSED=0 TALLY_FAILED=0 TALLY_SKIPPED=0 TALLY_REPEATED=0

# check NAME COMMAND...: one check that passes or fails; its output is shown when it fails.
check() {
    local name=$1 log
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1 </dev/null; then
        TALLY_PASSED=$((TALLY_PASSED + 1))
        grep -E '^(FIGURE|ok|PASS)' "$log" || true
        echo "  passed: $name"
    else
        TALLY_FAILED=$((TALLY_FAILED + 1))
        tail -n 60 "$log"
        echo "  FAILED: $name"
    fi
    rm -f "$log"
}

# skip REASON: something real that this machine cannot do; counted and told.
skip() {
    TALLY_SKIPPED=$((TALLY_SKIPPED + 1))
    echo "  skipped: $1"
}

# tally_xunit NAME FILE STATUS LOG: adds a test run. No test at all, or a runner that died, is a failure.
tally_xunit() {
    local name=$1 file=$2 status=$3 log=$4 total failed skipped
    if [ ! -s "$file" ]; then
        tail -n 60 "$log"
        echo "  FAILED: $name: the test process ended with status $status and no report"
        TALLY_FAILED=$((TALLY_FAILED + 1))
        return
    fi
    total=$(grep -c '<testcase ' "$file" || true)
    failed=$(grep -c '<failure' "$file" || true)
    skipped=$(grep -c '<skipped' "$file" || true)
    # A test with several issues has several failure elements; the runner's status decides whether the run failed.
    failed=$(awk '/<testcase /{open=1; bad=0} /<failure/{if(open&&!bad){n++; bad=1}} END{print n+0}' "$file")
    if [ "$total" -eq 0 ]; then
        echo "  FAILED: $name: the filter matched no test"
        failed=1 total=1
    elif [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        tail -n 60 "$log"
        echo "  FAILED: $name: the test process ended with status $status"
        failed=1 total=$((total + 1))
    fi
    if [ "$failed" -gt 0 ]; then grep -E '✘|recorded an issue|↳' "$log" | head -n 80 || true; fi
    TALLY_PASSED=$((TALLY_PASSED + total - failed - skipped))
    TALLY_FAILED=$((TALLY_FAILED + failed))
    TALLY_SKIPPED=$((TALLY_SKIPPED + skipped))
    echo "  $name: $((total - failed - skipped)) passed, $failed failed, $skipped skipped"
}

# failed_tests FILE: a filter for the tests of a report that failed.
failed_tests() {
    awk '
        /<testcase /{ open = $0; bad = 0 }
        /<failure/{
            if (open != "" && !bad) {
                bad = 1; suite = open; test = open
                sub(/.*classname="/, "", suite); sub(/".*/, "", suite)
                sub(/.* name="/, "", test); sub(/[("].*/, "", test)
                gsub(/\./, "\\.", suite)
                print "^" suite "/" test "\\("
            }
        }' "$1" | sort -u | paste -sd '|'
}

# tally_repeated FAILED BEFORE: so many had failed, of so many then; those that passed when they were tried again are no failures.
tally_repeated() {
    local failed_again=$((TALLY_FAILED - $2 - $1))
    [ "$failed_again" -ge 0 ] && [ "$failed_again" -le "$1" ] || return 0
    TALLY_FAILED=$(($2 + failed_again))
    TALLY_REPEATED=$((TALLY_REPEATED + $1 - failed_again))
}

# The closing line; the status says whether all was well.
tally_close() {
    echo
    if [ "$TALLY_REPEATED" -gt 0 ]; then echo "passed only when tried again, by themselves: $TALLY_REPEATED (✘ above)"; fi
    echo "$TALLY_PASSED passed, $TALLY_FAILED failed, $TALLY_SKIPPED skipped"
    [ "$TALLY_FAILED" -eq 0 ]
}
