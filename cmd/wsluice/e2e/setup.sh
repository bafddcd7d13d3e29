#!/bin/sh
# Installs what the end-to-end tests need and is missing: Debian packages through
# apt, the pinned npm packages of package-lock.json through npm. Says what it does.
set -eu
cd "$(dirname "$0")"

missing=''
need() { # need PACKAGE FILE: the package is missing when the file is
	[ -e "$2" ] || missing="$missing $1"
}
need curl /usr/bin/curl
need chromium /usr/bin/chromium
need tshark /usr/bin/tshark
need libnss3-tools /usr/bin/certutil
need python3 /usr/bin/python3
need python3-websockets /usr/lib/python3/dist-packages/websockets
need python3-websocket /usr/lib/python3/dist-packages/websocket
need python3-requests /usr/lib/python3/dist-packages/requests
need python3-aiohttp /usr/lib/python3/dist-packages/aiohttp
need ruby /usr/bin/ruby
need tshark /usr/bin/tshark
command -v javac >/dev/null || missing="$missing default-jdk-headless"
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"

if [ -n "$missing" ]; then
	echo "e2e: installing Debian packages:$missing"
	root=''
	[ "$(id -u)" = 0 ] || root=sudo
	$root apt-get update -qq
	# shellcheck disable=SC2086 # both are lists of words
	DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if [ "$(node --print 'process.versions.node.split(".")[0]')" -lt 20 ]; then
	echo "e2e: node $(node --version) is too old: its own WebSocket, and what the npm packages need, came with 20" >&2
	exit 1
fi

# npm keeps its own copy of the lock file beside what it installed.
if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
	echo 'e2e: installing npm packages of package-lock.json'
	npm ci --silent
	touch node_modules/.package-lock.json
fi

# These bring a binary for each system, which the lock file would have to list.
if ! [ -e node_modules/.bin/deno ] || ! [ -e node_modules/.bin/bun ]; then
	echo 'e2e: installing deno and bun with npm'
	npm install --silent --no-save deno@2.9.6 bun@1.4.5
fi
