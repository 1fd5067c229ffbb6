"""A revision of git as `Files`: what stood in it, and in nothing else.

git is asked, as a program of its own and without a shell; only `rev-parse`, `merge-base`, `diff-tree` and `cat-file`
are run, which run no hooks and no filters. Symbolic links are followed within the revision only. Works in bare, shallow
and detached repositories; what such a clone does not have is not fetched.
"""

from __future__ import annotations

import errno
import os
import re
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, NamedTuple, NoReturn, cast

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.source.files import DISK, SHIPPED, Files, Place, Read, place
from billpolicy.source.plain_file import NotPlainError

if TYPE_CHECKING:
    import subprocess

_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
"""What is in the repository is read as it is, nothing is fetched or written, and messages are in one language."""
_RANGE = re.compile(r"(?P<old>.*?)(?P<dots>\.{2,3})(?P<new>.*)", re.DOTALL)
_NO_REVISION = re.compile(r"^[-./\\]|[\s\x00-\x1f\x7f]|\.\.|[./\\]$")
"""No name of a revision begins like an option or a path, ends like one, or has white space in it."""
_CHUNK = 1 << 20


class Range(NamedTuple):
    """Two revisions by name; `...` means that the older one is where the newer one branched off."""

    old: str
    dots: Literal["..", "..."]
    new: str


