# prefix.sh: an installed saslfresh to test. Source it behind tap_start.
#
# prefix_make sets PREFIX to $SASLFRESH_PREFIX or, where that is not set, to a private prefix under TAP_DIR
# that it builds from a copy of the tree, in which nothing is touched.

prefix_make() {
	local tree=$1
	PREFIX=${SASLFRESH_PREFIX-}
	[ -z "$PREFIX" ] || return 0
	PREFIX=$TAP_DIR/inst
	mkdir "$TAP_DIR/build"
	cp -R "$tree" "$TAP_DIR/tree" &&
		(
			cd "$TAP_DIR/tree" &&
				{ [ -x configure ] || autoreconf -fi; } &&
				{ [ ! -f config.status ] || make distclean; } &&
				cd ../build &&
				../tree/configure --prefix="$PREFIX" --sysconfdir="$PREFIX/etc" \
					--localstatedir="$PREFIX/var" --with-sasl-plugindir="$PREFIX/lib/sasl2" \
					--with-systemdsystemunitdir="$PREFIX/lib/systemd/system" &&
				make && make install
		) >"$TAP_DIR/log/build.log" 2>&1 || bail 'the build failed'
}
