# The image. Sourced by chart-test.sh.
# shellcheck shell=bash

# The same bytes twice, and at most so many of them.
image_is_reproducible() {
    "$ROOT/Deploy/image/build" "$work/one.tar" >"$work/one"
    "$ROOT/Deploy/image/build" "$work/two.tar" >"$work/two"
    cmp "$work/one.tar" "$work/two.tar"
    [ "$(tail -n 1 "$work/one")" = "$(tail -n 1 "$work/two")" ]
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
    quietly "the image is the same twice" image_is_reproducible
    quietly "the image is tidy" image_is_tidy
    grep ^FIGURE "$work/log"
}
