"""What the repository refers to is in the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.references import LINK, REFERENCE, Repository

ROOT = Path(__file__).parents[1]


def test_every_reference_leads_somewhere() -> None:
    assert [str(problem) for problem in Repository(ROOT).problems()] == []


def test_there_are_references() -> None:
    """What finds nothing finds no problem, either."""
    texts = [(path.suffix, path.read_text(encoding="utf-8", errors="replace")) for path in Repository(ROOT).files()]
    placed = [found for _, text in texts for found in REFERENCE.finditer(text) if found[2]]
    assert len(placed) > 150
    assert {found[1] for found in placed} >= {
        "docs/domain.md",
        "docs/policy-language.md",
        "docs/architecture.md",
        "docs/rules-engine.md",
    }
    assert sum(len(LINK.findall(text)) for suffix, text in texts if suffix == ".md") > 30


DOMAIN = """\
# The rules of the field

## 0. Sources

### 0.1 The pages

| cited as | title |
|---|---|
| [proration credit] | Proration credit |
| [orders] | Orders (all of them) |

### 0.2 The seven use cases

| use case | done |
|---|---|
| 1 | a dispute |

### 1.2 What each takes

| # | operation |
|---|---|
| 1 | bill run |
| 21 | adjustment |

### 1.3 The fallback

1. What the request says.
2. The level.

### 9.2 What must add up

## 11. Vectors

| # | input |
|---|---|
| G4 | a memo |

## The rules of the language

1. **Closed.**
2. **Typed.**

```sh
## 9.9 This is a comment
```

[proration credit]: https://example.com/
[orders]: #01-the-pages
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A made-up repository with one page."""
    for folder in ("docs", "src", "policies"):
        (tmp_path / folder).mkdir()
    (tmp_path / "docs" / "domain.md").write_text(DOMAIN, encoding="utf-8")
    return tmp_path


def told(tree: Path, name: str, text: str) -> list[str]:
    """What is told of one more file."""
    (tree / name).write_text(text, encoding="utf-8")
    return [str(problem) for problem in Repository(tree).problems()]


@pytest.mark.parametrize(
    "text",
    [
        '"""Says docs/domain.md 1.2 rows 1 and 21, 9.2 and 11. The rest is prose."""',
        "# docs/domain.md 1.2 row 21, 1.3 point 2 (a remark), G4, use case 1 and rules 1 to 2: so it is",
        "# docs/domain.md, and docs/domain.md.",
        "random.Random(seed); seeds = 12; operations/shared/memos.py",
    ],
)
def test_what_leads_somewhere(tree: Path, text: str) -> None:
    assert told(tree, "src/a.py", text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# docs/nowhere.md 1.2", "there is no docs/nowhere.md"),
        ("# docs/domain.md 1.2 and 2.4", "docs/domain.md has no section 2.4"),
        ("# docs/domain.md 9.9", "docs/domain.md has no section 9.9"),
        ("# docs/domain.md 1.2 row 22", "docs/domain.md has no row 22 of 1.2"),
        ("# docs/domain.md 1.2 rows 1 and 3", "docs/domain.md has no row 3 of 1.2"),
        ("# docs/domain.md 1.3 point 3", "docs/domain.md has no point 3 of 1.3"),
        ("# docs/domain.md 1.3 row 1", "docs/domain.md has no row 1 of 1.3"),
        ("# docs/domain.md G5", "docs/domain.md has no G5"),
        ("# docs/domain.md rules 2 and 3", "docs/domain.md has no rule 3"),
        ("# docs/domain.md use case 2", "docs/domain.md has no use case 2"),
        ("# docs/domain.md 1.2\n# row 1", "the reference to docs/domain.md goes on in the next line"),
        ("# domain section 9.2", "`domain section` is no reference that can be looked up"),
        ("# Domain 9.2", "`Domain 9` is no reference that can be looked up"),
        ("# domain vector G4", "`domain vector` is no reference that can be looked up"),
        ("# design section 2, rule 5", "`design section` is no reference that can be looked up"),
        ("# SEED0 and more", "`SEED0` is no reference that can be looked up"),
        ("# the memo may not (section 9.4)", "`section 9` is no reference that can be looked up"),
        ("# Seeds 1 and 5", "`Seeds 1` is no reference that can be looked up"),
        ("# as durable_rules.md says", "`durable_rules.md` is no reference that can be looked up"),
        ("# see shared/domain.md", "`shared/` is no reference that can be looked up"),
    ],
)
def test_what_leads_nowhere(tree: Path, text: str, problem: str) -> None:
    assert told(tree, "src/a.py", f"\n{text}\n") == [f"src/a.py:2: {problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[that](other.md)", "there is no other.md"),
        ("[that](../src/other.py)", "there is no ../src/other.py"),
        ("[that](../../outside.md)", "there is no ../../outside.md"),
        ("[that](domain.md#93-what-else)", "there is no place #93-what-else in domain.md"),
        ("[that](#nowhere)", "there is no place #nowhere in page.md"),
        ("as in [no source]", "[no source] is not defined"),
        ("[that]\n\n[that]: other.md", "there is no other.md"),
    ],
)
def test_links_that_lead_nowhere(tree: Path, text: str, problem: str) -> None:
    (found,) = told(tree, "docs/page.md", f"# Page\n\n{text}\n")
    assert found.endswith(f": {problem}")


def test_links_that_lead_somewhere(tree: Path) -> None:
    links = "[a](domain.md#92-what-must-add-up), [b](#a-page), [c](../src), [d], `[from, until)`"
    assert told(tree, "docs/page.md", f"# A page\n\n{links}\n\n[d]: domain.md\n") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('because: "Zuora, hearsay: so it is"', 'docs/domain.md 0.1 has no source `hearsay: so it is"`'),
        ('because: "use case 2: so it is"', "docs/domain.md has no use case 2"),
    ],
)
def test_sources_that_are_not_listed(tree: Path, text: str, problem: str) -> None:
    assert told(tree, "policies/a.yaml", text) == [f"policies/a.yaml:1: {problem}"]


def test_sources_that_are_listed(tree: Path) -> None:
    text = "# Zuora, proration\n# credit: so it is\nbecause: 'Zuora, Orders, and use case 1: it is; Zuora keeps it'\n"
    assert told(tree, "policies/a.yaml", text) == []
