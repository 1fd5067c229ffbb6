"""A proven policy from a path, kept in a cache: one whose files have not changed is not read and proven again.

An entry of the cache names every file that the policy was made of with its digest, and every folder with its listing;
it counts only if all of them are unchanged and it was written by this very program. Anything odd about an entry is a
miss. The cache is private to the user: entries are pickles, so a folder or file that others could write is not trusted.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from billpolicy.diagnostics.diagnostic import Position, refuse_errors
from billpolicy.diagnostics.limit import first_of
from billpolicy.policy.model import LayerText, Policy
from billpolicy.source.files import DISK, SHIPPED, STANDARD, Files, Place, on_disk, place
from billpolicy.source.folders import below, yaml_files
from billpolicy.source.plain_file import read_plain

_SWITCH = "BILLPOLICY_CACHE"
"""Environment: a folder for the cache, or `off`."""


def validate(path: str | Path | Place) -> Policy:
    """The policy at a path, a folder or a file, if every check passes; to look at, not yet ready to decide.

    A `Place` is one that is not on the disk, such as in a revision of git. Raises `Refused` with every mistake.
    """
    at = place(path)
    return load_proven(at.path, at.files)


def load_proven(path: Path, files: Files = DISK) -> Policy:
    """The policy at `path`, every check passed; one on the disk out of the cache if it can be. Raises `Refused`."""
    if files not in (DISK, SHIPPED):
        return prove(path, files)
    policy = _read(path)
    if policy is None:
        policy = prove(path, files)
        _write(path, policy)
    return policy


def prove(path: Path, files: Files = DISK, *, proofs: bool = True) -> Policy:
    """The policy at `path`: sound in itself, and nothing in it that the rules engine would misread.

    Without `proofs` it may have conflicts and circles, to be looked at. Raises `Refused` with every mistake, sorted.
    """
    # What reads and proves is loaded here only: a policy out of the cache needs none of it.
    from billpolicy.analysis.proofs import PROOFS, WARNINGS
    from billpolicy.policy.load import load_policy
    from billpolicy.vocabulary.operations import VOCABULARY

    policy = load_policy(path, VOCABULARY, (*PROOFS, *WARNINGS) if proofs else (), files)
    if policy.conditional:
        from billpolicy.deciding.matching.guard import guard

        refuse_errors(first_of(guard(policy, VOCABULARY), Position(policy.position.file)))
    return policy


def prove_texts(layers: Sequence[LayerText]) -> Policy:
    """The policy of layers that were kept, as `prove` gives it: nothing is read from the disk. Raises `Refused`."""
    from billpolicy.policy.layers import place_of_texts

    at = place_of_texts(layers)
    return prove(at.path, at.files)


def _read(path: Path) -> Policy | None:
    """The proven policy at `path` if it was kept and nothing it was made of has changed."""
    entry = _entry(path)
    if entry is None:
        return None
    try:
        if not _private(entry):
            return None
        import pickle

        kept: Any = pickle.loads(read_plain(entry))
        if kept["made_of"] == _made_of(kept["files"], kept["folders"]) and isinstance(kept["policy"], Policy):
            policy: Policy = kept["policy"]
            return policy
    except Exception:
        # A cache must never be the reason for a failure: whatever is wrong with an entry, the policy is read again.
        return None
    return None


def _write(path: Path, policy: Policy) -> None:
    """Keep a proven policy. Where it cannot be kept, nothing happens."""
    entry = _entry(path)
    if entry is None:
        return
    import pickle
    import tempfile

    try:
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made_of = _made_of(policy.files, policy.folders)
        if [digest for _, digest in made_of[: len(policy.files)]] != list(policy.file_digests):
            return  # a file was changed while it was being proven: what was proven is not what is there now
        kept = {"files": policy.files, "folders": policy.folders, "made_of": made_of, "policy": policy}
        with tempfile.NamedTemporaryFile(dir=entry.parent, delete=False) as stream:
            stream.write(pickle.dumps(kept, protocol=pickle.HIGHEST_PROTOCOL))
        Path(stream.name).replace(entry)
    except OSError:
        return


def _entry(path: Path) -> Path | None:
    place = os.environ.get(_SWITCH)
    if place == "off":
        return None
    try:
        root = Path(place) if place else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "billpolicy"
        made_for = f"{_program()}\0{Path.cwd()}\0{path}"
        name = hashlib.sha256(made_for.encode("utf-8", "surrogateescape")).hexdigest()
    except (OSError, RuntimeError):  # no home, or a current folder that was removed
        return None
    return root / f"{name}.policy"


def _program() -> str:
    """This very program: its Python, and its source files by size and time."""
    here = Path(__file__).parents[1]
    files = sorted(here.rglob("*.py"))
    stamps = [(str(file), (found := file.stat()).st_size, found.st_mtime_ns) for file in files]
    return repr((sys.version_info, stamps))


def _made_of(files: tuple[str, ...], folders: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Every file with its digest, every folder they stand in with the names of its policy files and of what would be
    read in place of the shipped policy; and below a folder that was read as a whole, where no policy may be, every file
    with its size and time."""
    digests: list[tuple[str, Any]] = [(name, hashlib.sha256(read_plain(on_disk(name))).hexdigest()) for name in files]
    around = sorted({on_disk(name).parent for name in files})
    names = [(str(folder), sorted(p.name for p in folder.iterdir() if _counts(p))) for folder in around]
    return [*digests, *names, *(stamp for folder in folders for stamp in _below(on_disk(folder)))]


def _counts(path: Path) -> bool:
    return path.suffix in (".yaml", ".yml") or path.name.lower() == STANDARD


def _below(folder: Path) -> Iterator[tuple[str, Any]]:
    for one in below(folder):
        for file in yaml_files(one):
            found = file.stat()
            yield str(file), (found.st_size, found.st_mtime_ns)


def _private(entry: Path) -> bool:
    found, folder = entry.stat(), entry.parent.stat()
    others = stat.S_IWGRP | stat.S_IWOTH
    mine = os.getuid() if hasattr(os, "getuid") else found.st_uid
    return found.st_uid == mine and folder.st_uid == mine and not (found.st_mode | folder.st_mode) & others
