# What a cluster keeps in its folder: its index, its free ports, its settings. Sourced.
# shellcheck shell=bash

# use_cluster NAME: sets NAME and CLUSTER_DIR.
use_cluster() {
	[[ "${1:-}" =~ ^[a-z0-9][a-z0-9-]{0,30}$ ]] || die "cluster name '${1:-}': lower-case letters, digits and hyphens are accepted, at most 31, the first no hyphen"
	NAME=$1
	CLUSTER_DIR=$CACHE/clusters/$NAME
	LOGS=$CLUSTER_DIR/logs PKI=$CLUSTER_DIR/pki
	# What the scripts and servers speak to is on this machine.
	export no_proxy=127.0.0.1,localhost,10.0.0.0/8 NO_PROXY=127.0.0.1,localhost,10.0.0.0/8
}

setting() { cat "$CLUSTER_DIR/settings/$1" 2>/dev/null || printf '%s' "${2:-}"; }
set_setting() { printf '%s' "$2" >"$CLUSTER_DIR/settings/$1"; }

# write_if_changed FILE: from standard input; succeeds only when the content is new.
write_if_changed() {
	local file=$1 content
	content=$(cat && printf x)
	content=${content%x}
	if [ -f "$file" ] && [ "${content}x" = "$(cat "$file" && printf x)" ]; then return 1; fi
	printf '%s' "$content" >"$file.new"
	mv "$file.new" "$file"
}

# A number that no other cluster of this cache has, whose bridge is nobody's. Each cache starts to count elsewhere.
choose_index() {
	[ ! -s "$CLUSTER_DIR/index" ] || return 0
	local index start step taken
	taken=" $({ cat "$CACHE"/clusters/*/index 2>/dev/null || true; } | tr '\n' ' ') "
	start=$(printf '%s' "$CACHE" | cksum | cut -d' ' -f1)
	for ((step = 0; step < 250; step++)); do
		index=$(((start + step) % 250))
		[[ "$taken" != *" $index "* ]] || continue
		[ ! -e "/sys/class/net/plim$index" ] || continue
		printf '%s\n' "$index" >"$CLUSTER_DIR/index"
		return 0
	done
	die "all 250 cluster indexes are in use (see $CACHE/clusters)"
}

# choose_ports WHAT...: one port each, that nothing listens on and no other cluster was given. Below the ephemeral ports and
# below Kubernetes' node ports, from a random place, so that even other caches are unlikely to meet us.
choose_ports() {
	local what port taken
	taken=" $({ cat "$CACHE"/clusters/*/ports/* 2>/dev/null || true; } | tr '\n' ' ') $(ss -Htln | awk '{ sub(/.*:/, "", $4); printf "%s ", $4 }')"
	port=$((20000 + (RANDOM * 32768 + RANDOM) % 9000))
	for what in "$@"; do
		[ ! -s "$CLUSTER_DIR/ports/$what" ] || continue
		while [[ "$taken" == *" $port "* ]]; do port=$((port + 1)); done
		printf '%s\n' "$port" >"$CLUSTER_DIR/ports/$what"
		port=$((port + 1))
	done
}

port() { cat "$CLUSTER_DIR/ports/$1"; }

# Addresses of this cluster's own networks, from its index.
addresses() {
	INDEX=$(cat "$CLUSTER_DIR/index")
	BRIDGE=plim$INDEX
	BRIDGE_ADDRESS=10.89.$INDEX.1
	NODE_NAME=$NAME-0
	NODE_ADDRESS=10.89.$INDEX.2
	POD_CIDR=10.88.$INDEX.0/24
	SERVICE_CIDR=10.90.$INDEX.0/24
	SERVICE_ADDRESS=10.90.$INDEX.1
}
