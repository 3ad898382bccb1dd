# system.sh: accounts of the system for one end-to-end test, with real users made for it and removed after it: their
# owner, and others who knock at the door. Needs tap.sh, packages.sh, oidc.sh, product.sh (started) and root.
#
#     system_as_root WHY           goes on as root, by sudo, or skips the test, and with mounts of its own; before anything
#                                  else
#     system_start [OWNER]         sets SYSTEM, SYSTEM_STATE, OWNER (a user, owner of the state; default: one that is made
#                                  here) and DOOR (a path)
#     system_user NAME [GROUP...]  makes a user (and groups of the test); sets USER_NAME to what it is called here
#     system_configuration [LINE...]  the accounts; LINEs go into the section of $user
#     saslfresh NAME VERB...       as root types it; sets STATUS and OUTPUT
#     log_in [OPTION...]           a grant of $user, minted and taken over with these options of login
#     cached KEY                   of the token file
#     give_token SECONDS, expire   as in product.sh, for $user
#     as USER COMMAND...           with that user's groups and next to no environment
#     door_open LISTENER PATH...   a listener: systemd (systemd-socket-activate), socat, listen; sets DOOR_PID
#     door_close

SYSTEM_USERS=''
SYSTEM_GROUPS=''

system_as_root() {
	local kept
	[ -z "${SYSTEM_APART-}" ] || return 0
	[ "$(id -u)" -ne 0 ] || exec env SYSTEM_APART=yes unshare -m "$0"
	sudo -n true 2>/dev/null || skip_all "$1: run this as root or with sudo"
	readarray -t kept < <(env | grep -Ei '^(PATH|SASLFRESH_PREFIX|KIT_CACHE|NODE|NODE_EXTRA_CA_CERTS|npm_config_[a-z_]*|[a-z]*_proxy)=')
	exec sudo -n env "${kept[@]}" "$0"
}

system_start() {
	[ "$(id -u)" -eq 0 ] || bail 'users are made by root'
	SYSTEM=$PREFIX/etc/saslfresh
	SYSTEM_STATE=$PREFIX/var/lib/saslfresh
	trap system_exit EXIT
	[ $# -gt 0 ] || system_user owner
	OWNER=${1-$USER_NAME}
	# What else uses this prefix does not see our accounts.
	mkdir -p "$PREFIX/etc" "$PREFIX/var"
	mount -t tmpfs -o mode=0755 tmpfs "$PREFIX/etc" && mount -t tmpfs -o mode=0755 tmpfs "$PREFIX/var" ||
		bail "cannot have a $PREFIX/etc and a $PREFIX/var of our own"
	install -d -m 0755 "$SYSTEM" "$PREFIX/var/lib"
	install -d -m 0750 -o "$OWNER" -g "$OWNER" "$SYSTEM_STATE"
	install -d -m 0755 -o "$OWNER" "$TAP_DIR/door"
	DOOR=$TAP_DIR/door/socket
	as "$OWNER" test -r "$PREFIX/lib/sasl2/libsaslfresh.so" -a -x "$PREFIX/bin/saslfresh" ||
		bail "user $OWNER cannot reach $PREFIX: every directory above must be searchable"
}

# The machine is left without our users, and the caller's cache as the caller's.
system_exit() {
	local status=$? name
	if [ "$BASHPID" = "$$" ]; then
		[ "$status" -eq 0 ] || tap_logs
		tap_stop_all
		for name in $SYSTEM_USERS; do userdel "$name" >/dev/null 2>&1 || diag "user $name is left behind"; done
		for name in $SYSTEM_GROUPS; do groupdel "$name" 2>/dev/null; done
		[ -z "${SUDO_UID-}" ] || chown -hR "$SUDO_UID:$SUDO_GID" "$KIT_CACHE"
	fi
	(exit "$status")
	tap_exit
}

# system_group NAME: sets GROUP_NAME.
system_group() {
	GROUP_NAME=sf$$-$1
	case " $SYSTEM_GROUPS " in *" $GROUP_NAME "*) return 0 ;; esac
	groupadd "$GROUP_NAME" 2>>"$TAP_DIR/log/users.log" || bail "cannot make the group $GROUP_NAME"
	SYSTEM_GROUPS="$SYSTEM_GROUPS $GROUP_NAME"
}

system_user() {
	local name=sf$$-$1 groups=''
	shift
	for group; do
		system_group "$group"
		groups+=${groups:+,}$GROUP_NAME
	done
	USER_NAME=$name
	useradd --no-create-home --home-dir /nonexistent --shell /bin/sh --user-group ${groups:+--groups "$groups"} "$name" \
		2>>"$TAP_DIR/log/users.log" || bail "cannot make the user $name: $(tail -n 1 "$TAP_DIR/log/users.log")"
	SYSTEM_USERS="$SYSTEM_USERS $name"
}

