"""Layers and files: `extends`, what replaces and what adds up, and that the place of a line in files never matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from billpolicy.deciding.proven import prove
from billpolicy.diagnostics.diagnostic import Position, Refused
from billpolicy.policy.model import Chain, Policy, Setting
from tests.helpers.paths import STANDARD
from tests.helpers.refusals import refused
from tests.helpers.rights import as_nobody, open_folder

HEADER = "policy: {name}\neffective: {{from: {from_}}}\n"
EXCEPTION = """
exceptions:
  - id: {id}
    operations: [write_off_invoice]
    when: {{account.country: {country}}}
    then: {{bill_to_contact: [account]}}
"""


def write(folder: Path, name: str, text: str, *, extends: str | None = None, from_: str = "2026-01-01") -> Path:
    """A policy folder with one file."""
    (folder / name).mkdir(exist_ok=True)
    header = HEADER.format(name=name, from_=from_) + (f"extends: {extends}\n" if extends else "")
    (folder / name / "policy.yaml").write_text(header + text, encoding="utf-8")
    return folder / name


def codes(path: Path) -> list[str]:
    return sorted({diagnostic.code for diagnostic in refused(lambda: prove(path)).diagnostics})


def test_what_a_layer_says_replaces_what_its_base_says(tmp_path: Path) -> None:
    base = "operations: {write_off_invoice: {bill_to_contact: [account], item_limit: 5}}"
    write(tmp_path, "company", base, extends=str(STANDARD))
    local = "operations: {write_off_invoice: {bill_to_contact: [request, account]}}\ndefaults: {payment_term: Net 30}"
    policy = prove(write(tmp_path, "country", local, extends="../company"))
    contact = policy.base["write_off_invoice", "bill_to_contact"]
    limit = policy.base["write_off_invoice", "item_limit"]
    binding = policy.base["credit_memo_from_charge", "attribute_binding"]
    assert contact.outcome == Chain(("request", "account"))
    assert limit.outcome == Setting(5)
    assert policy.defaults == {"payment_term": "Net 30", "sequence_set": "DEFAULT"}
    # Each rule says which file it came from.
    assert contact.position.file == str(tmp_path / "country" / "policy.yaml")
    assert limit.position.file == str(tmp_path / "company" / "policy.yaml")
    assert binding.position.file == str(STANDARD / "credit_memos.yaml")
    assert policy.name == "country"


def test_exceptions_add_up_over_the_layers(tmp_path: Path) -> None:
    write(tmp_path, "company", EXCEPTION.format(id="germans", country="DE"), extends=str(STANDARD))
    path = write(tmp_path, "country", EXCEPTION.format(id="french", country="FR"), extends="../company")
    of_the_standard = [exception.id for exception in prove(STANDARD).exceptions]
    assert [exception.id for exception in prove(path).exceptions] == sorted(["french", "germans", *of_the_standard])


OF_A_POLICY = EXCEPTION.format(id="germans", country="DE")


@pytest.mark.parametrize(
    ("files", "not_read"),
    [
        ({"countries/germany.yaml": OF_A_POLICY}, [("countries/germany.yaml", 2, "exceptions")]),
        ({"a/b/c/terms.yml": "# terms\npayment_terms: {Net 14: {net: 14}}"}, [("a/b/c/terms.yml", 2, "payment_terms")]),
        ({"a/flow.yaml": '{"defaults": {payment_term: Net 30}}'}, [("a/flow.yaml", 1, "defaults")]),
        ({"a/o.yaml": "operations:\n  # by name\n  bill_run: {}"}, [("a/o.yaml", 1, "operations")]),
        ({"a/o.yaml": "operations: {bill_run: {}}"}, [("a/o.yaml", 1, "operations")]),
        # Also beside tests and their books.
        (
            {"tests/a.test.yaml": "tests: []", "tests/book.yaml": "accounts: []", "tests/r.yaml": OF_A_POLICY},
            [("tests/r.yaml", 2, "exceptions")],
        ),
        # Tests, books, operations, pages, hidden files, and a policy of its own with what is below it.
        ({"tests/a.test.yaml": OF_A_POLICY, "tests/book.yaml": "accounts: []"}, []),
        (
            {"data/operations.yaml": "operations:\n  # memos\n  - {id: a}", "data/more.yaml": "operations: [{id: b}]"},
            [],
        ),
        ({"pages/notes.md": OF_A_POLICY, ".old/rules.yaml": OF_A_POLICY, "pages/.rules.yaml": OF_A_POLICY}, []),
        ({"germany/p.yaml": "effective: {}\npolicy: germany", "germany/q.yaml": OF_A_POLICY}, []),
        ({"germany/p.yaml": "policy: germany", "germany/old/q.yaml": OF_A_POLICY}, []),
    ],
)
def test_policy_in_subfolders_is_refused_and_never_passed_over(
    files: dict[str, str], not_read: list[tuple[str, int, str]], tmp_path: Path
) -> None:
    path = write(tmp_path, "company", "", extends=str(STANDARD))
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    if not not_read:
        assert prove(path)
        return
    found = refused(lambda: prove(path)).diagnostics
    assert [(one.code, one.position) for one in found] == [
        ("policy-in-subfolder", Position(str(path / name), line, 1)) for name, line, _ in not_read
    ]
    assert all(f"it says `{section}`" in one.message for one, (_, _, section) in zip(found, not_read, strict=True))


def test_subfolders_of_a_base_count_and_of_a_single_file_do_not(tmp_path: Path) -> None:
    base = write(tmp_path, "company", "", extends=str(STANDARD))
    (base / "more").mkdir()
    (base / "more" / "rules.yaml").write_text(OF_A_POLICY, encoding="utf-8")
    assert codes(write(tmp_path, "country", "", extends="../company")) == ["policy-in-subfolder"]
    assert prove(base / "policy.yaml")


def test_a_subfolder_that_leads_back_is_looked_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "company", "", extends=str(STANDARD))
    (path / "more").mkdir()
    (path / "more" / "again").symlink_to(path, target_is_directory=True)
    assert prove(path)


def test_the_same_exception_in_two_layers_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "company", EXCEPTION.format(id="germans", country="DE"), extends=str(STANDARD))
    path = write(tmp_path, "country", EXCEPTION.format(id="germans", country="FR"), extends="../company")
    assert codes(path) == ["said-twice"]


def test_an_exception_can_override_one_of_its_base(tmp_path: Path) -> None:
    write(tmp_path, "company", EXCEPTION.format(id="germans", country="DE"), extends=str(STANDARD))
    local = (
        "exceptions: [{id: berlin, overrides: [germans], operations: [write_off_invoice], then: {bill_to_contact: "
        "[invoice]}, when: {account.country: DE}}]"
    )
    assert prove(write(tmp_path, "country", local, extends="../company"))


def test_sets_terms_and_codes_of_one_name_are_replaced_as_a_whole(tmp_path: Path) -> None:
    local = """
