"""Write src/billpolicy/countries/names.py anew from the list of Debian's package iso-codes: `apt install iso-codes`."""

import json
import sys
from pathlib import Path

SOURCE = Path("/usr/share/iso-codes/json/iso_3166-1.json")
TARGET = Path(__file__).resolve().parent.parent / "src" / "billpolicy" / "countries" / "names.py"
_HEAD = '''"""The countries of ISO 3166-1: two letters, three letters, and the English names of each.

Written by `scripts/write_countries.py` from `iso_3166-1.json` of Debian's package iso-codes (LGPL-2.1-or-later,
https://salsa.debian.org/iso-codes-team/iso-codes). Do not edit: other names stand in `codes.py`.
"""

from __future__ import annotations

ISO_3166 = """
'''


def main() -> int:
    countries = json.loads(SOURCE.read_text(encoding="utf-8"))["3166-1"]
    lines = []
    for one in sorted(countries, key=lambda one: one["alpha_2"]):
        names = dict.fromkeys(one[key] for key in ("common_name", "name", "official_name") if key in one)
        lines.append(f"{one['alpha_2']} {one['alpha_3']} {'; '.join(names)}\n")
    TARGET.write_text(f'{_HEAD}{"".join(lines)}"""\n', encoding="utf-8")
    print(f"{TARGET.name}: {len(lines)} countries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
