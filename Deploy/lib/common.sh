# shellcheck shell=bash
# The common ground of the commands in Deploy: the cluster scripts' logging and cache, and Swift builds. Sourced, never run.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=../cluster/lib.sh
. "$ROOT/Deploy/cluster/lib.sh"

step() { say "$*"; }

swift_version() { swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1; }

# The scratch folder of one tool-chain version, shared by clean clones. PLIMSOLL_SCRATCH names another, for two runs at once.
swift_scratch() { printf '%s\n' "${PLIMSOLL_SCRATCH:-$CACHE/swift-$(swift_version)}"; }

# Where SwiftPM leaves an empty folder a target and build, hundreds of them: in the cache, and those of earlier builds are gone.
swift_temporary() {
	local temporary
	temporary=$(swift_scratch)/temporary
	mkdir -p "$temporary"
	find "$temporary" -mindepth 1 -maxdepth 1 -mmin +120 -exec rm -rf {} +
	printf '%s\n' "$temporary"
}

need_swift() {
	command -v swift >/dev/null || {
		echo "A Swift toolchain (6.2 or later) must be on PATH: https://www.swift.org/install/linux/" >&2
		exit 3
	}
}

# build_release [PRODUCT]: a static release binary: plimsoll, which the tests, the demo and the image run, or another product; prints its path.
# PLIMSOLL_STRICT changes the compiler's flags, and so would others for other products: with the same for all, nobody builds again what another has.
build_release() {
	local scratch product=${1:-plimsoll}
	scratch=$(swift_scratch)
	env -u PLIMSOLL_STRICT TMPDIR="$(swift_temporary)" swift build --package-path "$ROOT" --scratch-path "$scratch" -c release --static-swift-stdlib --product "$product" \
		--explicit-target-dependency-import-check error >&2 || return
	printf '%s/release/%s\n' "$scratch" "$product"
}