payment_terms: {Net 30: {net: 31}}
reason_codes: {refund: [Standard Refund]}
sequence_sets:
  DEFAULT: {invoice: {prefix: I}, credit_memo: {prefix: C}, debit_memo: {prefix: D}}
"""
    policy = prove(write(tmp_path, "country", local, extends=str(STANDARD)))
    assert policy.payment_terms["Net 30"].net == 31
    assert policy.payment_terms["Net 60"].net == 60
    assert policy.reason_codes["refund"] == ("Standard Refund",)
    assert "Charge Dispute" in policy.reason_codes["credit_memo"]
    assert set(policy.sequence_sets["DEFAULT"].series) == {"invoice", "credit_memo", "debit_memo"}


def test_a_field_is_declared_by_one_layer(tmp_path: Path) -> None:
    write(tmp_path, "company", "fields: {account.segment: {type: text}}", extends=str(STANDARD))
    path = write(tmp_path, "country", "fields: {account.segment: {type: integer}}", extends="../company")
    assert codes(path) == ["field-known"]


def test_an_attribute_of_the_base_can_be_used_without_declaring_it_again(tmp_path: Path) -> None:
    declared = "attributes: {logo: {documents: [refund]}}\nevery_operation: {logo: [account]}"
    write(tmp_path, "company", declared, extends=str(STANDARD))
    path = write(tmp_path, "country", "operations: {create_refund: {logo: [request, account]}}", extends="../company")
    assert prove(path).base["create_refund", "logo"].outcome == Chain(("request", "account"))


@pytest.mark.parametrize(
    ("layer", "base", "expected"),
    [
        ("{from: 2026-01-01}", "{from: 2026-01-01}", []),
        ("{from: 2025-12-31}", "{from: 2026-01-01}", ["base-not-in-force"]),
        ("{from: 2026-01-01, until: 2027-01-01}", "{from: 2026-01-01, until: 2027-01-01}", []),
        ("{from: 2026-01-01, until: 2027-01-02}", "{from: 2026-01-01, until: 2027-01-01}", ["base-not-in-force"]),
        ("{from: 2027-01-01}", "{from: 2026-01-01, until: 2027-01-01}", ["base-not-in-force"]),
        ("{from: 2026-01-01}", "{from: 2026-01-01, until: 2027-01-01}", ["base-not-in-force"]),  # open-ended
        ("{from: 2026-01-01, until: 2026-01-01}", "{from: 2026-01-01}", ["effective-empty"]),
    ],
)
def test_a_policy_is_in_force_only_while_its_base_is(
    layer: str, base: str, expected: list[str], tmp_path: Path
) -> None:
    (tmp_path / "base.yaml").write_text(f"policy: base\nextends: {STANDARD}\neffective: {base}\n", encoding="utf-8")
    path = tmp_path / "policy.yaml"
    path.write_text(f"policy: layer\nextends: base.yaml\neffective: {layer}\n", encoding="utf-8")
    if expected:
        assert codes(path) == expected
    else:
        assert prove(path)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a/p.yaml": "policy: a\nextends: ../a\neffective: {from: 2026-01-01}"}, "extends-cycle"),
        ({"a/p.yaml": "policy: a\nextends: p.yaml\neffective: {from: 2026-01-01}"}, "extends-cycle"),
        ({"a/p.yaml": "policy: a\nextends: ../b", "b/p.yaml": "policy: b\nextends: ../a"}, "extends-cycle"),
        ({"a/p.yaml": "policy: a\nextends: ../nowhere"}, "policy-missing"),
        ({"a/p.yaml": "policy: a\nextends: ../empty", "empty/notes.txt": ""}, "policy-empty"),
        ({"a/p.yaml": "policy: a\nextends: ../b", "a/q.yaml": "extends: ../b", "b/p.yaml": "policy: b"}, "said-twice"),
        ({"a/p.yaml": f"policy: a\nextends: {'x' * 255}"}, "policy-missing"),
        ({"a/p.yaml": f"policy: a\nextends: {'é' * 200}"}, "policy-unreadable"),  # 400 bytes are no file name
        ({"a/notes.txt": ""}, "policy-empty"),
        ({}, "policy-missing"),
    ],
)
def test_a_base_that_is_none_is_told(files: dict[str, str], expected: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert expected in codes(tmp_path / "a")


def test_of_two_bases_the_first_is_taken_to_look_for_other_mistakes(tmp_path: Path) -> None:
    header = "policy: {}\neffective: {{from: 2026-01-01}}\n"
    write(tmp_path, "b", "", extends=str(STANDARD))
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "p.yaml").write_text(header.format("a") + "extends: ../b\n", encoding="utf-8")
    (tmp_path / "a" / "q.yaml").write_text("extends: ../nowhere\n", encoding="utf-8")
    assert codes(tmp_path / "a") == ["said-twice"]


def test_more_layers_than_anybody_needs_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "l0", "", extends=str(STANDARD))
    for depth in range(1, 9):
        write(tmp_path, f"l{depth}", "", extends=f"../l{depth - 1}")
    assert prove(tmp_path / "l6")  # seven of these and the standard
    assert codes(tmp_path / "l8") == ["extends-depth"]


def test_a_folder_is_all_its_yaml_files_but_tests_and_hidden_ones(tmp_path: Path) -> None:
    path = write(tmp_path, "country", "", extends=str(STANDARD))
    (path / "write_offs.yml").write_text("operations: {write_off_invoice: {item_limit: 5}}", encoding="utf-8")
    (path / "write_offs.test.yaml").write_text("not: policy", encoding="utf-8")
    (path / ".#policy.yaml").symlink_to("nobody@nowhere.1234")  # what an editor leaves beside an open file
    policy = prove(path)
    assert [Path(file).name for file in policy.files[-2:]] == ["policy.yaml", "write_offs.yml"]
    assert policy.base["write_off_invoice", "item_limit"].outcome == Setting(5)


SECTIONS = [
    HEADER.format(name="country", from_="2026-01-01"),
    f"extends: {STANDARD}\n",
    "operations: {write_off_invoice: {item_limit: 5}}\n",
    "fields: {account.segment: {type: text}}\n",
    EXCEPTION.format(id="germans", country="DE"),
    "payment_terms: {Net 45: {net: 45}}\n",
]


def spread_over(folder: Path, *files: list[str]) -> Policy:
    folder.mkdir()
    for number, sections in enumerate(files):
        (folder / f"{number}.yaml").write_text("\n".join(sections), encoding="utf-8")
    return prove(folder)


def test_in_which_file_a_section_stands_never_matters(tmp_path: Path) -> None:
    one = spread_over(tmp_path / "one", SECTIONS)
    each = spread_over(tmp_path / "each", *([section] for section in SECTIONS))
    back = spread_over(tmp_path / "back", *([section] for section in SECTIONS[::-1]))
    for other in (each, back):
        assert other.name == one.name
        assert other.effective == one.effective
        assert [rule.id for rule in other.base.values()] == [rule.id for rule in one.base.values()]
        assert [rule.outcome for rule in other.base.values()] == [rule.outcome for rule in one.base.values()]
        assert [(e.id, e.boxes, e.then) for e in other.exceptions] == [(e.id, e.boxes, e.then) for e in one.exceptions]
        assert list(other.payment_terms) == list(one.payment_terms)


def test_the_digest_is_that_of_names_and_contents_and_not_of_places(tmp_path: Path) -> None:
    first = spread_over(tmp_path / "first", SECTIONS)
    (tmp_path / "elsewhere").mkdir()
    second = spread_over(tmp_path / "elsewhere" / "second", SECTIONS)
    changed = spread_over(tmp_path / "changed", [*SECTIONS, "# a comment\n"])
    assert first.digest == second.digest
    assert first.digest != changed.digest


def test_a_folder_that_may_not_be_read_is_told() -> None:
    with open_folder() as folder:
        path = write(folder, "country", "", extends=str(STANDARD))
        path.chmod(0o000)
        with as_nobody():
            assert codes(path) == ["policy-unreadable"]
        path.chmod(0o700)


def test_a_folder_that_cannot_be_read_is_told_also_to_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "country", "", extends=str(STANDARD))

    def forbidden(self: Path) -> object:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(Refused) as refused:
        prove(path)
    assert "cannot be read: permission denied" in str(refused.value)


def test_a_link_that_leads_to_itself_is_told(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert codes(tmp_path / "loop") == ["policy-unreadable"]
