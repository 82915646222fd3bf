#!/bin/sh
# Build the product's Dockerfile without Docker, start the server from the image as a task of ECS would (no root, root
# filesystem read-only) and talk to it. Opt-in: as root, with buildah, debootstrap and curl, on Debian or Ubuntu.
#
#   sudo deploy/image/build.sh [FOLDER]     FOLDER: some 6 GB, made and removed; default: a temporary one
#
# Where no registry of images can be reached, its two base images are stood in for by Debian 13, whose Python is 3.13,
# with Node.js from a wheel. So this proves the Dockerfile and what is installed, not the base images. To use those:
# BASES=pull.
set -eu

repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${1:-${TMPDIR:-/tmp}}/voice-server-image.XXXXXX")
image=localhost/voice-server:local
release=trixie
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
authorities=/etc/ssl/certs/ca-certificates.crt
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot BUILDAH_FORMAT=docker
export XDG_RUNTIME_DIR="$work/run"
mkdir -p "$work/run" "$work/store"

run_buildah() { buildah --root "$work/store" --runroot "$work/run" "$@"; }
say() { printf '%s %s\n' "$(date -u +%T)" "$*"; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

processes=
# Containers that were left mounted would keep the folder busy.
end() {
  for process in $processes; do kill "$process" 2>/dev/null || :; wait "$process" 2>/dev/null || :; done
  run_buildah umount --all >/dev/null 2>&1 || :
  rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM

[ "$(id -u)" = 0 ] || fail "it mounts and changes its user: run it as root."
for program in buildah debootstrap curl unshare; do
  command -v "$program" >/dev/null || fail "$program is not installed: apt-get install buildah debootstrap curl util-linux"
done

# Given to RUN, and nothing of it stays in the image: who signs what is downloaded, where that is not the usual.
volumes=
for file in "$authorities" /etc/pip.conf /etc/npmrc; do
  [ -e "$file" ] && volumes="$volumes --volume $file:$file:ro"
done

# The two images that the Dockerfile begins with.
make_bases() {
  say "debootstrap $release"
  debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,python3-pip "$release" "$work/rootfs" "$mirror" \
    >"$work/debootstrap.log" 2>&1 || { tail -5 "$work/debootstrap.log"; fail "debootstrap failed."; }
  rm -rf "$work/rootfs"/var/cache/apt/archives/*.deb "$work/rootfs"/var/lib/apt/lists/*
  ln -s python3 "$work/rootfs/usr/bin/python"
  container=$(run_buildah from scratch)
  run_buildah add --quiet "$container" "$work/rootfs" / >/dev/null
  run_buildah commit --quiet "$container" docker.io/library/python:3.13-slim >/dev/null
  say "Node.js from its wheel"
  run_buildah copy --quiet "$container" "$repository/requirements/node.txt" /opt/node.txt >/dev/null
  # shellcheck disable=SC2086 # several words
  run_buildah run $volumes "$container" -- sh -c '
    python3 -m venv /opt/node && /opt/node/bin/pip install --quiet --require-hashes -r /opt/node.txt'
  run_buildah config --env "NODE_EXTRA_CA_CERTS=$authorities" --env "npm_config_cafile=$authorities" "$container"
  run_buildah config --env PATH=/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  run_buildah commit --quiet "$container" docker.io/library/node:24-slim >/dev/null
  run_buildah rm "$container" >/dev/null
  rm -rf "$work/rootfs"
}

# The Dockerfile as it is; or, where Amazon cannot be reached, with another address for its authorities of RDS.
dockerfile="$repository/Dockerfile"
stand_in_for_amazon() {
  bundle=$(sed -n 's/^ADD .*\(https:[^ ]*\.pem\) .*/\1/p' "$dockerfile")
  [ -n "$bundle" ] || return 0
  curl --silent --fail --head --max-time 20 --output /dev/null "$bundle" && return 0
  say "NOT AS IT IS: $bundle cannot be reached; this machine's authorities stand in for it"
  mkdir "$work/served"
  cp "$authorities" "$work/served/bundle.pem"
  python3 -u -m http.server --bind 127.0.0.1 --directory "$work/served" 0 >"$work/served.log" 2>&1 &
  processes="$processes $!"
  port=
  while [ -z "$port" ]; do
    kill -0 "$!" 2>/dev/null || fail "nothing can be served on loopback: $(cat "$work/served.log")"
    port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$work/served.log")
    sleep 0.1
  done
  sed "s#$bundle#http://127.0.0.1:$port/bundle.pem#" "$dockerfile" >"$work/Dockerfile"
  dockerfile="$work/Dockerfile"
}

[ "${BASES:-stand-in}" = pull ] || make_bases
stand_in_for_amazon
say "build"
pull=--pull=never
[ "${BASES:-stand-in}" = pull ] && pull=--pull
# shellcheck disable=SC2086 # several words
run_buildah build --quiet $pull $volumes --file "$dockerfile" --tag "$image" "$repository" >/dev/null
say "pack"
run_buildah push --quiet "$image" "oci-archive:$work/image.tar"
say "size: $(du -m "$work/image.tar" | cut -f1) MB packed"

container=$(run_buildah from --pull=never "$image")
root=$(run_buildah mount "$container")
user=$(run_buildah inspect --type image --format '{{.OCIv1.Config.User}}' "$image")
command=$(run_buildah inspect --type image --format '{{range .OCIv1.Config.Cmd}}{{.}} {{end}}' "$image")
say "size: $(du -sm "$root" | cut -f1) MB unpacked, of which /app $(du -sm "$root/app" | cut -f1) MB; user $user; command $command"
[ -n "$user" ] || fail "the image runs as root."
uid=$(chroot "$root" id -u "$user")
[ "$uid" = 10001 ] || fail "$user is $uid, and the tasks' volumes belong to 10001."

key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
port=${PORT:-18080}
say "start, on a read-only root"
# shellcheck disable=SC2016,SC2086 # for the inner shell; several words
ROOT=$root IMAGE_UID=$uid unshare --mount --pid --fork --kill-child sh -euc '
  mount --bind "$ROOT" "$ROOT"
  mount -o remount,bind,ro "$ROOT"
  mount -t proc proc "$ROOT/proc"
  mount --rbind /dev "$ROOT/dev"
  for folder in data tmp; do mount -t tmpfs -o "uid=$IMAGE_UID,gid=$IMAGE_UID,mode=0700" tmpfs "$ROOT/$folder"; done
  exec chroot --userspec="$IMAGE_UID:$IMAGE_UID" "$ROOT" /usr/bin/env -i --chdir=/data "$@"
' sh $(run_buildah inspect --type image --format '{{range .OCIv1.Config.Env}}{{.}} {{end}}' "$image") \
  HOME=/data "API_KEYS=$key" "PORT=$port" LOG_LEVEL=error $command >"$work/server.log" 2>&1 &
server=$!
processes="$processes $server"
seconds=0
until curl --silent --fail --max-time 2 "http://127.0.0.1:$port/health" >/dev/null; do
  kill -0 "$server" 2>/dev/null || { cat "$work/server.log"; fail "the server ended."; }
  seconds=$((seconds + 1))
  [ "$seconds" -lt 60 ] || { cat "$work/server.log"; fail "the server is not healthy after a minute."; }
  sleep 1
done
say "healthy after about $seconds s"
PORT=$port chroot "$root" /app/.venv/bin/python -m voice_server.health_check || fail "the image's own health check fails."
if chroot --userspec="$uid:$uid" "$root" sh -c 'touch /app/x' 2>/dev/null; then fail "the user may write into /app."; fi
VOICE_SERVER_API_KEY=$key PYTHONPATH="$repository:$repository/clients/python" \
  "${PYTHON:-$repository/.venv/bin/python}" -m deploy.scripts.spoken_turn "http://127.0.0.1:$port"
say "done"
