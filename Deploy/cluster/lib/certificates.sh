# A certificate authority for a cluster, its certificates and its kubeconfigs. Sourced.
# shellcheck shell=bash

make_authority() {
	[ ! -s "$PKI/ca.crt" ] || return 0
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=plimsoll-$NAME" \
		-keyout "$PKI/ca.key" -out "$PKI/ca.crt.new" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature 2>>"$LOGS/openssl.log"
	mv "$PKI/ca.crt.new" "$PKI/ca.crt"
}

# make_certificate FILE SUBJECT [SUBJECT ALTERNATIVE NAMES]: for client and server use, by the cluster's authority.
make_certificate() {
	local file=$PKI/$1 subject=$2 names=${3:-}
	[ ! -s "$file.crt" ] || return 0
	{
		printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\nbasicConstraints=CA:FALSE\n'
		[ -z "$names" ] || printf 'subjectAltName=%s\n' "$names"
	} >"$file.ext"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" -keyout "$file.key" -out "$file.csr" 2>>"$LOGS/openssl.log"
	openssl x509 -req -in "$file.csr" -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -set_serial "0x$(openssl rand -hex 8)" \
		-days 3650 -extfile "$file.ext" -out "$file.crt.new" 2>>"$LOGS/openssl.log"
	rm -f "$file.csr" "$file.ext"
	mv "$file.crt.new" "$file.crt"
}

make_certificates() {
	make_authority
	local own="DNS:localhost,IP:127.0.0.1,IP:$BRIDGE_ADDRESS,IP:$NODE_ADDRESS"
	make_certificate apiserver /CN=kube-apiserver "$own,IP:$SERVICE_ADDRESS,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
	make_certificate kube-controller-manager /CN=system:kube-controller-manager "$own"
	make_certificate kube-scheduler /CN=system:kube-scheduler "$own"
	make_certificate apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
	make_certificate front-proxy-client /CN=front-proxy-client
	make_certificate admin /O=system:masters/CN=admin
	make_certificate prometheus /O=system:monitoring/CN=prometheus
	if [ ! -s "$PKI/service-account.key" ]; then
		openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/service-account.key"
	fi
}

# make_kubeconfig FILE SERVER CERTIFICATE: everything embedded, so that the file can be taken anywhere.
make_kubeconfig() {
	write_if_changed "$1" <<-YAML || true
		apiVersion: v1
		kind: Config
		current-context: $NAME
		clusters:
		- name: $NAME
		  cluster:
		    server: $2
		    certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")
		users:
		- name: $3
		  user:
		    client-certificate-data: $(base64 -w0 "$PKI/$3.crt")
		    client-key-data: $(base64 -w0 "$PKI/$3.key")
		contexts:
		- name: $NAME
		  context: {cluster: $NAME, user: $3}
	YAML
	chmod 600 "$1"
}

# https_ok URL: a request by the administrator, the server's certificate verified, that is answered with 2xx.
https_ok() { curl -sS --fail --max-time 5 --cacert "$PKI/ca.crt" --cert "$PKI/admin.crt" --key "$PKI/admin.key" -o /dev/null "$@"; }
