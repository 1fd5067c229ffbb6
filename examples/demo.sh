#!/bin/sh
# The main job in a minute of reading: `make demo`. Run from the root of the repository; needs `billpolicy` on the PATH.
# Each command is printed before it is run. Stops with an error at the first thing that is not as it should be.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

heading() {
    printf '\n# %s\n' "$1"
}

run() {
    printf '\n$ %s\n' "$1"
    if eval "$1" >"$work/output" 2>&1; then
        cat "$work/output"
    else
        cat "$work/output" >&2
        echo 'demo: this command failed' >&2
        exit 1
    fi
}

heading 'The standard policy is right, and this is what it says.'
run 'billpolicy validate policies/standard'
run 'billpolicy matrix policies/standard'

heading 'A company adds a page of its own. One operation, and why it comes out so.'
run 'story=examples/a-page-of-company-policy'
cat >"$work/dispute.yaml" <<'END'
operations:
  - id: dispute-7
    operation: credit_memo_from_invoice
    date: 2026-06-20
    invoice: DE-INV00000101
    reason: Charge Dispute
    items: [{item: servers, amount: 1000.00}]
END
run 'cat $work/dispute.yaml'
run 'billpolicy explain --policy $story/policy.yaml --book $story/book.yaml $work/dispute.yaml'

heading 'A dry run: what would be posted. Nothing is.'
run 'billpolicy plan --policy $story/policy.yaml --book $story/book.yaml $work/dispute.yaml'

heading 'A ledger with the same book. What was planned is posted, and all adds up.'
run 'ledger=sqlite:///$work/ledger.db'
run 'billpolicy ledger init $ledger'
run 'billpolicy ledger import $ledger $story/book.yaml'
run 'billpolicy post --policy $story/policy.yaml --ledger $ledger --actor ines $work/dispute.yaml'
run 'billpolicy ledger show $ledger DE-CM00000001'
run 'billpolicy ledger check $ledger'

heading 'Posted again, nothing happens twice: the account is as it was.'
run 'billpolicy ledger show $ledger weber'
cp "$work/output" "$work/before"
run 'billpolicy post --policy $story/policy.yaml --ledger $ledger --actor ines $work/dispute.yaml'
run 'billpolicy ledger show $ledger weber >$work/after'
run 'cmp $work/before $work/after'

heading 'A declined card, canceled back to the first day: one operation, and the policy says what follows.'
run 'story=examples/declined-card-canceled-back-dated'
cat >"$work/cancel.yaml" <<'END'
operations:
  - id: max-never-got-any
    operation: cancel_subscription
    date: 2026-03-20
    subscription: S-max
    effective_date: 2026-03-01
END
run 'ledger=sqlite:///$work/bread.db'
run 'billpolicy ledger init $ledger'
run 'billpolicy ledger import $ledger $story/book.yaml'
run 'billpolicy post --today 2026-04-01 --policy $story/policy.yaml --ledger $ledger --actor ines $work/cancel.yaml'
run 'billpolicy ledger show $ledger max'
run 'billpolicy ledger check $ledger'
