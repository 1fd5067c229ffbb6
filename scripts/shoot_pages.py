"""Pictures of the pages of the service, for docs/service.md: `python -m scripts.shoot_pages`.

They are of the story of the three brands, on a ledger to which its operations were posted; whoever changes a page looks
at them, and takes them anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import billpolicy
from billpolicy.service.callers import OnThisMachine
from billpolicy.service.serving import InForce, Serving
from tests.helpers.paths import ROOT
from tests.pictures.browser import started
from tests.service.browsing import listening, visited

STORY = Path("examples") / "three-brands"
PICTURES = ROOT / "docs" / "pictures"
PAGES: Mapping[str, str] = {
    "matrix": "matrix",
    "explain": "explain?" + urlencode({"by": "typed", "typed": "credit_memo_from_invoice invoice=KI-INV00000001"}),
    "account": "accounts/brandt",
    "plan": "plan?" + urlencode({"by": "typed", "typed": "write_off_invoice invoice=SQ-INV00000001"}),
}
"""Name of the picture -> the page."""
WIDTH, HEIGHT = 1280, 860


def main() -> None:
    """Take them all."""
    PICTURES.mkdir(exist_ok=True)
    policy = billpolicy.load_policy(STORY / "policy.yaml")
    operations = billpolicy.load_operations(STORY / "operations.yaml")
    with tempfile.TemporaryDirectory() as at, billpolicy.create_ledger(f"sqlite:///{at}/ledger.db") as ledger:
        ledger.import_book(billpolicy.load_book(STORY / "book.yaml"))
        list(billpolicy.post_all(policy, ledger, operations, who="ines"))
        serving = Serving(InForce(policy), ledger, OnThisMachine("ines"), operations=tuple(operations))
        with started() as browser, listening(serving) as address:
            for name, path in PAGES.items():
                page = visited(browser, f"{address}/pages/{path}", width=WIDTH)
                page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
                page.screenshot(path=PICTURES / f"{name}.png")
                print(f"{name}.png")


if __name__ == "__main__":
    main()
