"""From a policy folder to its layers: every file read and typed, `extends` followed down to the base."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from billpolicy.diagnostics.diagnostic import Diagnostic, Position, Refused
from billpolicy.diagnostics.limit import stop_at_limit
from billpolicy.policy.language import PolicyFile
from billpolicy.policy.model import LayerText
from billpolicy.policy.subfolders import not_read
from billpolicy.source.files import DISK, SHIPPED, STANDARD, STANDARD_AT, Files, Place, Texts, named_from
from billpolicy.source.folders import yaml_files
from billpolicy.source.kinds import GOES, kind_of, said_of
from billpolicy.source.read import read_record
from billpolicy.source.tree import Tree, parse_raw, raw_of

MAX_MEGABYTES = 4
MAX_LAYERS = 8
_T = TypeVar("_T")


@dataclass(frozen=True)
class Layer:
    """One folder (or one file) of policy: its files in name order."""

    path: Path
    position: Position
    """The folder or the file as a whole."""
    is_folder: bool
    files: tuple[tuple[PolicyFile, Tree], ...]
    names: tuple[str, ...]
    """Of each file its name in the folder."""
    texts: tuple[str, ...]
    """Of each file what stands in it."""
    shipped: bool = False
    """Whether it is the standard policy that comes with the program."""


def policy_files(path: Path, files: Files = DISK) -> list[Path]:
    """The files of a policy folder, by name; tests (`*.test.yaml`) are not policy. A single file is itself."""
    if not (files.exists(path) and files.is_dir(path)):
        return [path]
    return yaml_files(path, files)


def read_layers(path: Path, files: Files = DISK) -> list[Layer]:
    """The layers of a policy, the base first. Raises `Refused` with every mistake of form in any of them."""
    layers: list[Layer] = []
    problems: list[Diagnostic] = []
    seen: list[Path] = []
    at: Place | None = Place(files, Path(os.path.normpath(path)))
    asked = Position(files.shown(path))
    while at is not None:
        files, here = at
        try:
            real, names = files.real(here), policy_files(here, files)
            if real not in seen and files.is_dir(here):
                problems.extend(not_read(here, MAX_MEGABYTES, files))
                stop_at_limit(problems, asked)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            message = f"the policy at `{files.shown(here)}` cannot be read: {reason.lower()}"
            hint = "check the path and who may read it"
            if files is not DISK:
                hint = "a revision has only what is in its repository: put the base there, or name folders"
            problems.append(Diagnostic("policy-unreadable", message, asked, hint))
            break
        if real in seen:
            hint = "remove one of the `extends`, or name another policy"
            problems.append(
                Diagnostic("extends-cycle", f"`{files.shown(here)}` extends itself in the end", asked, hint)
            )
            break
        if len(seen) == MAX_LAYERS:
            message = f"there are more than {MAX_LAYERS} layers of policy"
            problems.append(Diagnostic("extends-depth", message, asked, "put some of them together"))
            break
        seen.append(real)
        layer = _read_layer(here, names, files, asked, problems)
        layers.append(layer)
        at, asked = _base_of(layer, files, problems)
    if problems:
        raise Refused(problems)
    return layers[::-1]


def digest(layers: Sequence[Layer]) -> str:
    """SHA-256 over the layers' file names and contents, so that a policy that reads the same is the same."""
    return _digest(
        (depth, name, bytes.fromhex(tree.digest))
        for depth, layer in enumerate(layers)
        for (_, tree), name in zip(layer.files, layer.names, strict=True)
    )


def _digest(files: Iterable[tuple[int, str, bytes]]) -> str:
    """Over the depth, the name and the SHA-256 of each file."""
    total = hashlib.sha256()
    for depth, name, found in files:
        total.update(f"{depth}/{name}\0".encode("utf-8", "surrogateescape"))
        total.update(found)
    return total.hexdigest()


def shipped_digest() -> str:
    """The digest of the standard policy that comes with the program. Raises `OSError` where it is not there."""
    return _digest(
        (0, file.name, hashlib.sha256(SHIPPED.read(file)).digest()) for file in yaml_files(STANDARD_AT, SHIPPED)
    )


def layer_texts(layers: Iterable[Layer]) -> tuple[LayerText, ...]:
    """The layers as they were read, to be kept."""
    return tuple(
        LayerText(str(layer.path), layer.is_folder, tuple(zip(layer.names, layer.texts, strict=True)))
        for layer in layers
    )


def digest_of_texts(layers: Sequence[LayerText]) -> str:
    """The digest of layers that were kept."""
    return _digest(
        (depth, name, hashlib.sha256(text.encode()).digest())
        for depth, layer in enumerate(layers)
        for name, text in layer.files
    )


