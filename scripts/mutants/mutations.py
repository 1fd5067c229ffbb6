"""Single changes of a source file that its tests should notice: a boundary, a condition, an order, a refusal.

A change replaces some bytes by others, so that the rest of the file, and its lines, stay as they are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: ("is", ("is not",)),
    ast.IsNot: ("is not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: ("not in", ("in",)),
}
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
}
_FUNCTIONS = {"sorted": "list", "reversed": "list", "min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """The bytes of a file from `start` to `end` become `text`; they stand on the lines from `first` to `last`."""

    file: str
    first: int
    last: int
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        """The changed file."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    @property
    def lines(self) -> range:
        """The numbers of the lines that it changes, or is part of."""
        return range(self.first, self.last + 1)

    def in_words(self, source: bytes) -> tuple[str, str]:
        """The lines that it changes, before and after, without what they are indented by."""
        begin = source.rfind(b"\n", 0, self.start) + 1
        end = source.find(b"\n", self.end)
        before = source[begin:end]
        after = source[begin : self.start] + self.text.encode() + source[self.end : end]
        return before.decode().strip(), after.decode().strip()


def mutations(file: str, source: bytes) -> list[Mutation]:
    """Every change of a file. A few leave no Python: ask `compiles`."""
    return list(_Finder(file, source).found())


def compiles(source: bytes) -> bool:
    """Whether a changed file is still Python."""
    try:
        compile(source, "", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


class _Finder:
    """Goes through a file. Annotations, docstrings, the words of messages and what `zip` asserts are not changed."""

    def __init__(self, file: str, source: bytes) -> None:
        self.file = file
        self.source = source
        self.line_starts = [0, *(found.end() for found in re.finditer(rb"\n", source))]

    def found(self) -> Iterator[Mutation]:
        yield from self._in(ast.parse(self.source), None)

    def _in(self, node: ast.AST, function: ast.FunctionDef | None) -> Iterator[Mutation]:
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            return
        if isinstance(node, ast.FunctionDef):
            function = node
        yield from self._of(node, function)
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            if isinstance(node, ast.keyword) and node.arg == "strict":
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from self._in(child, function)

    def _of(self, node: ast.AST, function: ast.FunctionDef | None) -> Iterator[Mutation]:
        match node:
            case ast.Compare():
                for (left, right), op in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
                    word, others = _COMPARISONS[type(op)]
                    for other in others:
                        yield from self._between(left, right, word, other)
            case ast.BoolOp():
                is_and = isinstance(node.op, ast.And)
                for left, right in pairwise(node.values):
                    yield from self._between(left, right, *(("and", "or") if is_and else ("or", "and")))
                for value in node.values:
                    yield self._instead(value, "True" if is_and else "False")
            case ast.UnaryOp(op=ast.Not()):
                yield self._at(node, self._start(node), self._start(node) + len("not"), "")
            case ast.UnaryOp(op=ast.USub()):
                yield self._at(node, self._start(node), self._start(node) + 1, "")
            case ast.Constant(value=bool()):
                yield self._instead(node, str(not node.value))
            case ast.Constant(value=int(value)):
                yield self._instead(node, str(value + 1))
                yield self._instead(node, str(value - 1))
            case ast.BinOp() if type(node.op) in _ARITHMETIC and not _is_text(node.left) and not _is_text(node.right):
                yield from self._between(node.left, node.right, *_ARITHMETIC[type(node.op)])
            case ast.AugAssign(op=ast.Add() | ast.Sub()):
                words = ("+=", "-=") if isinstance(node.op, ast.Add) else ("-=", "+=")
                yield from self._between(node.target, node.value, *words)
            case ast.Call(func=ast.Name(id="sorted" | "reversed" as name)):
                yield self._instead(node, f"{_FUNCTIONS[name]}({self._text(node.args[0])})")
            case ast.Call(func=ast.Name(id=name)) if name in _FUNCTIONS:
                yield self._instead(node.func, _FUNCTIONS[name])
            case ast.Lambda(body=ast.Tuple(elts=parts)) if len(parts) > 1:  # the key of an order
                for part in parts:
                    yield self._instead(part, "0")
            case ast.If(test=test) | ast.IfExp(test=test):
                yield self._instead(test, "True")
                yield self._instead(test, "False")
            case ast.comprehension(ifs=tests):
                for test in tests:
                    yield self._instead(test, "True")
            case ast.Raise() | ast.Expr(value=ast.Call()) | ast.Continue() | ast.Break():
                yield self._instead(node, "pass")
            case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
                yield self._instead(node, "yield from ()")
            case ast.Return(value=ast.expr() as value) if function is not None and function.returns is not None:
                returned = ast.unparse(function.returns)
                for other in ("True", "False") if returned == "bool" else ("None",) if "None" in returned else ():
                    if self._text(value) != other:
                        yield self._instead(value, other)

    def _between(self, left: ast.expr, right: ast.expr, word: str, other: str) -> Iterator[Mutation]:
        """The word between two operands, around which brackets and line breaks may stand."""
        begin, end = self._end(left), self._start(right)
        pattern = re.escape(word).replace(r"\ ", r"\s+").encode()
        found = re.search(pattern, self.source[begin:end])
        if found is not None:
            yield self._at(left, begin + found.start(), begin + found.end(), other)

    def _instead(self, node: ast.expr | ast.stmt, text: str) -> Mutation:
        return self._at(node, self._start(node), self._end(node), text)

    def _at(self, node: ast.expr | ast.stmt, start: int, end: int, text: str) -> Mutation:
        return Mutation(self.file, node.lineno, node.end_lineno or node.lineno, start, end, text)

    def _text(self, node: ast.expr) -> str:
        return self.source[self._start(node) : self._end(node)].decode()

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self.line_starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.line_starts[node.end_lineno - 1] + node.end_col_offset


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