as() {
	as_command "$@"
	"${AS[@]}"
}

# as_command USER COMMAND...: sets AS, for `background`: the process to end is then the command itself.
as_command() {
	local who=$1
	shift
	AS=(env -i PATH="$PATH" LC_ALL=C setpriv --reuid="$who" --regid="$who" --init-groups "$@")
}

system_configuration() {
	printf %s "$OIDC_MAIL_SECRET_POST" >"$SYSTEM/secret"
	chown "$OWNER" "$SYSTEM/secret" && chmod 0600 "$SYSTEM/secret"
	{
		printf 'socket = %s\n' "$DOOR"
		cat <<-END
			[account $user]
			token_endpoint = $OIDC_ISSUER/token
			client_id = mail-post
			client_secret_file = $SYSTEM/secret
			token_endpoint_auth_method = client_secret_post
			scope = openid offline_access mail
			hosts = localhost
			ca_file = $OIDC_CA
		END
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$SYSTEM/saslfresh.conf"
	chmod 0644 "$SYSTEM/saslfresh.conf"
}

saslfresh() {
	local name=$1
	shift
	STATUS=0
	env -i PATH="$PATH" LC_ALL=C timeout -k 5 60 "$PREFIX/bin/saslfresh" "$@" >"$TAP_DIR/out/$name" 2>&1 || STATUS=$?
	OUTPUT=$(cat "$TAP_DIR/out/$name")
}

log_in() {
	oidc_mint mail-post "$user" "$TAP_DIR/home/refresh-token" || return 1
	saslfresh "login.$TAP_COUNT" login "$@" "$user" --refresh-token-file - <"$TAP_DIR/home/refresh-token"
	rm -f "$TAP_DIR/home/refresh-token"
	[ "$STATUS" -eq 0 ]
}

cached() {
	sed -n "s/^$1 = //p" "$SYSTEM_STATE/$user.token"
}

give_token() {
	oidc_set ttl="$1"
	saslfresh "renew.$TAP_COUNT" refresh "$user" --force
	[ "$STATUS" -eq 0 ] || bail "cannot renew the token: $OUTPUT"
	oidc_set ttl=3600
}

expire() {
	give_token 2
	poll 10 oidc_expired "$(cached access_token)" "$(cached expires_at)" || bail 'the token does not expire'
}

# ---- the door ----

# socat hands over the connection itself only with nofork; otherwise nobody could tell who asks.
door_open() {
	local listener=$1 arguments=() path
	shift
	case $listener in
	systemd)
		system_socket_activate
		for path; do arguments+=(-l "$path"); done
		as_command "$OWNER" env LD_LIBRARY_PATH="$SYSTEMD_LIBRARIES" "$SYSTEMD_SOCKET_ACTIVATE" \
			--accept --inetd "${arguments[@]}" "$PREFIX/bin/saslfresh" answer
		background "door.$listener" "${AS[@]}"
		;;
	socat)
		as_command "$OWNER" socat "UNIX-LISTEN:$1,fork,mode=0666" "EXEC:$PREFIX/bin/saslfresh answer,nofork"
		background "door.$listener" "${AS[@]}"
		;;
	listen)
		background "door.$listener" env -i PATH="$PATH" LC_ALL=C "$PREFIX/bin/saslfresh" answer --listen "$@"
		;;
	esac
	DOOR_PID=$BACKGROUND_PID DOOR_LOG=$TAP_DIR/log/door.$listener.log
	for path; do
		poll 10 door_is_open "$path" || bail "the door at $path does not open: $(cat "$DOOR_LOG")"
		chmod 0666 "$path"
	done
}

door_is_open() {
	process_gone "$DOOR_PID" && bail "the door ended: $(cat "$DOOR_LOG")"
	[ -S "$1" ]
}

door_close() {
	stop "$DOOR_PID"
	rm -f "$@"
}

# Of Debian's package, unpacked and not installed.
system_socket_activate() {
	kit_cache
	packages_unpack "$KIT_CACHE/systemd" systemd 2>>"$TAP_DIR/log/packages.log" ||
		bail "cannot unpack systemd: $(tail -n 1 "$TAP_DIR/log/packages.log")"
	SYSTEMD_SOCKET_ACTIVATE=$KIT_CACHE/systemd/usr/bin/systemd-socket-activate
	SYSTEMD_LIBRARIES=$(packages_library_path "$KIT_CACHE/systemd")
	SYSTEMD_LIBRARIES+=:$(dirname "$(find "$KIT_CACHE/systemd" -name 'libsystemd-shared-*.so' | head -n 1)")
	as "$OWNER" test -x "$SYSTEMD_SOCKET_ACTIVATE" || bail "user $OWNER cannot reach $KIT_CACHE"
}
