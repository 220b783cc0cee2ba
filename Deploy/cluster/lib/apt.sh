# Source packages and other suites without touching the machine's own package sources. Sourced.
# shellcheck shell=bash

# apt_copy_sources FOLDER TYPE [SUITE]: the machine's Debian sources (both notations), as TYPE (deb or deb-src).
# With SUITE, only the entry of this release's main archive is copied, and pointed at that suite.
apt_copy_sources() {
	local folder=$1 type=$2 suite=${3:-} codename file
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
	mkdir -p "$folder/sources" "$folder/lists/partial" "$folder/archives/partial"
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$file" ] || continue
		# deb [options] URI suite components...
		awk -v type="$type" -v suite="$suite" -v codename="$codename" '
			$1 != "deb" && $1 != "deb-src" { next }
			{
				at = 2
				if ($2 ~ /^\[/) while ($at !~ /\]$/ && at < NF) at++
				if ($2 ~ /^\[/) at++
				if (suite != "" && ($(at + 1) != codename || $at ~ /security/)) next
				$1 = type
				if (suite != "") $(at + 1) = suite
				if (!seen[$0]++) print
			}' "$file" >"$folder/sources/$(basename "$file" .list).list"
	done
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -f "$file" ] || continue
		awk -v type="$type" -v suite="$suite" -v codename="$codename" 'BEGIN { RS = ""; FS = "\n" }
			{
				wanted = (suite == "")
				for (i = 1; i <= NF; i++)
					if (tolower($i) ~ /^suites:/) {
						n = split($i, words, /[ \t]+/)
						for (w = 2; w <= n; w++) if (words[w] == codename) wanted = 1
					}
				if (!wanted) next
				for (i = 1; i <= NF; i++) {
					line = $i
					if (line ~ /^#/) continue
					if (tolower(line) ~ /^types:/) line = "Types: " type
					if (suite != "" && tolower(line) ~ /^suites:/) line = "Suites: " suite
					print line
				}
				print ""
			}' "$file" >"$folder/sources/$(basename "$file")"
	done
	find "$folder/sources" -empty -delete
	[ -d "$folder/sources" ] || die "no Debian package source found in /etc/apt/sources.list or /etc/apt/sources.list.d"
	APT_COPY=(
		-o "Dir::Etc::sourceparts=$folder/sources" -o Dir::Etc::sourcelist=/dev/null
		-o "Dir::State::lists=$folder/lists" -o "Dir::Cache::archives=$folder/archives"
		-o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
		-o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3
	)
	# One source that fails is no harm if the rest has what is asked for.
	apt-get -q "${APT_COPY[@]}" update >"$folder/update.log" 2>&1 || {
		say "apt-get update of the copied sources complained"
		show_log "$folder/update.log" 5
	}
}
