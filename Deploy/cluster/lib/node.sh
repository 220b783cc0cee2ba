# A node that runs real containers: containerd, kubelet and kube-proxy in namespaces of their own. Sourced.
# shellcheck shell=bash

bridge_is_ours() { [ "$(cat "/sys/class/net/$BRIDGE/ifalias" 2>/dev/null)" = "$CLUSTER_DIR" ]; }

# The bridge, with routes to the node's pods and services from this machine.
make_bridge() {
	# On a stock kernel these are modules, and from inside the node they could not be loaded.
	modprobe -q -a br_netfilter overlay nf_conntrack 2>/dev/null || true
	if [ ! -e "/sys/class/net/$BRIDGE" ]; then
		ip link add "$BRIDGE" type bridge
		ip link set "$BRIDGE" alias "$CLUSTER_DIR"
		ip address add "$BRIDGE_ADDRESS/24" dev "$BRIDGE"
	fi
	bridge_is_ours || die "network device $BRIDGE is not of cluster $CLUSTER_DIR but of '$(cat "/sys/class/net/$BRIDGE/ifalias")'; take this cluster down and up again, it will get another"
	ip link set "$BRIDGE" up
	ip route replace "$POD_CIDR" via "$NODE_ADDRESS" dev "$BRIDGE" onlink
	ip route replace "$SERVICE_CIDR" via "$NODE_ADDRESS" dev "$BRIDGE" onlink
}

start_namespaces() {
	! server_alive node || return 0
	rm -f "$NODE/init-ready"
	ip link delete "$BRIDGE-0" 2>/dev/null || true
	start_server node unshare --mount --net --pid --fork --propagation private "$HERE/node-init" "$NODE" "$NODE_ADDRESS" "$BRIDGE_ADDRESS"
	ip link add "$BRIDGE-0" type veth peer name eth0 netns "$(cat "$CLUSTER_DIR/pids/node")"
	ip link set "$BRIDGE-0" master "$BRIDGE" up
	wait_server 20 node test -e "$NODE/init-ready"
}

# start_in_node NAME COMMAND...
start_in_node() {
	local server=$1
	shift
	start_server "$server" nsenter --target "$(cat "$CLUSTER_DIR/pids/node")" --mount --net --pid -- "$@"
}

in_node() { nsenter --target "$(cat "$CLUSTER_DIR/pids/node")" --mount --net --pid -- "$@"; }

containerd_configuration() {
	local snapshotter=overlayfs
	# An overlay can't lie on an overlay.
	[ "$(stat -f -c %T "$NODE")" != overlayfs ] || snapshotter=native
	cat <<-TOML
		version = 2
		[grpc]
		  address = "/run/containerd/containerd.sock"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/plimsoll/pause:1"
		  restrict_oom_score_adj = true
		  [plugins."io.containerd.grpc.v1.cri".containerd]
		    snapshotter = "$snapshotter"
		    default_runtime_name = "runc"
		    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
		      runtime_type = "io.containerd.runc.v2"
		      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
		        BinaryName = "runc"
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "/usr/lib/cni"
		    conf_dir = "$NODE/cni"
	TOML
}

