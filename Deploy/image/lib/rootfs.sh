# The image's root file system: the binary, the shared objects it loads, authorities, time zones, a user. Sourced.
# shellcheck shell=bash

# No name in the machine's own passwd: a number that nothing else has.
IMAGE_USER=65532

# make_rootfs FOLDER BINARY CHECKOUTS
make_rootfs() {
    local root=$1 binary=$2 checkouts=$3
    mkdir -p "$root"/{etc/ssl/certs,tmp,usr/bin,usr/share/zoneinfo,usr/share/doc,var/lib/dpkg/status.d,proc,sys,dev}
    chmod 755 "$root"
    chmod 1777 "$root/tmp"
    strip --strip-all -o "$root/usr/bin/plimsoll" "$binary"
    copy_shared_objects "$root" "$binary"
    cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    copy_time_zones "$root"
    note_package "$root" ca-certificates
    note_package "$root" tzdata
    copy_licences "$root" "$checkouts"
    printf 'root:x:0:0:root:/:/sbin/nologin\nplimsoll:x:%s:%s:plimsoll:/:/sbin/nologin\n' "$IMAGE_USER" "$IMAGE_USER" >"$root/etc/passwd"
    printf 'root:x:0:\nplimsoll:x:%s:\n' "$IMAGE_USER" >"$root/etc/group"
    printf 'hosts: files dns\npasswd: files\ngroup: files\n' >"$root/etc/nsswitch.conf"
    cp /usr/lib/os-release "$root/etc/os-release"
    # Modes don't come from whoever unpacked the machine's packages.
    find "$root" -mindepth 1 -type d ! -path "$root/tmp" -exec chmod 755 {} +
    find "$root" -type f -exec chmod 644 {} +
    chmod 755 "$root/usr/bin/plimsoll"
    find "$root" -name 'ld-linux*' -type f -exec chmod 755 {} +
}

# The loader and every object it would load, under the names it looks for.
copy_shared_objects() {
    local root=$1 binary=$2 listing object
    listing=$(ldd "$binary")
    ! grep 'not found' <<<"$listing" >&2 || die "the machine lacks shared objects of $binary"
    while read -r object; do
        mkdir -p "$root$(dirname "$object")"
        cp -L "$object" "$root$object"
        note_package "$root" "$(package_of "$object")"
    done < <(grep -o '/[^ ]*' <<<"$listing" | sort -u)
}

# The package that a shared object belongs to. Packages list a path with or without /usr in front; both are one file on a merged system.
package_of() {
    local path
    for path in "$1" "$(realpath "$1")" "/usr$1" "$(realpath "$1" | sed 's|^/usr||')"; do
        if dpkg-query -S "$path" 2>/dev/null | sed -n '1s/\(:[a-z0-9]*\)\{0,1\}: .*//p' | grep .; then return; fi
    done
    die "no Debian package owns $1"
}

# What scanners of vulnerabilities and licences look for.
note_package() {
    local root=$1 package=$2
    [ ! -e "$root/var/lib/dpkg/status.d/$package" ] || return 0
    # shellcheck disable=SC2016 # dpkg-query's own notation
    dpkg-query -W -f='Package: ${Package}\nStatus: install ok installed\nArchitecture: ${Architecture}\nSource: ${source:Package} (${source:Version})\nVersion: ${Version}\nMaintainer: ${Maintainer}\n' \
        "$package" | awk '!seen[$0]++' >"$root/var/lib/dpkg/status.d/$package"
    mkdir -p "$root/usr/share/doc/$package"
    cp -L "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
}

# Links stay links: many names are one zone.
copy_time_zones() {
    tar -C /usr/share/zoneinfo --exclude=./posix --exclude=./right --exclude=./localtime --exclude=./posixrules -cf - . | tar -C "$1/usr/share/zoneinfo" -xf -
}

# Licences of the project and of what is linked into the binary.
copy_licences() {
    local root=$1 checkouts=$2 folder file
    mkdir -p "$root/usr/share/doc/plimsoll"
    cp "$ROOT/LICENSE" "$root/usr/share/doc/plimsoll/"
    for folder in "$checkouts"/*/; do
        for file in "$folder"LICENSE* "$folder"NOTICE*; do
            [ -f "$file" ] || continue
            mkdir -p "$root/usr/share/doc/plimsoll/$(basename "$folder")"
            cp "$file" "$root/usr/share/doc/plimsoll/$(basename "$folder")/"
        done
    done
}
