#!/bin/sh
# Make an environment and install one lock into it, unless that lock is in it already.
#
#   requirements/install.sh VENV demo|dev
#
# PYTHON names the interpreter of a new environment; without it, the first supported one that is found. uv does the
# work; where it is missing, it is installed into VENV-tools by the venv module. Each lock leaves a stamp in VENV.
set -eu

venv=$1
lock=$2
root=$(cd "$(dirname "$0")/.." && pwd)
requirements="$root/requirements/$lock.txt"
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'

fail() {
    echo "$1" >&2
    exit 2
}

find_python() {
    # A version manager's shim may exist and still refuse to run, so each candidate is tried.
    for candidate in python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c "$supported" >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    fail "No Python 3.11, 3.12 or 3.13 was found: install one, or name it with PYTHON=/path/to/python."
}

find_uv() {
    if uv --version >/dev/null 2>&1; then
        echo uv
        return
    fi
    tools="$venv-tools"
    if [ ! -x "$tools/bin/uv" ]; then
        "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
            fail "Python's venv module is missing: install the package python3-venv (or uv)."
        "$python" -m venv "$tools"
        "$tools/bin/python" -m pip install --quiet uv
    fi
    echo "$tools/bin/uv"
}

stamp_of() {
    { cat "$root/requirements/$1.txt" "$root/pyproject.toml"; echo "$root"; } | cksum | tr ' ' '-'
}

installed() {
    [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.installed-$1" 2>/dev/null)" = "$(stamp_of "$1")" ]
}

check_asked_python() {
    [ -n "${PYTHON:-}" ] && [ -x "$venv/bin/python" ] || return 0
    version='import sys; print(sys.version_info[:2])'
    [ "$("$PYTHON" -c "$version")" = "$("$venv/bin/python" -c "$version")" ] ||
        fail "$venv was made with another Python than $PYTHON: remove it, or choose another with VENV=."
}

if [ -n "${PYTHON:-}" ]; then
    "$PYTHON" -c "$supported" || fail "$PYTHON is not Python 3.11, 3.12 or 3.13."
fi
check_asked_python
# The dev lock holds everything that the demo lock holds.
if installed "$lock" || { [ "$lock" = demo ] && installed dev; }; then
    exit 0
fi

# Substitutions of their own: a failure inside a nested one would be lost.
python=${PYTHON:-$(find_python)}
uv=$(find_uv)
[ -x "$venv/bin/python" ] || "$uv" venv --quiet --python "$python" "$venv"
"$uv" pip install --quiet --python "$venv/bin/python" --require-hashes -r "$requirements"
"$uv" pip install --quiet --python "$venv/bin/python" --no-deps -e "$root"
stamp_of "$lock" >"$venv/.installed-$lock"