def as_range(text: str) -> Range | None:
    """`main..HEAD` or `main...HEAD`, either name of which may be left out and is HEAD then; None for anything else."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    old, new = found["old"] or "HEAD", found["new"] or "HEAD"
    if _NO_REVISION.search(old) or _NO_REVISION.search(new):  # `../standard` is a path
        return None
    return Range(old, cast(Literal["..", "..."], found["dots"]), new)


def sides(text: str) -> tuple[Files, Files]:
    """What `main..HEAD`, `main...HEAD` or `main` sets side by side, the older first: the last with what is on the disk.

    Paths are as seen from the working folder, in a bare repository from its root. Raises `Refused`.
    """
    named = as_range(text)
    if named is None:
        return revision(text), DISK
    old, new = revision(named.old), revision(named.new)
    return (branched_off(old, new) if named.dots == "..." else old), new


def place_of(text: str) -> Place:
    """The file or folder that is typed: what is there by this name on the disk, or `REV:path` of a revision.

    As git has it, the path is seen from the root of the repository, or from the working folder if it begins with `./`.
    Raises `Refused`, also where both are there.
    """
    name, colon, path = text.partition(":")
    if not colon or len(name) < 2 or _NO_REVISION.search(name):  # `C:` is a drive
        return place(text)
    if os.path.lexists(text):
        refuse_both(text, name)
        return Place(DISK, Path(text))
    try:
        return Place(revision(name, from_root=not path.startswith(("./", "../"))), Path(path))
    except Refused as refused:
        at = Position(text)
        raise Refused(found._replace(position=at) for found in refused.diagnostics) from None


def refuse_both(text: str, name: str) -> None:
    """Refuse what is on the disk by a name that git knows for a revision: a change that brings such a file must not
    choose what it is compared with."""
    if _NO_REVISION.search(name):
        return
    try:
        commit = _commit_of(name)
    except Refused:  # there is no git here
        return
    if commit is not None:
        message = f"`{text}` is on the disk, and `{name}` is a revision of git, too"
        hint = f"write `./{text}` for what is on the disk; for the revision another name of it, like its commit"
        raise Refused([Diagnostic("revision-ambiguous", message, Position(text), hint)])


def revision(name: str, *, from_root: bool = False) -> Revision:
    """A revision by any name that git knows it by: a branch, a tag, `HEAD~2`, a commit. Raises `Refused`."""
    repository = _repository()
    if _NO_REVISION.search(name):
        _unknown(name)
    commit = _commit_of(name)
    if commit is None:
        _unknown(name)
    return Revision(repository, name, commit, "" if from_root else repository.prefix)


def branched_off(old: Revision, new: Revision) -> Revision:
    """The newest revision that both come from, which is shown by the name of the older. Raises `Refused`."""
    done = _git("merge-base", old.commit, new.commit)
    if done.returncode != 0:
        message = f"`{old.name}` and `{new.name}` have no revision in common here"
        hint = "fetch more of the history (`git fetch --unshallow`; in CI `fetch-depth: 0`), or compare with `..`"
        raise Refused([Diagnostic("revision-unknown", message, hint=hint)])
    return Revision(old.repository, old.name, _line(done), old.prefix)


def changed_since(name: str) -> list[Path]:
    """The files that `HEAD` changes of the revision that both come from, as seen from the working folder.

    A file that was moved is told by both paths. Raises `Refused`.
    """
    new = revision("HEAD")
    old = branched_off(revision(name), new)
    done = _git("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", old.commit, new.commit)
    inside = [os.fsdecode(one) for one in done.stdout.split(b"\0") if one]
    return [Path(os.path.relpath(one, new.prefix or ".")) for one in inside]


class _Repository(NamedTuple):
    """A repository, as seen from the working folder."""

    top: Path | None
    """Its root on the disk; None where it has no files there."""
    prefix: str
    """The path of the working folder in it."""


class Revision:
    """The files of one commit."""

    shipped = SHIPPED

    def __init__(self, repository: _Repository, name: str, commit: str, prefix: str) -> None:
        self.repository, self.name, self.commit, self.prefix = repository, name, commit, prefix
        self._was_read: dict[str, Read] = {}
        self._found: dict[str, _Object] = {}
        self._objects: subprocess.Popen[bytes] | None = None

    @property
    def was_read(self) -> Mapping[str, Read]:
        return self._was_read

    def exists(self, path: Path) -> bool:
        return self._object(path).kind in ("tree", "blob")

    def is_dir(self, path: Path) -> bool:
        return self._object(path).kind == "tree"

    def names(self, folder: Path) -> list[str]:
        """Raises `OSError` where there is no such folder."""
        raw, names, at = self._content(folder, "tree", -1), [], 0
        while at < len(raw):  # each entry is `mode name`, a zero, and the name of an object in binary
            end = raw.index(b"\0", at)
            names.append(os.fsdecode(raw[at:end].split(b" ", 1)[1]))
            at = end + 1 + len(self.commit) // 2
        return names

    def read(self, path: Path, most: int = -1) -> bytes:
        raw = self._content(path, "blob", most)
        self._was_read[self.shown(path)] = Read((self.repository.top or Path()) / self._inside(path), raw)
        return raw

    def real(self, path: Path) -> Path:
        return Path(self._inside(path))

    def shown(self, path: Path) -> str:
        try:
            return f"{self.name}:{self._inside(path)}"
        except OSError:
            return f"{self.name}:{path}"

    def _inside(self, path: Path) -> str:
        """The path from the root of the repository. Raises `OSError` where it leaves the repository."""
        if path.is_absolute():
            top = self.repository.top
            if top is None or not path.is_relative_to(top):
                raise self._outside(path)
            path = path.relative_to(top)
        else:
            path = Path(self.prefix) / path
        found = os.path.normpath(path).replace(os.sep, "/")
        if found == ".." or found.startswith("../"):
            raise self._outside(path)
        return "" if found == "." else found

    def _outside(self, path: Path) -> OSError:
        return OSError(errno.EXDEV, f"it is outside of the repository, of which the revision {self.name} is read", path)

    def _object(self, path: Path) -> _Object:
        inside = self._inside(path)
        if inside not in self._found:
            self._found[inside] = self._asked(inside, 0)[0]
        return self._found[inside]

    def _content(self, path: Path, kind: str, most: int) -> bytes:
        found, raw = self._asked(self._inside(path), most)
        if found.kind == kind:
            return raw
        if found.kind == "outside":
            raise OSError(errno.EXDEV, "it is a symbolic link to what is outside of the revision", str(path))
        if found.kind == "loop":
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        reason = {"tree": errno.EISDIR, "blob": errno.ENOTDIR}.get(found.kind, errno.ENOENT)
        raise OSError(reason, os.strerror(reason), str(path))

    def _asked(self, inside: str, most: int) -> tuple[_Object, bytes]:
        """What is there by a path, and at most so many of its bytes."""
        if "\n" in inside or "\0" in inside:  # would be another question
            raise NotPlainError(errno.EINVAL, "no name with a line break can be read of a revision", inside)
        told, answers = self._pipes()
        told.write(os.fsencode(f"{self.commit}:{inside}\n"))
        told.flush()
        words = answers.readline().split()
        if not words:
            raise OSError(
                errno.EIO, "git cannot read it; a partial clone has only some of what is in a revision", inside
            )
        if len(words) == 2 and words[0] in (b"symlink", b"dangling", b"loop", b"notdir"):
            self._drained(answers, int(words[1]), 0)
            return _Object({b"symlink": "outside", b"loop": "loop"}.get(words[0], "missing")), b""
        if len(words) != 3 or not words[2].isdigit():  # `missing`, or the commit of a submodule
            return _Object("missing"), b""
        return _Object(words[1].decode()), self._drained(answers, int(words[2]), most)

    @staticmethod
    def _drained(answers: IO[bytes], size: int, most: int) -> bytes:
        """The first bytes of an answer; the others, and the line break behind them, are let go."""
        kept = answers.read(size if most < 0 else min(size, most))
        left = size - len(kept) + 1
        while left > 0 and (gone := answers.read(min(left, _CHUNK))):
            left -= len(gone)
        return kept

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """One git answers for all files of the revision; it ends with whoever asks."""
        if self._objects is None or self._objects.poll() is not None:
            self._objects = _started("cat-file", "--batch", "--follow-symlinks")
            weakref.finalize(self, _end, self._objects)
        return cast(IO[bytes], self._objects.stdin), cast(IO[bytes], self._objects.stdout)


class _Object(NamedTuple):
    """What stands at a path: `blob`, `tree`, `missing`, a `loop` of links, or a link to the `outside`."""

    kind: str


def _repository() -> _Repository:
    done = _git("rev-parse", "--is-inside-work-tree")
    if done.returncode != 0:
        reason = os.fsdecode(done.stderr).strip().removeprefix("fatal: ").partition("\n")[0]
        hint = "run this inside of the repository that has the policy"
        if "dubious ownership" in reason:
            hint = f"if you trust whoever owns it: git config --global --add safe.directory {Path.cwd()}"
        raise Refused([Diagnostic("repository-missing", f"git finds no repository here: {reason}", hint=hint)])
    if _line(done) != "true":
        return _Repository(None, "")
    top, prefix = (_line(_git("rev-parse", asked)) for asked in ("--show-toplevel", "--show-prefix"))
    return _Repository(Path(top), prefix)


def _commit_of(name: str) -> str | None:
    """The commit that a name of a revision stands for; None where git knows no such name. Raises `Refused`."""
    done = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return _line(done) if done.returncode == 0 else None


def _unknown(name: str) -> NoReturn:
    hint = "check its name; a clone of CI often has the newest revision only (there `fetch-depth: 0` gets all)"
    raise Refused([Diagnostic("revision-unknown", f"git knows no revision `{name}` here", hint=hint)])


def _line(done: subprocess.CompletedProcess[bytes]) -> str:
    return os.fsdecode(done.stdout).removesuffix("\n")


def _git(*words: str) -> subprocess.CompletedProcess[bytes]:
    # Loaded where git is asked only: most policies stand on the disk.
    import subprocess

    with _started(*words, stderr=subprocess.PIPE) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def _started(*words: str, stderr: int | None = None) -> subprocess.Popen[bytes]:
    import subprocess

    command = [_program(), *words]
    environment = {**os.environ, **_ENVIRONMENT}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=stderr or subprocess.DEVNULL, env=environment)


def _program() -> str:
    import shutil

    found = shutil.which("git")
    if found is None:
        message = "a revision is named, but there is no git here that could read it"
        raise Refused([Diagnostic("git-missing", message, hint="install git, or name folders in place of revisions")])
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()
