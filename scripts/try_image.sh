#!/bin/sh
# Build the image without being root, and run the service from it as an operator would: `make image`, in a minute or two.
# PODMAN: the program with its own options ("podman --runtime runc"). BASE: another base than that of Containerfile. BUILD:
# options for the build ("--isolation chroot"). PORT: where the service listens meanwhile. Where no registry is reached, any
# Debian with a Python is a base:
#     sudo debootstrap --variant=minbase --include=python3,python3-venv,python3-dev,ca-certificates trixie base
#     sudo tar -C base -cf - . | podman import - localhost/base && BASE=localhost/base make image
set -eu

PODMAN=${PODMAN:-podman}
PORT=${PORT:-8380}
story=$PWD/examples/three-brands
name=billpolicy-tried-$$
work=$(mktemp -d)
trap 'exit 1' INT TERM
trap '$PODMAN rm --force --ignore "$name" >/dev/null 2>&1; rm -rf "$work"' EXIT
cp -R "$story/." "$work"
chmod 755 "$work"
# How docs/install.md runs it: nothing can be written but the folder that is mounted, as a user without a name.
confined="--read-only --userns=keep-id:uid=10001,gid=10001 -v $work:/work"
billpolicy() { $PODMAN run --rm $confined billpolicy "$@"; }
address=http://127.0.0.1:$PORT
fetch() { curl --silent --show-error --fail "$@"; }
told() { printf '%s\n' "$1"; }

$PODMAN build ${BASE:+--build-arg BASE="$BASE"} ${BUILD:-} --tag billpolicy .
told "built: $(billpolicy --version | tr '\n' ' ')"

billpolicy ledger init sqlite:///ledger.db
billpolicy ledger import sqlite:///ledger.db book.yaml --policy policy.yaml
billpolicy serve --new-token ines >"$work/new" 2>&1
token=$(sed -n 's/^the token.*: //p' "$work/new")
cat >"$work/callers.yaml" <<END
callers:
  - name: ines
    token: $(sed -n 's/^ *token: //p' "$work/new")
    scopes: [read, plan, post, metrics]
    actor: ines
END
rm "$work/new"

$PODMAN run --detach --name "$name" $confined -p "127.0.0.1:$PORT:8080" \
    --health-cmd "python3 -c 'import urllib.request as r; r.urlopen(\"http://127.0.0.1:8080/health\")'" \
    billpolicy --log-format json serve --policy policy.yaml --ledger sqlite:///ledger.db --host 0.0.0.0 \
    --callers callers.yaml --workers 2 >/dev/null
tries=0
until curl --silent --fail "$address/ready" >/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
        $PODMAN logs "$name" >&2
        exit 1
    fi
    sleep 0.2
done
$PODMAN healthcheck run "$name"
told "serves, as the user $($PODMAN exec "$name" id -u)"
[ "$($PODMAN exec "$name" id -u)" = 10001 ]

# Nobody without a token is told a thing. Of the story's four operations three are posted, and one lacks an approval.
[ "$(curl --silent --output /dev/null --write-out '%{http_code}' "$address/accounts")" = 401 ]
fetch "$address/post" -H "authorization: Bearer $token" -H 'content-type: application/yaml' \
    --data-binary "@$story/operations.yaml" >"$work/posted.json"
fetch "$address/metrics" -H "authorization: Bearer $token" | grep -q '^billpolicy_decisions_total{'
fetch "$address/pages/matrix" -H "authorization: Bearer $token" | grep -q '<table'

$PODMAN stop --time 40 "$name" >/dev/null
[ "$($PODMAN inspect "$name" --format '{{.State.ExitCode}}')" = 0 ]
told "stopped when it was told to, with nothing left unanswered"
billpolicy ledger check sqlite:///ledger.db | grep "every check passed on 6 documents and 3 operations"
told "tried"
