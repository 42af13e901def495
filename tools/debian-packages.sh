#!/bin/sh
# Usage: debian-packages.sh COMMAND=PACKAGE...
# Makes sure that each command is there: installs its Debian package as root,
# else says in one sentence which packages to install.
set -eu
missing=
for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null 2>&1 || missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing the Debian packages$missing ..."
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "The tests need Debian packages that are not installed; as root, run: apt install$missing" >&2
    exit 1
fi
