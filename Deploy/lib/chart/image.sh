# The image. Sourced by chart-test.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154 # work, ROOT and the like are of chart-test.sh

build_once() { "$ROOT/Deploy/image/build" "$work/one.tar" >"$work/one"; }

# A registry of our own for the README's commands, by TLS as registries are.
start_registry() {
    local port
    port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export REGISTRY=127.0.0.1:$port SSL_CERT_FILE=$work/registry.crt
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry -addext subjectAltName=IP:127.0.0.1 \
        -keyout "$work/registry.key" -out "$SSL_CERT_FILE" 2>/dev/null
    printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: "%s"}}\nhttp: {addr: "%s", tls: {certificate: "%s", key: "%s"}}\n' \
        "$work/registry" "$REGISTRY" "$SSL_CERT_FILE" "$work/registry.key" >"$work/registry.yml"
    docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 </dev/null &
    cleanups=("kill $!" "${cleanups[@]}")
    wait_until 10 "the registry" "$work/registry.log" curl -fsS --noproxy '*' --cacert "$SSL_CERT_FILE" -o /dev/null "https://$REGISTRY/v2/"
}

# The README's commands build it again and push it: the same bytes, and what the registry then has bears the digest that `build` said.
pushed_as_it_is() {
    run_readme image "$ROOT"
    cmp "$work/one.tar" "$CACHE/images/plimsoll.tar"
    [ "$(skopeo inspect --format '{{.Digest}}' "docker://$REGISTRY/plimsoll:0.1.0")" = "$(tail -n 1 "$work/one")" ]
}

# What the layer holds: nothing writable but /tmp, nothing with special rights, everything root's.
image_is_tidy() {
    python - "$work/one.tar" <<'PYTHON'
import gzip, hashlib, io, json, sys, tarfile
archive = tarfile.open(sys.argv[1])
def blob(descriptor):
    data = archive.extractfile("./blobs/sha256/" + descriptor["digest"].removeprefix("sha256:")).read()
    assert "sha256:" + hashlib.sha256(data).hexdigest() == descriptor["digest"] and len(data) == descriptor["size"], descriptor
    return data
[entry] = json.load(archive.extractfile("./index.json"))["manifests"]
manifest = json.loads(blob(entry))
config = json.loads(blob(manifest["config"]))
[layer] = manifest["layers"]
plain = gzip.decompress(blob(layer))
assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(plain).hexdigest()]
assert config["config"]["User"] == "65532:65532"
members = tarfile.open(fileobj=io.BytesIO(plain)).getmembers()
names = {m.name for m in members}
for needed in ("./usr/bin/plimsoll", "./etc/ssl/certs/ca-certificates.crt", "./usr/share/zoneinfo/Europe/Oslo", "./etc/passwd", "./var/lib/dpkg/status.d/libcurl4"):
    assert needed in names, f"{needed} is missing"
for member in members:
    assert (member.uid, member.gid, member.mtime) == (0, 0, 0), member.name
    assert member.isdir() or member.isfile() or member.issym() or member.islnk(), f"{member.name} is a device"
    assert not member.mode & 0o6000, f"{member.name} is set-uid"
    assert member.issym() or not member.mode & 0o022 or member.name == "./tmp", f"{member.name} is writable for others"
print(f"FIGURE image-compressed {layer['size'] / 1048576:.1f} MiB <=60 {'ok' if layer['size'] <= 60 * 1048576 else 'short'}")
PYTHON
}

test_image() {
    step "Image"
    "$ROOT/Deploy/cluster/packages" build image chart
    quietly "the image is built" build_once
    quietly "the image is tidy" image_is_tidy
    grep ^FIGURE "$work/log"
    start_registry
    quietly "README: the image is the same again, and a registry takes it" pushed_as_it_is
    unset SSL_CERT_FILE REGISTRY
}
