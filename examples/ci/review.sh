#!/bin/sh
# Reviews the policies that a change concerns, in one run, on any service or on your own machine:
#
#     sh review.sh [BASE]
#
# BASE is the branch that the change is for; by default `origin/main`. What HEAD changes since it branched off is looked
# at, so all of that must be fetched (`fetch-depth: 0`). Answers with the worst code that docs/exit-codes.md names:
#
#     0  nothing is wrong, and it is proven that no outcome changes
#     4  nothing is wrong, and outcomes change: whoever answers for the policy should read the comment
#     1  something is wrong, or a change goes beyond what ALLOW allows
#     2  wrong usage      3  a fault of the program
#
# Written into the folder REPORT: `comment.md`, for a comment on the change, and each command's findings by FORMAT.
set -u

billpolicy=${BILLPOLICY:-billpolicy}
base=${1:-${BASE:-origin/main}}
report=${REPORT:-policy-review}
below=${BELOW:-.}     # only policies in this folder
formats=${FORMATS:-}  # also findings as `github` (printed), `gitlab`, `sarif`, `junit`: several, with spaces between
allow=${ALLOW:-}      # a file of what the change may change (`billpolicy diff --propose` writes one)
data=${DATA:-}        # books with operations, to show what comes of real ones

worst=0
worse() { # takes a code into the verdict: 3 before 2 before 1 before 4
    case "$1:$worst" in
    0:* | 4:[123] | 1:[23] | 2:3) ;;
    *) worst=$1 ;;
    esac
}

run() { # COMMAND POLICY...: its findings into the comment, if there are any, and into a file of each other format
    name=$1
    code=0
    shift
    "$billpolicy" "$name" --format markdown -- "$@" >"$report/$name.md" || code=$?
    worse "$code"
    if grep -q '^| ' "$report/$name.md"; then
        { echo && cat "$report/$name.md"; } >>"$report/findings.md"
    fi
    rm "$report/$name.md"
    for format in $formats; do
        if [ "$format" = github ]; then
            "$billpolicy" "$name" --format github -- "$@" || true
        else
            "$billpolicy" "$name" --format "$format" -- "$@" >"$report/$name.$format" || true
        fi
    done
    return "$code"
}

rm -rf "$report" && mkdir -p "$report" && : >"$report/findings.md" && : >"$report/changes.md" || exit 3
"$billpolicy" affected --since "$base" --below "$below" >"$report/policies" || exit
set --
while IFS= read -r policy; do
    set -- "$@" "$policy"
done <"$report/policies"
rm "$report/policies"


apart() { # POLICY WORD: one that `is new` or `is gone`, so there is nothing to compare it with
    worse 4
    printf '\n### Billing policy: `%s` %s\n' "$(printf %s "$1" | tr -d '`\n')" "$2" >>"$report/changes.md"
}

gone() { # POLICY...: files that said which policy they are, and are in none of these any more
    git -c core.quotePath=false grep -lE '^["'\'']?policy["'\'']?[[:space:]]*:' "$branched" -- "$below" 2>/dev/null >"$report/before"
    while IFS= read -r file; do
        file=${file#"$branched":}
        case $file in *.test.yaml) continue ;; *.yaml | *.yml) ;; *) continue ;; esac
        [ ! -e "$file" ] || continue
        of=
        for policy; do
            case $file in "$policy"/*) of=$policy ;; esac
        done
        [ -n "$of" ] || apart "$file" 'is gone'
    done <"$report/before"
    rm "$report/before"
}

changes() { # POLICY: what comes out differently, for the comment
    set -- -- "$base...HEAD" "$1"
    [ -z "$allow" ] || set -- --allow "$allow" "$@"
    [ -z "$data" ] || set -- --data "$data" "$@"
    code=0
    echo >>"$report/changes.md"
    "$billpolicy" diff --exit-code --format markdown "$@" >>"$report/changes.md" || code=$?
    worse "$code"
}

branched=$(git merge-base "$base" HEAD) && gone "$@"
if [ $# -gt 0 ] && run validate "$@"; then
    run analyze "$@"
    run lint "$@"
    for policy; do
        if git cat-file -e "$branched:./$policy" 2>/dev/null; then changes "$policy"; else apart "$policy" 'is new'; fi
    done
    "$billpolicy" affected --since "$base" --below "$below" --with-tests >"$report/policies"
    set --
    while IFS= read -r policy; do
        set -- "$@" "$policy"
    done <"$report/policies"
    rm "$report/policies"
    [ $# -eq 0 ] || run test "$@"
    concerned=yes
else
    concerned=${1:+yes}
fi

case "$worst" in
0) verdict='Nothing is wrong, and it is proven that no outcome changes.' ;;
1) verdict='Something has to be mended before this can be merged.' ;;
4) verdict='Nothing is wrong. Outcomes change: whoever answers for the policy should agree to what follows.' ;;
*) verdict="The review did not come to its end (exit code $worst); the log of the job says why." ;;
esac
[ -n "$concerned" ] || [ "$worst" != 0 ] || verdict='This change concerns no policy.'
{
    echo '<!-- billpolicy review -->' # by which the comment is found again
    printf '## %s\n' "$verdict"
    cat "$report/changes.md" "$report/findings.md"
} >"$report/comment.md"
rm "$report/changes.md" "$report/findings.md"
case " $formats " in
*' gitlab '*) # takes one report a job: the lists of all commands in one
    between='['
    for list in "$report"/*.gitlab; do
        [ -f "$list" ] && body=$(sed '1d;$d' "$list") && [ -n "$body" ] || continue
        printf '%s\n%s' "$between" "$body"
        between=,
    done >"$report/findings"
    [ -s "$report/findings" ] || printf '[' >"$report/findings"
    printf '\n]\n' >>"$report/findings" && rm -f "$report"/*.gitlab && mv "$report/findings" "$report/findings.gitlab"
    ;;
esac
printf '%s\n' "$verdict"
exit "$worst"
