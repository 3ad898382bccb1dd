# screen.sh: a display of the test's own for programs with windows, without a screen and without a window manager.
# Needs tap.sh, packages.sh, product.sh (started) and clients.sh, with SCREEN_PACKAGES unpacked by clients_install.
#
# screen_start sets SCREEN: the words for env that lead a program to this display, to the unpacked programs and to what
# they come with, and away from the machine's buses.
#   screen_window NAME        the window of that name, if it can be seen
#   screen_types NAME KEY     presses KEY in that window, once it can be seen
# The display takes nobody without the cookie of this test.

SCREEN_PACKAGES=(xvfb x11-xkb-utils xkb-data libx11-data xdotool fonts-dejavu-core shared-mime-info libgdk-pixbuf-2.0-0)

screen_start() {
	local directory=$TAP_DIR/screen cookie
	mkdir -m 0700 "$directory" "$directory/bin" "$directory/runtime"
	cookie=$(openssl rand -hex 16 | sed 's/../\\x&/g')
	# One entry of Xauthority: any host, any display, 18 and 16 octets.
	(umask 077 && printf '\377\377\0\0\0\0\0\022MIT-MAGIC-COOKIE-1\0\020'"$cookie" >"$directory/cookie")
	# The server has /bin/sh run /usr/bin/xkbcomp: it sees a /usr/bin with these two alone.
	cp -L /bin/sh "$CLIENTS_ROOT/usr/bin/xkbcomp" "$directory/bin" || bail 'there is no xkbcomp'
	: >"$directory/display"
	background screen "${CLIENTS_RUN[@]}" unshare -m sh -c 'mount --bind "$1" /usr/bin && shift && exec "$@"' sh \
		"$directory/bin" "$CLIENTS_ROOT/usr/bin/Xvfb" -displayfd 3 -screen 0 1200x900x24 -nolisten tcp \
		-auth "$directory/cookie" -xkbdir "$CLIENTS_ROOT/usr/share/X11/xkb" 3>"$directory/display"
	SCREEN_PID=$BACKGROUND_PID
	poll 20 screen_ready || bail 'Xvfb does not start'
	screen_furniture "$directory"
	SCREEN=(-u WAYLAND_DISPLAY -u SESSION_MANAGER -u GTK_MODULES -u GTK_THEME "DISPLAY=:$(cat "$directory/display")"
		XAUTHORITY="$directory/cookie" XDG_RUNTIME_DIR="$directory/runtime" LC_ALL=C.UTF-8 NO_AT_BRIDGE=1 GDK_BACKEND=x11
		GSETTINGS_BACKEND=memory DBUS_SESSION_BUS_ADDRESS=disabled: DBUS_SYSTEM_BUS_ADDRESS=disabled:
		XDG_DATA_DIRS="$directory/share:$CLIENTS_ROOT/usr/share" XKB_CONFIG_ROOT="$CLIENTS_ROOT/usr/share/X11/xkb"
		XLOCALEDIR="$CLIENTS_ROOT/usr/share/X11/locale"
		FONTCONFIG_FILE="$directory/fonts.conf" GDK_PIXBUF_MODULE_FILE="$directory/loaders.cache"
		LD_LIBRARY_PATH="$CLIENTS_LIBRARIES" PATH="$PREFIX/bin:$CLIENTS_ROOT/usr/bin:$PATH")
}

screen_ready() {
	process_gone "$SCREEN_PID" && bail "Xvfb ended: $(tail -n 3 "$TAP_DIR/log/screen.log")"
	[ -n "$(cat "$TAP_DIR/screen/display")" ]
}

# What the maintainer scripts of the packages would have made.
screen_furniture() {
	local query
	mkdir -p "$1/share/mime/packages"
	cp "$CLIENTS_ROOT"/usr/share/mime/packages/*.xml "$1/share/mime/packages"
	"${CLIENTS_RUN[@]}" "$CLIENTS_ROOT/usr/bin/update-mime-database" "$1/share/mime" >>"$TAP_DIR/log/screen.log" 2>&1
	query=$(find "$CLIENTS_ROOT/usr/lib" -name gdk-pixbuf-query-loaders)
	"${CLIENTS_RUN[@]}" "$query" $(find "${query%/*}" -name 'libpixbufloader-*.so') >"$1/loaders.cache" \
		2>>"$TAP_DIR/log/screen.log"
	cat >"$1/fonts.conf" <<-EOF
		<?xml version="1.0"?>
		<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
		<fontconfig><dir>$CLIENTS_ROOT/usr/share/fonts</dir><cachedir>$1/fonts</cachedir></fontconfig>
	EOF
}

screen_window() {
	env "${SCREEN[@]}" xdotool search --onlyvisible --name "$1" 2>>"$TAP_DIR/log/screen.log" | head -n 1 | grep .
}

screen_types() {
	poll 20 screen_window "$1" >/dev/null || return
	env "${SCREEN[@]}" xdotool windowfocus --sync "$(screen_window "$1")" key "$2" >>"$TAP_DIR/log/screen.log" 2>&1
}
