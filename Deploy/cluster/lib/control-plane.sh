# etcd, kube-apiserver, kube-controller-manager and kube-scheduler. Sourced.
# shellcheck shell=bash

start_etcd() {
	local client peer
	client=http://127.0.0.1:$(port etcd)
	peer=http://127.0.0.1:$(port etcd-peer)
	# A test cluster need not survive a power cut: without fsync it is several times as fast on a slow disk.
	start_server etcd /usr/bin/etcd --name default --data-dir "$CLUSTER_DIR/etcd" --unsafe-no-fsync \
		--listen-client-urls "$client" --advertise-client-urls "$client" --listen-peer-urls "$peer" \
		--initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" --log-level warn
	wait_server 60 etcd curl -sS --fail --max-time 2 -o /dev/null "$client/health"
	say "etcd ready"
}

start_apiserver() {
	write_if_changed "$CLUSTER_DIR/audit-policy.yaml" <<-'YAML' || true
		apiVersion: audit.k8s.io/v1
		kind: Policy
		omitStages: [RequestReceived]
		rules:
		- level: Metadata
	YAML
	local flags
	read -r -a flags <<<"$(setting apiserver-flags "")"
	start_server kube-apiserver "$BIN/kube-apiserver" "${flags[@]}" \
		--etcd-servers "http://127.0.0.1:$(port etcd)" --bind-address "$API_ADDRESS" --secure-port "$(port apiserver)" \
		--advertise-address "$BRIDGE_ADDRESS" --kubelet-preferred-address-types InternalIP --enable-aggregator-routing \
		--service-cluster-ip-range "$SERVICE_CIDR" --allow-privileged --authorization-mode Node,RBAC \
		--enable-admission-plugins NodeRestriction --anonymous-auth=true \
		--tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" --client-ca-file "$PKI/ca.crt" \
		--kubelet-certificate-authority "$PKI/ca.crt" --kubelet-client-certificate "$PKI/apiserver-kubelet-client.crt" --kubelet-client-key "$PKI/apiserver-kubelet-client.key" \
		--service-account-issuer https://kubernetes.default.svc --service-account-key-file "$PKI/service-account.key" \
		--service-account-signing-key-file "$PKI/service-account.key" \
		--requestheader-client-ca-file "$PKI/ca.crt" --requestheader-allowed-names front-proxy-client \
		--requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
		--requestheader-extra-headers-prefix X-Remote-Extra- \
		--proxy-client-cert-file "$PKI/front-proxy-client.crt" --proxy-client-key-file "$PKI/front-proxy-client.key" \
		--audit-policy-file "$CLUSTER_DIR/audit-policy.yaml" --audit-log-path "$LOGS/audit.log" --audit-log-maxsize 500 --audit-log-maxbackup 1
	wait_server 90 kube-apiserver https_ok "$APISERVER_URL/readyz"
	say "kube-apiserver ready at $APISERVER_URL"
}

start_controller_manager() {
	local kubeconfig=$CLUSTER_DIR/controller-manager.kubeconfig
	make_kubeconfig "$kubeconfig" "$APISERVER_URL" kube-controller-manager
	start_server kube-controller-manager "$BIN/kube-controller-manager" --master "$APISERVER_URL" --kubeconfig "$kubeconfig" \
		--authentication-kubeconfig "$kubeconfig" --authorization-kubeconfig "$kubeconfig" \
		--bind-address 127.0.0.1 --secure-port "$(port kube-controller-manager)" --port 0 --leader-elect=false \
		--tls-cert-file "$PKI/kube-controller-manager.crt" --tls-private-key-file "$PKI/kube-controller-manager.key" \
		--service-account-private-key-file "$PKI/service-account.key" --root-ca-file "$PKI/ca.crt" --use-service-account-credentials \
		--cluster-signing-cert-file "$PKI/ca.crt" --cluster-signing-key-file "$PKI/ca.key" \
		--node-monitor-period 1s --node-monitor-grace-period 40s --terminated-pod-gc-threshold 200
}

start_scheduler() {
	local kubeconfig=$CLUSTER_DIR/scheduler.kubeconfig
	make_kubeconfig "$kubeconfig" "$APISERVER_URL" kube-scheduler
	start_server kube-scheduler "$BIN/kube-scheduler" --master "$APISERVER_URL" --kubeconfig "$kubeconfig" \
		--authentication-kubeconfig "$kubeconfig" --authorization-kubeconfig "$kubeconfig" \
		--bind-address 127.0.0.1 --secure-port "$(port kube-scheduler)" --port 0 --leader-elect=false \
		--tls-cert-file "$PKI/kube-scheduler.crt" --tls-private-key-file "$PKI/kube-scheduler.key"
}

# Without its token no pod of the namespace can start: this is the last thing the controller manager brings about at start.
default_account_ready() {
	https_ok "$APISERVER_URL/apis/coordination.k8s.io/v1/leases?limit=1" &&
		curl -sS --fail --max-time 5 --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" \
			"$APISERVER_URL/api/v1/namespaces/default/serviceaccounts/default" | grep -q '"secrets"'
}

# kubectl that writes its discovery cache into the cluster's folder and not into the user's home.
make_kubectl() {
	printf '#!/bin/sh\nexec %q --cache-dir %q "$@"\n' "$BIN/kubectl" "$CLUSTER_DIR/kubectl-cache" | write_if_changed "$CLUSTER_DIR/bin/kubectl" || true
	chmod +x "$CLUSTER_DIR/bin/kubectl"
}

start_control_plane() {
	APISERVER_URL=https://$API_ADDRESS:$(port apiserver)
	make_certificates
	make_kubeconfig "$CLUSTER_DIR/kubeconfig" "$APISERVER_URL" admin
	make_kubectl
	start_etcd
	start_apiserver
	start_controller_manager
	start_scheduler
	wait_server 60 kube-controller-manager https_ok "https://127.0.0.1:$(port kube-controller-manager)/healthz"
	wait_server 60 kube-scheduler https_ok "https://127.0.0.1:$(port kube-scheduler)/healthz"
	wait_server 60 kube-controller-manager default_account_ready
	say "kube-controller-manager and kube-scheduler ready"
}
