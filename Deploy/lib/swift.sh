# shellcheck shell=bash
# Builds with Swift into the cache, so that clean clones share what is slow to build. Sourced; needs $PLIMSOLL_CACHE and $ROOT.

swift_version() { swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1; }

# The scratch folder of one tool-chain version. PLIMSOLL_SCRATCH names another, for two runs at once.
swift_scratch() { printf '%s\n' "${PLIMSOLL_SCRATCH:-$PLIMSOLL_CACHE/swift-$(swift_version)}"; }

need_swift() {
    command -v swift >/dev/null || {
        echo "A Swift toolchain (6.2 or later) must be on PATH: https://www.swift.org/install/linux/" >&2
        exit 3
    }
}

# build_release: the static release binary that the tests, the demo and the image run; prints its path.
build_release() {
    local scratch
    scratch=$(swift_scratch)
    swift build --package-path "$ROOT" --scratch-path "$scratch" -c release --static-swift-stdlib --product plimsoll \
        --explicit-target-dependency-import-check error >&2
    printf '%s/release/plimsoll\n' "$scratch"
}
