# The CRD server of today (CEL), on an etcd of its own; who may do what it asks the cluster's API server. Sourced.
# shellcheck shell=bash

crd_api_answers() { https_ok "$CRDSERVER_URL/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=1"; }

# Its /readyz never says ok (it waits for APIs that 1.20 lacks): ready is when it lists CRDs.
start_crd_server() {
	local client peer admin=$CLUSTER_DIR/kubeconfig
	client=http://127.0.0.1:$(port crd-etcd)
	peer=http://127.0.0.1:$(port crd-etcd-peer)
	CRDSERVER_URL=https://127.0.0.1:$(port crd-server)
	start_server crd-etcd /usr/bin/etcd --name default --data-dir "$CLUSTER_DIR/crd-etcd" --unsafe-no-fsync \
		--listen-client-urls "$client" --advertise-client-urls "$client" --listen-peer-urls "$peer" \
		--initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" --log-level warn
	wait_server 60 crd-etcd curl -sS --fail --max-time 2 -o /dev/null "$client/health"
	start_server crd-server "$CRDSERVER" --etcd-servers "$client" --bind-address 127.0.0.1 --secure-port "$(port crd-server)" \
		--tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" --client-ca-file "$PKI/ca.crt" \
		--kubeconfig "$admin" --authentication-kubeconfig "$admin" --authorization-kubeconfig "$admin" \
		--authentication-tolerate-lookup-failure=true \
		--disable-admission-plugins=ValidatingAdmissionPolicy,MutatingAdmissionPolicy,MutatingAdmissionWebhook,ValidatingAdmissionWebhook
	wait_server 60 crd-server crd_api_answers
	make_kubeconfig "$CLUSTER_DIR/crd-server.kubeconfig" "$CRDSERVER_URL" admin
	say "CRD server ready at $CRDSERVER_URL"
}
