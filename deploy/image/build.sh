#!/usr/bin/env bash
# Build the Dockerfile where there is neither Docker nor a registry of images. Opt-in: as root, with podman and
# debootstrap, on Debian or Ubuntu; some 5 GB beside IMAGE.tar while it runs.
#
#   sudo deploy/image/build.sh IMAGE.tar [PLATFORM]     for try.sh and `docker load`; PLATFORM: linux/arm64, say
#
# The Dockerfile's base images are stood in for by Debian 13, whose Python is 3.13 too, with Node.js from a wheel. So
# this proves the Dockerfile and what it installs, not its base images. Where registries answer, let Docker build it:
#
#   docker buildx build --output type=docker,dest=IMAGE.tar .
set -euo pipefail

repository=$(cd "$(dirname "$0")/../.." && pwd)
release=trixie
# Where this machine's own packages come from, if it is a Debian.
# shellcheck disable=SC2016
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep -m1 '/debian/\?$' || :)}
authorities=/etc/ssl/certs/ca-certificates.crt
image=localhost/voice-server:latest

say() { printf '%s %s\n' "$(date -u +%T)" "$*"; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

[ $# -ge 1 ] || fail "say where the image goes: build.sh IMAGE.tar"
[ ! -e "$1" ] || fail "$1 exists."
[ "$(id -u)" = 0 ] || fail "it makes a system's folders with their owners: run it as root."
for program in podman debootstrap curl python3; do
  command -v "$program" >/dev/null || fail "$program is not installed: apt-get install podman debootstrap curl python3"
done
[ -n "$mirror" ] || fail "no archive of Debian is known here: set DEBIAN_MIRROR to the address of one."
here=$(dpkg --print-architecture)
platform=${2:-linux/$here}
architecture=${platform#linux/}
if [ "$architecture" != "$here" ] && ! grep -qs enabled /proc/sys/fs/binfmt_misc/qemu-*; then
  fail "nothing runs programs for $platform here: apt-get install qemu-user-static binfmt-support"
fi

folder=$(cd "$(dirname "$1")" && pwd)
work=$(mktemp -d "$folder/voice-server-build.XXXXXX")
server=
end() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || :
  own_podman umount --all --force >/dev/null 2>&1 || :
  rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM

own_podman() { podman --root "$work/store" --runroot "$work/run" --log-level error "$@"; }

# Given to every RUN, and nothing of it stays in the image: who signs what is downloaded, where that is not the usual.
volumes=()
for file in "$authorities" /etc/pip.conf /etc/npmrc; do
  [ ! -e "$file" ] || volumes+=(--volume "$file:$file:ro")
done
build() {
  # chroot: its RUN needs no rights but root's. docker: the other format has no place for HEALTHCHECK.
  own_podman build --quiet --isolation chroot --format docker --pull=never "${volumes[@]}" "$@" \
    >"$work/build.log" 2>&1 || { tail -30 "$work/build.log" >&2; fail "not built: $*"; }
}

make_python() {
  say "Debian $release for $2 stands in for $3"
  debootstrap --arch="$2" --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip \
    "$release" "$work/$1" "$mirror" >"$work/debootstrap.log" 2>&1 ||
    { tail -5 "$work/debootstrap.log" >&2; fail "debootstrap failed."; }
  rm -rf "$work/$1"/var/cache/apt/archives/*.deb "$work/$1"/var/lib/apt/lists/*
  ln -s python3 "$work/$1/usr/bin/python"
  tar -C "$work/$1" --numeric-owner -c . | own_podman import --quiet --arch "$2" - "$3" >/dev/null
  rm -rf "${work:?}/$1"
}

make_node() {
  say "Node.js from its wheel stands in for docker.io/library/node:24-slim"
  mkdir "$work/node"
  cp "$repository/requirements/node.txt" "$work/node/"
  cat >"$work/node/Dockerfile" <<END
FROM $1
COPY node.txt /opt/
RUN python3 -m venv /opt/node && /opt/node/bin/pip install --require-hashes -r /opt/node.txt
ENV PATH=/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_EXTRA_CA_CERTS=$authorities
END
  build --tag docker.io/library/node:24-slim "$work/node"
}

# Who signs the certificates of RDS comes from Amazon, or from nowhere: whatever stands in for it is said to.
authorities_of_rds=()
stand_in_for_amazon() {
  address=$(sed -n 's/^ARG RDS_AUTHORITIES=//p' "$repository/Dockerfile")
  ! curl --silent --fail --head --max-time 20 --output /dev/null "$address" || return 0
  say "NOT FOR AMAZON: $address cannot be reached; the authorities of this machine stand in for Amazon's"
  mkdir "$work/served"
  cp "$authorities" "$work/served/authorities.pem"
  python3 -u -m http.server --bind 127.0.0.1 --directory "$work/served" 0 >"$work/served.log" 2>&1 &
  server=$!
  port=
  while [ -z "$port" ]; do
    kill -0 "$server" 2>/dev/null || fail "nothing can be served on loopback: $(cat "$work/served.log")"
    port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$work/served.log")
    sleep 0.1
  done
  authorities_of_rds=(--build-arg "RDS_AUTHORITIES=http://127.0.0.1:$port/authorities.pem")
}

stand_in_for_amazon
if [ "$architecture" = "$here" ]; then
  make_python python "$here" docker.io/library/python:3.13-slim
  make_node docker.io/library/python:3.13-slim
else
  make_python native "$here" localhost/python:native
  make_node localhost/python:native
  make_python python "$architecture" docker.io/library/python:3.13-slim
fi
say "the Dockerfile, for $platform"
build --platform "$platform" "${authorities_of_rds[@]}" --tag "$image" "$repository"
say "its layers, as they are and packed as a registry has them:"
own_podman push --quiet "$image" "dir:$work/layers"
own_podman image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "$image" | while read -r layer; do
  [ -n "$layer" ] || continue
  echo "$(wc -c <"$work/layers/${layer#sha256:}") $(gzip -c "$work/layers/${layer#sha256:}" | wc -c)"
done | awk '{ printf "%8.1f MB %8.1f MB\n", $1 / 1e6, $2 / 1e6; a += $1; b += $2 }
  END { printf "%8.1f MB %8.1f MB together\n", a / 1e6, b / 1e6 }'
own_podman save --quiet --format docker-archive --output "$1" "$image"
say "$1: user $(own_podman image inspect --format '{{.Config.User}}' "$image")"
