# An OCI image archive from a folder: one gzip layer, everything sorted and without times, so that the same folder gives the same bytes. Sourced.
# shellcheck shell=bash

plain_tar() { tar --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$1" -cf "$2" .; }
sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

# put_blob FILE: moves it to its place; prints its digest and size.
put_blob() {
    local digest size
    digest=$(sha256_of "$1")
    size=$(stat -c %s "$1")
    mv "$1" "$layout/blobs/sha256/$digest"
    printf '%s %s' "$digest" "$size"
}

# write_oci_archive FOLDER OUT NAME VERSION; sets OCI_DIGEST, the digest of the manifest, which is the image's.
write_oci_archive() {
    local root=$1 out=$2 name=$3 version=$4 scratch layout diff_id digest size config_digest config_size architecture manifest_digest manifest_size
    scratch=$(mktemp -d)
    layout=$scratch/layout
    mkdir -p "$layout/blobs/sha256"
    plain_tar "$root" "$scratch/layer.tar"
    diff_id=$(sha256_of "$scratch/layer.tar")
    gzip -n -9 "$scratch/layer.tar"
    read -r digest size < <(put_blob "$scratch/layer.tar.gz") || true
    architecture=$(dpkg --print-architecture)
    # Crashes are for the core dump and the log: nothing in the image could run Swift's own backtracer.
    cat >"$scratch/config" <<JSON
{"architecture":"$architecture","os":"linux","created":"1970-01-01T00:00:00Z","config":{"User":"$IMAGE_USER:$IMAGE_USER","Entrypoint":["/usr/bin/plimsoll"],"Cmd":["run"],"WorkingDir":"/","Env":["PATH=/usr/bin","SWIFT_BACKTRACE=enable=no"],"ExposedPorts":{"8080/tcp":{}},"Labels":{"org.opencontainers.image.title":"plimsoll","org.opencontainers.image.version":"$version","org.opencontainers.image.licenses":"Apache-2.0"}},"rootfs":{"type":"layers","diff_ids":["sha256:$diff_id"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"Deploy/image/build"}]}
JSON
    read -r config_digest config_size < <(put_blob "$scratch/config") || true
    cat >"$scratch/manifest" <<JSON
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:$config_digest","size":$config_size},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:$digest","size":$size}]}
JSON
    read -r manifest_digest manifest_size < <(put_blob "$scratch/manifest") || true
    cat >"$layout/index.json" <<JSON
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:$manifest_digest","size":$manifest_size,"platform":{"architecture":"$architecture","os":"linux"},"annotations":{"io.containerd.image.name":"$name","org.opencontainers.image.ref.name":"${name##*:}"}}]}
JSON
    printf '{"imageLayoutVersion":"1.0.0"}\n' >"$layout/oci-layout"
    plain_tar "$layout" "$scratch/archive.tar"
    mv "$scratch/archive.tar" "$out"
    rm -rf "$scratch"
    # shellcheck disable=SC2034 # for whoever called
    OCI_DIGEST=sha256:$manifest_digest
}
