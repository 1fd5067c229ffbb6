"""Feed the readers of files what a fuzzer makes, which is led by the lines that it reaches: `make fuzz`.

Whatever a file says, a reader gives what stands in it or raises `Refused`: anything else is a finding, and so is a file
of 64 kB that takes ten seconds or a gigabyte. A book is read both quickly and carefully, which must agree.

The inputs that reached something new are kept in build/fuzz, and are where the next run goes on; a finding is kept in
build/fuzz/findings, to be mended and made a test.

The fuzzer is atheris (libFuzzer), which is installed by this command only. It needs Linux or macOS, CPython 3.11 to
3.13.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "fuzz"
FINDINGS = KEPT / "findings"
MAX_BYTES = 65_536
MAX_SECONDS = 10
MAX_MEGABYTES = 1_024
SEEDS = {
    "allow": ("**/*allow*.yaml",),
    "baseline": ("**/*baseline*.yaml",),
    "book": ("**/book.yaml", "**/book.json", "**/start.yaml"),
    "csv": ("**/*.csv",),
    "excel": (),
    "mapping": ("**/mapping*.yaml",),
    "operations": ("**/operations*.yaml",),
    "plan": ("**/plan*.json",),
    "policy": ("**/policy.yaml", "policies/standard/*.yaml"),
    "recording": ("**/*.jsonl",),
    "settings": ("**/billpolicy.toml",),
    "tests": ("**/*.test.yaml",),
    "usage": ("**/usage*.csv",),
}
"""Each reader with the files of the repository that it starts from."""
SHEET = b"""<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:B3"/>
<sheetData>
<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="str"><v>amount</v></c></row>
<row r="2"><c r="A2" t="b"><v>1</v></c><c r="B2" s="1"><f>1+1</f><v>2.5</v></c></row>
<row r="3"><c r="A3" t="d"><v>2026-01-01</v></c><c r="B3" t="e"><v>#N/A</v></c></row>
</sheetData></worksheet>"""
ENDINGS = {"csv": "csv", "excel": "xlsx", "plan": "json", "recording": "jsonl", "settings": "toml", "usage": "csv"}


def reader(name: str) -> Callable[[Path], object]:
    """What reads a file of a kind. Imported here: atheris watches what is imported while it looks."""
    from billpolicy.book.load import load_book
    from billpolicy.comparing.allow import AllowFile
    from billpolicy.deciding.proven import prove
    from billpolicy.exchange import operations_file, plan_file, test_file, usage_file
    from billpolicy.exchange.tables import csv_table, excel_table, mapping
    from billpolicy.linting import settings
    from billpolicy.linting.baseline import BaselineFile
    from billpolicy.recording.lines import load_recording
    from billpolicy.source.read import read_record
    from billpolicy.source.tree import parse

    def record(kind: type) -> Callable[[Path], object]:
        return lambda path: read_record(kind, parse(path, max_megabytes=1))

    readers: dict[str, Callable[[Path], object]] = {
        "allow": record(AllowFile),
        "baseline": record(BaselineFile),
        "book": lambda path: _both_ways(path, load_book(path)),
        "csv": lambda path: list(csv_table.open_csv(path, "utf-8", "comma", "double").rows()),
        "excel": lambda path: list(excel_table.open_excel(path, None).rows()),
        "mapping": mapping.load_mapping,
        "operations": operations_file.load_with_book,
        "plan": plan_file.load_plan_file,
        "policy": prove,
        "recording": lambda path: list(load_recording(path)),
        "settings": settings.read_settings,
        "tests": test_file.load_tests,
        "usage": usage_file.load_usage,
    }
    return readers[name]


def writer(name: str) -> Callable[[Path, bytes], object]:
    """What makes a file of what the fuzzer gives. Of a workbook, which is packed, it gives the sheet."""
    if name != "excel":
        return Path.write_bytes
    import openpyxl  # type: ignore[import-untyped]

    plain = io.BytesIO()
    openpyxl.Workbook().save(plain)
    with zipfile.ZipFile(plain) as packed:
        parts = {part: packed.read(part) for part in packed.namelist()}

    def write(path: Path, data: bytes) -> None:
        with zipfile.ZipFile(path, "w") as packed:
            for part, raw in parts.items():
                packed.writestr(part, data if part.startswith("xl/worksheets/") else raw)

    return write


def _both_ways(path: Path, quick: object) -> None:
    from dataclasses import replace

    from billpolicy.book.load import book_of, where_in
    from billpolicy.source.tree import parse

    tree = parse(path, max_megabytes=1)
    careful = replace(book_of(tree, *where_in(tree)), file=str(path))
    assert careful == quick, "read quickly and carefully, this book is not the same"


def fuzz(name: str, given: list[str]) -> None:
    """Run the fuzzer in this process; it ends it."""
    import atheris

    with atheris.instrument_imports(include=["billpolicy"]):
        read = reader(name)
    write = writer(name)
    from billpolicy.diagnostics.diagnostic import Refused

    folder = Path(tempfile.mkdtemp(prefix="billpolicy-fuzz-"))
    path = folder / f"file.{ENDINGS.get(name, 'yaml')}"

    def one_input(data: bytes) -> None:
        write(path, data)
        try:
            read(path)
        except Refused as refused:
            if not refused.diagnostics:
                raise AssertionError("refused without a reason") from None

    atheris.Setup([sys.argv[0], *given], one_input)
    atheris.Fuzz()


def seeds(name: str) -> Iterator[Path]:
    """Files of the repository that are small enough."""
    for place in ("examples", "tests", "policies"):
        for pattern in SEEDS[name]:
            found = (ROOT / place).glob(pattern.removeprefix(f"{place}/"))
            yield from (file for file in found if file.is_file() and file.stat().st_size <= MAX_BYTES)


def run(name: str, seconds: int) -> bool:
    """Fuzz one reader in a process of its own; whether nothing was found."""
    corpus = KEPT / name
    for folder in (corpus, FINDINGS):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(sorted(set(seeds(name)))):
        (corpus / f"seed-{number}").write_bytes(seed.read_bytes())
    if name == "excel":
        (corpus / "seed").write_bytes(SHEET)
    limits = [f"-max_total_time={seconds}", f"-max_len={MAX_BYTES}", f"-timeout={MAX_SECONDS}"]
    limits += [f"-rss_limit_mb={MAX_MEGABYTES}", "-print_final_stats=1", f"-artifact_prefix={FINDINGS}/{name}-"]
    command = [sys.executable, "-m", "scripts.fuzz_readers", "--in-process", name, str(corpus), *limits]
    log = KEPT / f"{name}.log"
    with log.open("w", encoding="utf-8") as stream:
        ended = subprocess.run(command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT, check=False)
    tried = [
        line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "executed_units" in line
    ]
    count = int(tried[-1].split()[-1]) if tried else 0
    print(f"{name}: {count:,} files tried, " + ("nothing found" if ended.returncode == 0 else f"a finding: see {log}"))
    return ended.returncode == 0


def main() -> int:
    if sys.argv[1:2] == ["--in-process"]:
        fuzz(sys.argv[2], sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"by default all: {', '.join(SEEDS)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader (60)")
    asked = parser.parse_args()
    unknown = set(asked.readers) - SEEDS.keys()
    if unknown:
        parser.error(f"there is no reader {', '.join(sorted(unknown))}")
    found = [run(name, asked.seconds) for name in asked.readers or SEEDS]
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
