#!/bin/sh
# Makes .venv with the locked dependencies and the project in it, as a wheel.
# Says what is missing, and what to do, in one sentence.
set -eu
cd "$(dirname "$0")/.."

stop() { printf '\nStaydown cannot be set up: %s\n' "$1" >&2; exit 1; }

usable() { command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for python in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if usable "$python"; then echo "$python"; return; fi
    done
}

[ -w . ] || stop "the folder $(pwd) is not writable. Give yourself write access to it, or copy the project to a folder of yours."

if [ ! -x .venv/bin/python ]; then
    python=$(find_python)
    if [ -z "$python" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
        python=$(find_python)
    fi
    [ -n "$python" ] || stop "Python 3.11 or later with its venv module was not found. Install it (on Debian: apt install python3 python3-venv) and run this again."
    rm -rf .venv
    "$python" -m venv .venv || stop "the virtual environment could not be made; the lines above say why."
fi

pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check "$@"; }

if ! cmp -s requirements.lock .venv/requirements.lock; then
    echo "Installing the locked dependencies (a minute or two the first time) ..."
    pip install --require-hashes --only-binary :all: -r requirements.lock \
        || stop "a dependency could not be installed; the lines above say which. Check that the package registry can be reached and that the disk is not full."
    cp requirements.lock .venv/requirements.lock
fi

tools/frontend.sh \
    || stop "what the pages load could not be built; the lines above say why. Check that npm's registry can be reached."

# The wheel, not the checkout, is what runs and what the tests see.
pip install --no-deps --no-build-isolation --force-reinstall . \
    || stop "the project itself could not be built; the lines above say why."
