# Prometheus and Alertmanager. Sourced.
# shellcheck shell=bash

start_alertmanager() {
	local url
	url=http://$API_ADDRESS:$(port alertmanager)
	mkdir -p "$CLUSTER_DIR/alertmanager"
	{
		cat <<-'YAML'
			# Alerts are held and shown, and sent to nobody.
			route: {receiver: "null", group_wait: 1s, group_interval: 5s}
			receivers: [{name: "null"}]
		YAML
		cat "$HERE/../../Manifests/alerts/alertmanager-inhibit.yaml"
	} | write_if_changed "$CLUSTER_DIR/alertmanager/alertmanager.yml" || true
	start_server alertmanager /usr/bin/prometheus-alertmanager --config.file "$CLUSTER_DIR/alertmanager/alertmanager.yml" \
		--storage.path "$CLUSTER_DIR/alertmanager/data" --web.listen-address "$API_ADDRESS:$(port alertmanager)" --cluster.listen-address= --log.level warn
	wait_server 30 alertmanager curl -sS --fail --max-time 2 -o /dev/null "$url/-/ready"
	say "Alertmanager ready at $url"
}

# A scrape job over https, as a member of system:monitoring, the server's certificate verified.
secured_job() {
	cat <<-YAML
		- job_name: $1
		  scheme: https
		  tls_config: {ca_file: "$PKI/ca.crt", cert_file: "$PKI/prometheus.crt", key_file: "$PKI/prometheus.key"}
		  static_configs: [{targets: ["$2"]}]
	YAML
}

prometheus_configuration() {
	cat <<-YAML
		global:
		  scrape_interval: $(setting scrape-interval 15s)
		  scrape_timeout: $(setting scrape-timeout "$(setting scrape-interval 10s)")
		  evaluation_interval: $(setting evaluation-interval 15s)
		rule_files: ["$CLUSTER_DIR/rules/*.yaml", "$CLUSTER_DIR/rules/*.yml"]
	YAML
	if has_part alertmanager; then
		cat <<-YAML
			alerting:
			  alertmanagers: [{static_configs: [{targets: ["$API_ADDRESS:$(port alertmanager)"]}]}]
		YAML
	fi
	cat <<-YAML
		scrape_configs:
		- job_name: prometheus
		  static_configs: [{targets: ["$API_ADDRESS:$(port prometheus)"]}]
		- job_name: targets
		  file_sd_configs: [{files: ["$CLUSTER_DIR/targets.d/*.json"], refresh_interval: 30s}]
	YAML
	secured_job apiserver "$API_ADDRESS:$(port apiserver)"
	secured_job kube-controller-manager "127.0.0.1:$(port kube-controller-manager)"
	secured_job kube-scheduler "127.0.0.1:$(port kube-scheduler)"
	if has_part alertmanager; then
		printf -- '- job_name: alertmanager\n  static_configs: [{targets: ["%s"]}]\n' "$API_ADDRESS:$(port alertmanager)"
	fi
}

start_prometheus() {
	local url changed=no running=no
	url=http://$API_ADDRESS:$(port prometheus)
	# Debian's Prometheus has no discovery of Kubernetes built in. What finds the pods instead is told of a new one at once, as that would be.
	if has_part node; then start_server pod-targets "$HERE/pod-targets" "$NAME"; fi
	! prometheus_configuration | write_if_changed "$CLUSTER_DIR/prometheus.yml" || changed=yes
	! server_alive prometheus || running=yes
	# For five seconds after a reload Prometheus knows no Alertmanager, and what it then could not send it sends again only after
	# the resend delay: a minute by default, long for a demo or a test.
	start_server prometheus /usr/bin/prometheus --config.file "$CLUSTER_DIR/prometheus.yml" \
		--storage.tsdb.path "$(setting prometheus-data "$CLUSTER_DIR/prometheus")" \
		--storage.tsdb.retention.time "$(setting retention 60d)" --web.listen-address "$API_ADDRESS:$(port prometheus)" \
		--web.enable-lifecycle --web.enable-admin-api --rules.alert.resend-delay 5s --scrape.discovery-reload-interval 1s --log.level warn
	wait_server 120 prometheus curl -sS --fail --max-time 2 -o /dev/null "$url/-/ready"
	[ "$changed$running" != yesyes ] || curl -sS --fail --max-time 20 -X POST "$url/-/reload" || die "Prometheus refuses $CLUSTER_DIR/prometheus.yml; log: $LOGS/prometheus.log"
	say "Prometheus ready at $url"
}