cni_configuration() {
	cat <<-JSON
		{"cniVersion": "0.4.0", "name": "pods", "plugins": [
		  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true, "ipMasq": false,
		   "ipam": {"type": "host-local", "dataDir": "/run/cni-addresses", "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
		  {"type": "portmap", "capabilities": {"portMappings": true}}
		]}
	JSON
}

start_containerd() {
	containerd_configuration | write_if_changed "$NODE/containerd.toml" || true
	cni_configuration | write_if_changed "$NODE/cni/pods.conflist" || true
	start_in_node containerd /usr/bin/containerd --config "$NODE/containerd.toml" --log-level warn
	wait_server 30 containerd in_node /usr/bin/ctr --connect-timeout 2s version
	# shellcheck disable=SC2016 # that $(...) is for the script being written.
	printf '#!/bin/sh\n# ctr of the node, in the namespace of its pods.\nexec nsenter --target "$(cat %q)" --mount --net --pid -- /usr/bin/ctr -n k8s.io "$@"\n' \
		"$CLUSTER_DIR/pids/node" | write_if_changed "$CLUSTER_DIR/bin/ctr" || true
	chmod +x "$CLUSTER_DIR/bin/ctr"
	local image archive
	for image in busybox pause; do
		archive=$("$HERE/build-images" "$image")
		"$HERE/load-image" "${CLUSTER_DIR##*/}" "$archive"
	done
	say "containerd ready"
}

kubelet_configuration() {
	cat <<-YAML
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		address: $NODE_ADDRESS
		readOnlyPort: 0
		tlsCertFile: $PKI/kubelet.crt
		tlsPrivateKeyFile: $PKI/kubelet.key
		authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
		authorization: {mode: Webhook}
		cgroupDriver: cgroupfs
		cgroupRoot: /plimsoll-${CLUSTER_DIR##*/}
		cgroupsPerQOS: false
		enforceNodeAllocatable: []
		failSwapOn: false
		resolvConf: $NODE/resolv.conf
		maxPods: 200
		# Images come from nowhere but here, and a full disk of the developer's is no reason to evict.
		imageGCHighThresholdPercent: 100
		evictionHard: {memory.available: 50Mi, nodefs.available: 1%, imagefs.available: 1%}
		# Short, so that tests of volumes and of config maps need not wait.
		syncFrequency: 10s
		nodeStatusUpdateFrequency: 2s
		nodeStatusReportFrequency: 5m
	YAML
}

start_kubelet() {
	make_certificate kubelet "/O=system:nodes/CN=system:node:$NODE_NAME" "DNS:$NODE_NAME,IP:$NODE_ADDRESS"
	make_kubeconfig "$NODE/kubelet.kubeconfig" "$APISERVER_URL" kubelet
	kubelet_configuration | write_if_changed "$NODE/kubelet.yaml" || true
	start_in_node kubelet "$BIN/kubelet" --config "$NODE/kubelet.yaml" --kubeconfig "$NODE/kubelet.kubeconfig" \
		--hostname-override "$NODE_NAME" --node-ip "$NODE_ADDRESS" --root-dir /var/lib/kubelet \
		--container-runtime remote --container-runtime-endpoint unix:///run/containerd/containerd.sock
}

start_kube_proxy() {
	make_certificate kube-proxy /CN=system:kube-proxy
	make_kubeconfig "$NODE/kube-proxy.kubeconfig" "$APISERVER_URL" kube-proxy
	write_if_changed "$NODE/kube-proxy.yaml" <<-YAML || true
		apiVersion: kubeproxy.config.k8s.io/v1alpha1
		kind: KubeProxyConfiguration
		clientConnection: {kubeconfig: $NODE/kube-proxy.kubeconfig}
		hostnameOverride: $NODE_NAME
		mode: iptables
		clusterCIDR: $POD_CIDR
		conntrack: {maxPerCore: 0, min: 0}
		iptables: {minSyncPeriod: 100ms, syncPeriod: 30s}
	YAML
	start_in_node kube-proxy "$BIN/kube-proxy" --config "$NODE/kube-proxy.yaml"
	wait_server 30 kube-proxy in_node curl -sS --fail --max-time 2 --noproxy '*' -o /dev/null http://127.0.0.1:10256/healthz
}

# Ready, and no taint left that keeps pods away.
node_schedulable() {
	local node
	node=$("$CLUSTER_DIR/bin/kubectl" --kubeconfig "$CLUSTER_DIR/kubeconfig" get node "$NODE_NAME" \
		-o 'jsonpath={.status.conditions[?(@.type=="Ready")].status} {.spec.taints}')
	[ "$node" = "True " ] || {
		printf 'node %s: Ready and taints are "%s"\n' "$NODE_NAME" "$node"
		return 1
	}
}

start_node() {
	NODE=$CLUSTER_DIR/node
	case $CACHE/ in /run/* | /var/run/* | /var/lib/* | /var/log/*) die "the node hides /run, /var/lib and /var/log, so the cache can't be in $CACHE; set PLIMSOLL_CACHE" ;; esac
	mkdir -p "$NODE"/{lib,log,cni}
	: >"$NODE/resolv.conf"
	start_namespaces
	start_containerd
	start_kubelet
	start_kube_proxy
	wait_server 90 kubelet node_schedulable
	say "node $NODE_NAME ready at $NODE_ADDRESS"
}

# After its servers have ended: what of the node lives outside the processes.
remove_node() {
	local root try
	[ -s "$CLUSTER_DIR/index" ] || return 0
	addresses
	if bridge_is_ours; then
		ip link delete "$BRIDGE-0" 2>/dev/null || true
		ip link delete "$BRIDGE"
	fi
	for root in "/sys/fs/cgroup/plimsoll-$NAME" /sys/fs/cgroup/*/"plimsoll-$NAME"; do
		for ((try = 0; try < 50; try++)); do
			[ -d "$root" ] || break
			find "$root" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
		done
		[ ! -d "$root" ] || say "cgroup $root could not be removed"
	done
}
