"""Write docs/diagnostics anew from the catalogue: `make pages`. A test tells when that was forgotten."""

import sys
from pathlib import Path

from billpolicy.catalogue.page import pages
from billpolicy.report.findings.formats import FORMATS

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "diagnostics"


def main() -> int:
    wanted = dict(pages({name: purpose for name, (_, purpose) in FORMATS.items()}))
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"docs/diagnostics: {len(wanted)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