def place_of_texts(layers: Sequence[LayerText]) -> Place:
    """Where the policy of layers that were kept is read from: their texts, and nothing on the disk."""
    texts = {
        str(Path(layer.path, name) if layer.is_folder else layer.path): text.encode()
        for layer in layers
        for name, text in layer.files
    }
    return Place(Texts(texts), Path(layers[-1].path))


def _look(begun: Tree) -> None:
    if _foreign(begun) is None:
        read_record(PolicyFile, begun)


def _read_layer(path: Path, names: list[Path], where: Files, asked: Position, problems: list[Diagnostic]) -> Layer:
    shown = where.shown(path)
    files: list[tuple[str, PolicyFile, Tree, str]] = []
    foreign: list[Diagnostic] = []
    wrong: list[Diagnostic] = []
    if not where.exists(path):
        hint = "check the path"
        if asked.line:
            hint += ": it is seen from the file that names it"
        if path.name == STANDARD:
            named = "`extends: standard`" if asked.line else "`standard`"
            hint += f"; {named} is the standard policy that comes with billpolicy, where nothing else is called so"
        problems.append(Diagnostic("policy-missing", f"there is no policy at `{shown}`", asked, hint))
        names = []
    elif not names:
        hint = "a policy is a folder with at least one .yaml file"
        problems.append(Diagnostic("policy-empty", f"`{shown}` has no policy files", asked, hint))
    for name in names:
        try:
            raw = raw_of(name, MAX_MEGABYTES, where)
            tree = parse_raw(raw, where.shown(name), _look)
            other = _foreign(tree)
            if other is not None:
                foreign.append(other)
                continue
            files.append((name.name, read_record(PolicyFile, tree), tree, raw.decode()))
        except Refused as refused:
            wrong.extend(refused.diagnostics)
            stop_at_limit([*problems, *wrong], asked)
    if foreign and where.is_dir(path):
        # What else is wrong may be of files, like expected results, that are none of the policy's either.
        wrong = _only_foreign(((file, tree) for _, file, tree, _ in files), foreign)
    problems.extend(wrong or foreign)
    return Layer(
        path,
        Position(shown),
        where.is_dir(path),
        tuple((file, tree) for _, file, tree, _ in files),
        tuple(name for name, _, _, _ in files),
        tuple(text for _, _, _, text in files),
        where.shipped is where and path == STANDARD_AT,
    )


def _foreign(tree: Tree) -> Diagnostic | None:
    """A book, operations or tests among the files of a policy: one sentence, and not one for each of their keys."""
    kind = kind_of(tree.data)
    if kind in (None, "policy"):
        return None
    at = tree.at(next(iter(tree.data)), key=True)
    return Diagnostic("policy-file-foreign", f"this is {said_of(kind)}, and no file of a policy", at, GOES[kind])


def _only_foreign(files: Iterable[tuple[PolicyFile, Tree]], foreign: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What is told of a folder that has more than a policy: which files are none, and which one is."""
    own = [tree.file for file, tree in files if file.policy is not None]
    hint = "move it into a subfolder, or keep the policy in one file, and name that"
    if len(own) == 1:
        hint = f"name the policy's file alone: `{own[0]}`; or move this one into a subfolder"
    return [one._replace(hint=hint) for one in foreign]


def _base_of(layer: Layer, files: Files, problems: list[Diagnostic]) -> tuple[Place | None, Position]:
    said = [(file.extends, tree.at("extends")) for file, tree in layer.files if file.extends is not None]
    for _, position in said[1:]:
        message = f"`extends` is said twice (first at {said[0][1]})"
        problems.append(Diagnostic("said-twice", message, position, "keep one of the two"))
    if not said:
        return None, layer.position
    folder = layer.path if layer.is_folder else layer.path.parent
    base = named_from(folder, str(said[0][0]), files)
    return base._replace(path=Path(os.path.normpath(base.path))), said[0][1]


def shadowed(layers: Sequence[Layer]) -> Iterator[Diagnostic]:
    """Where `extends: standard` is a folder or a file that stands there, and not what comes with the program."""
    for base, layer in itertools.pairwise(layers):
        for file, tree in layer.files:
            if file.extends == STANDARD and not base.shipped:
                message = f"`standard` is `{base.position.file}` here, and not the standard policy of billpolicy"
                hint = "write `./standard` where that is meant; else give it another name"
                yield Diagnostic("standard-shadowed", message, tree.at("extends"), hint, "warning")


def entries(layer: Layer, section: Callable[[PolicyFile], Mapping[str, _T]]) -> Iterator[tuple[str, _T, Tree]]:
    """Every `name: value` of one section over the files of a layer."""
    for file, tree in layer.files:
        for name, value in section(file).items():
            yield name, value, tree
