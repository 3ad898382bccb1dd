#!/bin/bash
# The house rules of the source and of what is built from it: who may include whom, who alone knows a
# foreign library, what the plugin needs and shows, how long a file may be. TAP.
# Runs in the build directory; srcdir is the source.
set -u
src=${top_srcdir:-${srcdir:-.}}
[ -f "$src/plugin/mechanism.c" ] || src=$(cd "$(dirname "$0")/.." && pwd)
count=0
failed=0

ok() { # NAME FINDINGS: passes when there are none
    count=$((count + 1))
    if [ -z "$2" ]; then
        echo "ok $count - $1"
    else
        failed=1
        echo "not ok $count - $1"
        printf '%s\n' "$2" | sed 's/^/# /'
    fi
}

sources() { (cd "$src" && ls plugin/*.[ch] command/*.[ch] online/*.[ch]); }

# ---- layers: a file includes its own header and headers of lower levels ----

levels='
plugin   0 error buffer form nearest
plugin   1 keyfile paths
plugin   2 account allow fields finding
plugin   3 ask config requirement server token
plugin   4 bearer cache draft event frame provider
plugin   5 door wire
plugin   6 supply
plugin   7 mechanism
command  4 file listen people replace screen terminal turn
command  5 apart caller install lines lock modes owner section text unseal verb
command  6 holder live obtain plugins reader relay report tidings transfer
command  7 fetch hook keep metrics recipe setup nagios
command  8 answer choice import list logout providers refresh settings status token
command  9 aftercare clients config_for postfix plugins_main
command 10 check login
command 11 main
online   3 json peer
online   4 cipher crypto dns http input objection remedy reply
online   4 base64 browser prompt qr redirect sandbox
online   5 claims credential filter mail pizauth record
online   5 pkce document metadata
online   6 ending grant secret seal session
online   7 consent discover identity
online   7 store supplies
online   8 renewal
online   9 reach adopt client_file export find refresh registration unattended
online  10 check import logout reject tell
online  10 granted
online  11 device login prepare
online  12 main
'

level() { # ROOM NOUN
    printf '%s' "$levels" | awk -v room="$1" -v noun="$2" '$1 == room {
        for (i = 3; i <= NF; i++) if ($i == noun) { print $2; exit } }'
}

# The room of a header; online/ and command/ may also include plugin/.
header_level() { # ROOM NOUN
    local found
    if [ -f "$src/$1/$2.h" ]; then found=$(level "$1" "$2"); else found=$(level plugin "$2"); fi
    printf '%s' "$found"
}

findings=
for file in $(sources); do
    room=${file%%/*}
    noun=$(basename "$file" | sed 's/\.[ch]$//')
    own=$(level "$room" "$noun")
    if [ -z "$own" ]; then
        findings+="$file has no level"$'\n'
        continue
    fi
    for included in $(sed -n 's/^#include "\(.*\)\.h"$/\1/p' "$src/$file"); do
        [ "$included" = "$noun" ] && continue
        if [ ! -f "$src/$room/$included.h" ] && [ ! -f "$src/plugin/$included.h" ]; then
            findings+="$file includes $included.h, which is in no room of its own"$'\n'
            continue
        fi
        below=$(header_level "$room" "$included")
        [ -n "$below" ] && [ "$below" -lt "$own" ] ||
            findings+="$file (level $own) includes $included.h (level ${below:-none})"$'\n'
    done
done
ok 'a file includes its own header and lower levels' "$findings"

# ---- borders: one file per foreign thing ----

sole() { # HEADER FILE...
    local header=$1 file
    shift
    ok "only $* includes <$header...>" \
        "$(cd "$src" && grep -lF "#include <$header" $(sources) | grep -vxF "$(printf '%s\n' "$@")")"
    for file; do
        ok "$file does include <$header...>" "$(cd "$src" && grep -qF "#include <$header" "$file" || echo 'it does not')"
    done
}
sole sasl/ command/plugins_main.c plugin/mechanism.c
sole curl/ online/http.c online/mail.c online/peer.c
sole json-c/ online/json.c
sole openssl/ online/cipher.c online/crypto.c
sole resolv.h online/dns.c
sole qrencode.h online/qr.c
sole spawn.h plugin/ask.c
sole linux/seccomp.h online/sandbox.c
sole dirent.h plugin/provider.c
sole pwd.h command/people.c

ok 'seterror is called in one place' "$(cd "$src" && n=$(cat plugin/*.c | grep -c 'seterror(') &&
    [ "$n" -eq 1 ] || echo "$n places")"
ok 'the plugin is a guest: no exit, print, thread, handler or process-wide setting' "$(cd "$src" && grep -nE \
    '\b(exit|_exit|abort|printf|puts|fprintf|perror|pthread_[a-z]+|signal|sigaction|sigprocmask|atexit|setlocale|umask|chdir|setenv|putenv|unsetenv|fork|system|popen|alarm|setitimer)\(' \
    plugin/*.c)"
ok 'no function without a bound' "$(cd "$src" && grep -nE '\b(strcpy|strcat|sprintf|strncpy|strtok|atoi|gets)\(' \
    $(sources))"

# ---- size ----

ok 'no file is longer than 350 lines' "$(cd "$src" && wc -l $(sources) | awk '$2 != "total" && $1 > 350')"
ok 'no function is longer than 50 lines' "$(cd "$src" && for file in $(sources); do
    awk -v file="$file" '/^\{$/ { start = FNR } /^\}$/ && start {
        if (FNR - start - 1 > 50) print file ":" start ": " FNR - start - 1 " lines"; start = 0 }' "$file"
done)"
ok 'no line is longer than 100 columns' "$(cd "$src" && for file in $(sources); do
    expand -t 8 "$file" | awk -v file="$file" 'length > 100 { print file ":" FNR }'; done)"
ok 'no path of one machine, no trailing blank' "$(cd "$src" && grep -nE '/root/|/home/|[[:blank:]]$' $(sources))"

# ---- what is built ----

so=.libs/libsaslfresh.so
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^lib(asan|ubsan)\.so' | sort | tr '\n' ' '; }
if [ -f "$so" ]; then
    # clang links its sanitizers into the programs, and with them more libraries.
    sanitized=$(nm -D "$so" | grep -c '__asan_init')
    ok 'the plugin needs libc alone' "$(n=$(needed "$so"); case $n in 'libc.so.6 ' | 'ld-linux'*' libc.so.6 ') ;; *) echo "$n" ;; esac)"
    ok 'the plugin shows one symbol' "$(nm -D --defined-only "$so" | awk '$3 !~ /^(__asan|__ubsan|__odr)/ { print $3 }' | grep -vx sasl_client_plug_init)"
    ok 'and that one' "$(nm -D --defined-only "$so" | grep -q ' T sasl_client_plug_init$' || echo 'it does not')"
    ok 'libqrencode is for the online half alone' "$(for object in "$so" saslfresh; do
        needed "$object" | grep -q qrencode && echo "$object"; done)"
    ok 'the online half does link libcurl' "$(needed saslfresh-online | grep -q libcurl || echo 'it does not')"
    if [ "$sanitized" -eq 0 ]; then
        ok 'the command needs libc alone' "$(n=$(needed saslfresh); [ "$n" = 'libc.so.6 ' ] || echo "$n")"
        for object in "$so" saslfresh saslfresh-online saslfresh-plugins; do
            ok "$object: RELRO, bound at start, no executable stack" "$(
                readelf -lW "$object" | grep -q GNU_RELRO || echo 'no RELRO'
                readelf -dW "$object" | grep -q BIND_NOW || echo 'lazy binding'
                readelf -lW "$object" | grep GNU_STACK | grep -q RWE && echo 'executable stack')"
        done
        for object in saslfresh saslfresh-online saslfresh-plugins; do
            ok "$object is position independent" "$(readelf -hW "$object" | grep -q 'Type:.*DYN' || echo 'it is not')"
        done
    fi
else
    ok "$so is built" "there is none in $(pwd)"
fi

echo "1..$count"
exit "$failed"
