"""What stands around a policy to begin with: a page to read first, settings of an editor, what CI runs on a change."""

from __future__ import annotations

from billpolicy.source.files import shipped_folder


def readme(name: str, invoice: str) -> str:
    """What is here, and the next three commands. `name`: as Markdown shows it."""
    return f"""\
# Billing policy of {name}

`policy/policy.yaml` says what differs from the standard policy, and why. To try it, there are a book and operations:

```sh
billpolicy explain credit_memo_from_invoice invoice={invoice} reason="Charge Dispute"
billpolicy test policy
billpolicy plan operations.yaml
```

Change the exception in the policy, and look again. `billpolicy schema --all --output schemas` renews what editors read.
"""


SETTINGS = """\
{
  "yaml.schemas": {
    "schemas/test.schema.json": "*.test.yaml",
    "schemas/book.schema.json": "book.yaml",
    "schemas/operations.schema.json": "operations.yaml"
  }
}
"""
EXTENSIONS = """\
{
  "recommendations": ["redhat.vscode-yaml"]
}
"""
GITHUB = """\
# Reviews the policy on every pull request that touches it: what is wrong, and which outcomes change, proven.
name: Billing policy
on:
  pull_request:
    paths: ["policy/**"]

permissions:
  contents: read

jobs:
  review:
    runs-on: ubuntu-latest
    env:
      BILLPOLICY_FROM: billpolicy # what pip installs: a package, or git+https://... of the repository
      BASE: origin/${{ github.base_ref }}
      BELOW: policy
      FORMATS: github
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # what the change is compared with must be there
          persist-credentials: false
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: python -m pip install --quiet --disable-pip-version-check "$BILLPOLICY_FROM"
      - name: Review
        run: |
          code=0
          sh ci/review.sh || code=$?
          cat policy-review/comment.md >>"$GITHUB_STEP_SUMMARY"
          [ "$code" = 4 ] || exit "$code" # 4: outcomes change, and nothing is wrong
"""
GITLAB = """\
# Reviews the policy on every merge request that touches it: what is wrong, and which outcomes change, proven.
policy-review:
  image: python:3.12
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
      changes: ["policy/**/*"]
  variables:
    GIT_DEPTH: "0" # what the change is compared with must be there
    BELOW: policy
    FORMATS: gitlab junit
    BILLPOLICY_FROM: billpolicy # what pip installs: a package, or git+https://... of the repository
  before_script:
    - python -m pip install --quiet --disable-pip-version-check "$BILLPOLICY_FROM"
  script:
    - sh ci/review.sh "$CI_MERGE_REQUEST_DIFF_BASE_SHA"
  allow_failure:
    exit_codes: 4 # outcomes change, and nothing is wrong: shown as a warning
  artifacts:
    when: always
    paths: [policy-review]
    reports:
      codequality: policy-review/findings.gitlab
      junit: policy-review/*.junit
"""


def review_script() -> str:
    """What both services run, as it is shipped."""
    return (shipped_folder() / "examples" / "ci" / "review.sh").read_text(encoding="utf-8")
