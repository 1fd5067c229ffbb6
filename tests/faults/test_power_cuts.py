"""The power goes: what was acknowledged was synced, so it is there, whatever became of all that was not."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.faults.disk import Call
from tests.faults.power import Disk, Entry
from tests.faults.sampling import outlived, tried


def test_a_sample_of_the_moments() -> None:
    tally = outlived("power", "--cuts", "15")
    assert set(tally.rows) == {
        f"power cut, {left} of what was not synced is kept" for left in ("nothing", "some", "all")
    }


def test_a_ledger_that_does_not_wait_for_the_disk_is_noticed() -> None:
    tally = tried("power", "--cuts", "25", "--only", "several operations", "--broken", "unsynced")
    assert sum(row.lost for row in tally.rows.values()) > 0


def entry(kind: Call, name: str, offset: int = 0, data: bytes = b"") -> Entry:
    return Entry(kind, name, offset, data)


def cut(disk: Disk, share: float) -> set[tuple[tuple[str, bytes], ...]]:
    """What may be found, of a hundred cuts."""
    found = (disk.after_a_cut(Random(n), share) for n in range(100))
    return {tuple((name, data) for name, data in files.items() if not name.endswith("-shm")) for files in found}


def test_the_disk_by_hand(tmp_path: Path) -> None:
    """What is synced stays; what is not may be there or not, piece by piece; a name stays when its folder is synced."""
    (tmp_path / "ledger.db").write_bytes(b"old")
    disk = Disk(tmp_path)
    assert cut(disk, 0.5) == {(("ledger.db", b"old"),)}
    disk.do(entry(Call.WRITE, "ledger.db", 3, b"er"))
    assert cut(disk, 0) == {(("ledger.db", b"old"),)}
    assert cut(disk, 1) == {(("ledger.db", b"older"),)}
    disk.do(entry(Call.TRUNCATE, "ledger.db", 1))
    kept = {b"old", b"older", b"o"}  # neither, the write, the truncate alone or after the write
    assert cut(disk, 0.5) == {(("ledger.db", data),) for data in kept}
    disk.do(entry(Call.SYNC, "ledger.db"))
    assert cut(disk, 0) == {(("ledger.db", b"o"),)}
    disk.do(entry(Call.CREATE, "ledger.db-wal"))
    disk.do(entry(Call.WRITE, "ledger.db-wal", 0, b"log"))
    disk.do(entry(Call.SYNC, "ledger.db-wal"))
    assert cut(disk, 0) == {(("ledger.db", b"o"),), (("ledger.db", b"o"), ("ledger.db-wal", b"log"))}
    disk.do(entry(Call.SYNC, ""))
    assert cut(disk, 0) == {(("ledger.db", b"o"), ("ledger.db-wal", b"log"))}
    disk.do(entry(Call.UNLINK, "ledger.db-wal"))
    assert cut(disk, 0) == {(("ledger.db", b"o"),), (("ledger.db", b"o"), ("ledger.db-wal", b"log"))}


def test_a_write_is_kept_by_sectors(tmp_path: Path) -> None:
    """1,024 bytes are two of them."""
    (tmp_path / "ledger.db").write_bytes(bytes(1024))
    disk = Disk(tmp_path)
    disk.do(entry(Call.WRITE, "ledger.db", 0, b"x" * 1024))
    halves = (bytes(512), b"x" * 512)
    assert cut(disk, 0.5) == {(("ledger.db", first + second),) for first in halves for second in halves}
