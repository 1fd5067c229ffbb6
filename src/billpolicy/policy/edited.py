"""A policy with edits that nobody has saved: texts in the place of some of its files.

A text stands for a file of the policy's own folder and for no other, and can extend what the policy stands on and
nothing else: what comes from an editor or over a network neither reads nor replaces anything beside that.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from billpolicy.diagnostics.arguments import expect, expect_each
from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused, did_you_mean
from billpolicy.policy.layers import Layer, read_layers
from billpolicy.source.files import Files, Place, Texts, place
from billpolicy.source.misnamed import misnamed


def edited(of: str | Path | Place, texts: Mapping[str, str | None], *, alone: bool = False) -> Place:
    """The policy at a path or a place, with texts for some of its files: path in its folder -> what stands there, None
    for a file that is there no more. `alone`: the folder has these and no other files.

    Nothing is written, and what it extends is read from where it is. Raises `Refused` for what names no file of it, and
    where the policy cannot be read as it is: then nobody knows what it stands on.
    """
    expect(of, (str, Path, Place), "`of` must be a path")
    expect(texts, Mapping, "`texts` must be a mapping, of names of files to what stands in them")
    expect_each(texts, str, "names of files must be texts")
    for text in texts.values():
        expect(text, (str, type(None)), "what stands in a file must be a text")
    at = place(of)
    folder = at.path if at.files.is_dir(at.path) else at.path.parent
    problems = list(misnamed(texts))
    if problems:
        raise Refused(problems)
    named = {Path(os.path.normpath(folder / name)): text for name, text in texts.items()}
    there = {str(path): text.encode() for path, text in named.items() if text is not None}
    gone = frozenset(path for path, text in named.items() if text is None)
    layers = read_layers(at.path, at.files)
    known = frozenset(layer.path for layer in layers)
    after = Place(_Edited(there, at.files, folder, known, gone, alone), at.path)
    _refuse_unread({Path(os.path.normpath(folder / name)): name for name in texts}, _read_from(layers), folder, after)
    return after


def _read_from(layers: Iterable[Layer]) -> frozenset[Path]:
    """The files of which a policy was made."""
    each = ((layer, name) for layer in layers for name in layer.names)
    return frozenset(Path(os.path.normpath(one.path / name if one.is_folder else one.path)) for one, name in each)


def _refuse_unread(edits: Mapping[Path, str], before: frozenset[Path], folder: Path, after: Place) -> None:
    """Raise `Refused` for edits of what is no file of the policy, before or after: nothing would look at them, and it
    would be sound whatever they say. Tests beside it are no policy, and can be sent with it."""
    strange = {path: name for path, name in edits.items() if path not in before and ".test." not in path.name}
    if not strange:
        return
    try:
        read = _read_from(read_layers(after.path, after.files))
    except Refused:
        return  # for a reason that whoever reads it tells
    own = [path.relative_to(folder).as_posix() for path in before if folder in path.parents]
    problems = [
        Diagnostic(
            "value-wrong", f"`{name[:80]}` is no file of this policy", Position("files"), did_you_mean(name, own)
        )
        for path, name in strange.items()
        if path not in read
    ]
    if problems:
        raise Refused(problems)


class _Edited(Texts):
    """Texts beside the files of a policy, of which some are gone, and of what it stands on."""

    def __init__(
        self,
        texts: Mapping[str, bytes],
        beside: Files,
        folder: Path,
        known: frozenset[Path],
        gone: frozenset[Path],
        alone: bool,
    ) -> None:
        """`known`: the files and folders of its layers."""
        super().__init__(texts, beside)
        self._folder, self._known, self._gone, self._alone = Path(os.path.normpath(folder)), known, gone, alone

    def _is_gone(self, path: Path) -> bool:
        path = Path(os.path.normpath(path))
        if path in self._texts or path in self._folders:
            return False
        around = (path, *path.parents)
        if self._folder in around:
            return path in self._gone or (self._alone and path != self._folder)
        return self._known.isdisjoint(around)

    def exists(self, path: Path) -> bool:
        return path in self._folders or (not self._is_gone(path) and super().exists(path))

    def is_dir(self, path: Path) -> bool:
        return path in self._folders or (not self._is_gone(path) and super().is_dir(path))

    def names(self, folder: Path) -> list[str]:
        try:
            beside = [name for name in super().names(folder) if not self._is_gone(folder / name)]
        except FileNotFoundError:
            if folder not in self._folders:
                raise
            beside = []
        added = {path.relative_to(folder).parts[0] for path in self._texts if folder in path.parents}
        return sorted({*beside, *added})

    def read(self, path: Path, most: int = -1) -> bytes:
        if self._is_gone(path):
            raise FileNotFoundError(str(path))
        return super().read(path, most)
