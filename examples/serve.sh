#!/bin/sh
# The story of the three brands as a service: `make serve`. Run from the root of the repository; needs `billpolicy`, with
# the extra `serve`, on the PATH. It has a ledger of its own, which is gone when it stops. What is after it are options of
# `billpolicy serve`, such as --port 9000.
set -eu

story=examples/three-brands
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ledger="sqlite:///$work/ledger.db"
billpolicy ledger init "$ledger" >/dev/null
billpolicy ledger import "$ledger" "$story/book.yaml" >/dev/null
billpolicy serve --policy "$story/policy.yaml" --ledger "$ledger" --operations "$story/operations.yaml" --actor ines --open "$@"
