# packages.sh: Debian packages for tests and demonstrations, without touching the machine.
#
# Servers are unpacked into a private directory and never installed: no maintainer script runs,
# no service starts, and a package that conflicts (another mailer) stays as it is. What a build
# needs is installed for good, and said before. To be sourced by bash; needs apt and dpkg.
#
#     packages_unpack ROOT PKG...    unpack under ROOT; a second call costs nothing
#     packages_library_path ROOT     print LD_LIBRARY_PATH for programs under ROOT
#     packages_install PKG...        install what is missing (build dependencies, never a server)
#
# All three return non-zero after one sentence on stderr. Nothing is printed on stdout but the
# library path.

packages_say() {
	printf 'packages: %s\n' "$*" >&2
}

# Run a command as root: as it is, or by sudo.
packages_as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	elif command -v sudo >/dev/null; then
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	else
		packages_say "cannot run $1: not root and no sudo (run this as root, or install sudo)"
		return 1
	fi
}

# Fetch apt's lists once in the life of this shell. A list that cannot be fetched is no reason
# to stop: whoever needs it fails with a better sentence.
packages_update() {
	local log

	[ -z "${PACKAGES_UPDATED:-}" ] || return 0
	PACKAGES_UPDATED=yes
	packages_say "running apt-get update"
	log=$(packages_as_root apt-get -q update 2>&1 </dev/null)
	log=$(grep -m 1 -E '^(E|W|packages):' <<<"$log") || return 0
	packages_say "apt-get update: $log"
}

# packages_download STORE PKG...: fetch PKG and what they depend on into STORE/cache/archives.
# apt plans an installation and stops after the download, so a removal that it plans has no effect,
# and --reinstall brings what is installed already. Its caches are ours, no lock is taken, and it
# looks at a copy of what is installed, without holds: they are about installing.
packages_download() {
	local store=$1
	shift

	mkdir -p "$store/cache/archives/partial" &&
		sed 's/^Status: .* installed$/Status: install ok installed/' /var/lib/dpkg/status >"$store/status" || return
	apt-get -q -y install --download-only --reinstall --no-install-recommends \
		-o Dir::State::status="$store/status" -o Dir::Cache="$store/cache" -o Debug::NoLocking=1 \
		-o APT::Sandbox::User="$(id -un)" \
		"$@" >"$store/apt.log" 2>&1
}

# The archive of package NAME in STORE, which holds at most one version of it.
packages_archive() {
	local store=$1 name=$2 archive

	for archive in "$store/cache/archives/${name}_"*.deb; do
		[ -f "$archive" ] && printf '%s\n' "$archive" && return
	done
	return 1
}

packages_unpack_locked() {
	local root=$1 name archive wanted=()
	local store=$root/.packages
	shift

	for name; do
		[ -e "$store/have/$name" ] || wanted+=("$name")
	done
	[ ${#wanted[@]} -gt 0 ] || return 0

	packages_say "unpacking into $root (nothing is installed): ${wanted[*]}"
	if ! packages_download "$store" "${wanted[@]}"; then
		packages_update
		if ! packages_download "$store" "${wanted[@]}"; then
			packages_say "cannot download ${wanted[*]}: $(grep -m 1 '^E:' "$store/apt.log")"
			return 1
		fi
	fi
	for name in "${wanted[@]}"; do
		if ! packages_archive "$store" "$name" >/dev/null; then
			packages_say "cannot download $name: apt has no archive of it" \
				"(is the installed version newer than the repository's?)"
			return 1
		fi
	done
	for archive in "$store"/cache/archives/*.deb; do
		if ! dpkg -x "$archive" "$root"; then
			packages_say "cannot unpack $(basename "$archive") (is the disk full?)"
			return 1
		fi
		rm -f "$archive"
	done
	rm -rf "$store/cache" "$store/status"
	mkdir -p "$store/have" || return
	for name in "${wanted[@]}"; do
		: >"$store/have/$name" || return
	done
}

packages_unpack() {
	local root=$1

	if [ $# -lt 2 ]; then
		packages_say "usage: packages_unpack ROOT PKG..."
		return 1
	fi
	mkdir -p "$root/.packages" || return
	shift
	root=$(cd "$root" && pwd) || return
	(
		flock 9 || exit
		packages_unpack_locked "$root" "$@"
	) 9>"$root/.packages/lock"
}

# Directories of shared libraries, not of modules that programs load by path.
packages_library_path() {
	local top tops=()

	for top in "$1/lib" "$1/usr/lib"; do
		[ ! -d "$top" ] || tops+=("$top")
	done
	[ ${#tops[@]} -gt 0 ] || return 0
	find "${tops[@]}" -maxdepth 2 -name 'lib*.so*' ! -path '*/sasl2/*' -printf '%h\n' |
		sort -u | paste -s -d :
}

packages_is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

packages_install() {
	local name plan removed upgraded missing=()

	for name; do
		packages_is_installed "$name" || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0

	if ! plan=$(apt-get -q -s install --no-install-recommends "${missing[@]}" 2>&1); then
		packages_update
		if ! plan=$(apt-get -q -s install --no-install-recommends "${missing[@]}" 2>&1); then
			packages_say "cannot install ${missing[*]}: $(grep -m 1 '^E:' <<<"$plan")"
			return 1
		fi
	fi
	removed=$(sed -n 's/^Remv \([^ ]*\).*/\1/p' <<<"$plan" | paste -s -d ' ')
	if [ -n "$removed" ]; then
		packages_say "will not install ${missing[*]}: apt would remove $removed"
		return 1
	fi
	packages_say "about to install: $(sed -n 's/^Inst \([^ ]*\) (.*/\1/p' <<<"$plan" | paste -s -d ' ')"
	upgraded=$(sed -n 's/^Inst \([^ ]*\) \[.*/\1/p' <<<"$plan" | paste -s -d ' ')
	[ -z "$upgraded" ] || packages_say "and to bring up to date, because they need it: $upgraded"

	if ! packages_install_missing "${missing[@]}"; then
		packages_update
		packages_install_missing "${missing[@]}" || {
			packages_say "cannot install ${missing[*]} (what apt says is above)"
			return 1
		}
	fi
}

# Quiet when it works. The lists may name versions that the repository has replaced since; then
# the first try fails and the caller updates them.
packages_install_missing() {
	local log

	log=$(packages_as_root apt-get -q -y install --no-install-recommends "$@" 2>&1 </dev/null) &&
		return
	[ -z "${PACKAGES_UPDATED:-}" ] || printf '%s\n' "$log" | tail -n 20 >&2
	return 1
}
