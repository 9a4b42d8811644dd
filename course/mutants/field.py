"""Faults of this field, for code: each operator finds where it applies in a tree of Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from itertools import accumulate

from course.mutants.mutant import Edit

SPLITS = {"validation": "test", "test": "train", "train": "test"}
PERCENTILES = ("percentile", "quantile", "nanpercentile", "nanquantile")
SEEDED = ("manual_seed", "set_seed", "default_rng", "Random", "seed")
OPPOSITES = {"argmax": "argmin", "argmin": "argmax", "idxmax": "idxmin", "idxmin": "idxmax"}
OPPOSITES |= {"max": "min", "min": "max"}
AVERAGES = {"macro": "micro", "micro": "macro", "weighted": "macro"}
LOOKING_UP = ("startswith", "endswith", "set", "frozenset", "sorted", "select_columns")
# A line of IPython, which is no Python.
MAGIC = re.compile(r"^[%!]", re.MULTILINE)

Change = tuple[ast.AST, str]
OPERATORS: dict[str, Callable[[ast.AST], Iterator[Change]]] = {}


def operator(kind: str) -> Callable:
    """Register an operator: it yields parts of a node, each with the code that replaces it."""

    def register(function: Callable[[ast.AST], Iterator[Change]]) -> Callable:
        OPERATORS[kind] = function
        return function

    return register


def called(node: ast.AST) -> str:
    """Return the last name of what a call calls; empty for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def is_method(node: ast.AST, name: str) -> bool:
    """Say whether a node calls a method of this name."""
    return called(node) == name and isinstance(node.func, ast.Attribute)


def number(node: ast.AST) -> float | None:
    """Return the number that a node writes out; None for anything else."""
    value = getattr(node, "value", None)
    numeric = isinstance(node, ast.Constant) and isinstance(value, int | float)
    return value if numeric and not isinstance(value, bool) else None


def named_values(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what a node gives a name to: keywords, assignments, defaults, keys of a literal."""
    match node:
        case ast.Call():
            yield from ((each.arg, each.value) for each in node.keywords if each.arg)
        case ast.Assign(targets=[ast.Name(id=name)]):
            yield name, node.value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.AST()):
            yield name, node.value
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
        case ast.arguments():
            positional = node.posonlyargs + node.args
            last = positional[len(positional) - len(node.defaults) :]
            yield from zip([each.arg for each in last], node.defaults, strict=True)
            for each, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                if default is not None:
                    yield each.arg, default


@operator("truncation dropped")
def drop_truncation(node: ast.AST) -> Iterator[Change]:
    """Let what is longer than the model reads through."""
    if isinstance(node, ast.Call):
        for name, value in named_values(node):
            if name == "truncation" and getattr(value, "value", None) is True:
                yield value, "False"
    if is_method(node, "enable_truncation"):
        yield node, f"{ast.unparse(node.func.value)}.no_truncation()"


def without_effect(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a tree that could as well be others.

    They are lists whose order means nothing, since something is looked up in them or a set is made
    of them, and splits that are asked for their features: all splits have the same.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Compare(ops=[ast.In() | ast.NotIn(), *_]):
                yield from node.comparators
            case ast.SetComp():
                yield from (each.iter for each in node.generators)
            case ast.Attribute(value=ast.Subscript() as split, attr="features"):
                yield split.slice
        if called(node) in LOOKING_UP:
            yield from node.args


def is_option(node: ast.AST) -> bool:
    """Say whether this is an option of a command, such as `--quiet`."""
    return isinstance(node, ast.Constant) and str(node.value).startswith("--")


@operator("two labels swapped")
def swap_labels(node: ast.AST) -> Iterator[Change]:
    """Swap the first two constants of a list that differ, options of a command left out."""
    if isinstance(node, ast.List | ast.Tuple) and isinstance(node.ctx, ast.Load):
        rest = node.elts[1:], [*node.elts[2:], None]
        for first, second, after in zip(node.elts, *rest, strict=False):
            both = isinstance(first, ast.Constant) and isinstance(second, ast.Constant)
            # Options may come in any order, unless a value follows.
            if all(map(is_option, (first, second, after or second))):
                continue
            if both and first.value != second.value:
                elements = [*node.elts]
                place = elements.index(first)
                elements[place : place + 2] = second, first
                yield node, ast.unparse(type(node)(elements, ast.Load()))
                return


@operator("another seed")
def change_seed(node: ast.AST) -> Iterator[Change]:
    """Add one to a seed."""
    for name, value in named_values(node):
        if re.search("seed|random_state", name, re.IGNORECASE) and number(value) is not None:
            yield value, str(number(value) + 1)
    if called(node) in SEEDED and node.args and number(node.args[0]) is not None:
        yield node.args[0], str(number(node.args[0]) + 1)


@operator("no shuffle")
def drop_shuffle(node: ast.AST) -> Iterator[Change]:
    """Leave rows in the order in which they are stored."""
    if is_method(node, "shuffle") and getattr(node.func.value, "id", "") not in ("random", "rng"):
        yield node, ast.unparse(node.func.value)
    for name, value in named_values(node):
        if name == "shuffle" and isinstance(getattr(value, "value", None), bool):
            yield value, str(not value.value)


@operator("wrong end")
def take_wrong_end(node: ast.AST) -> Iterator[Change]:
    """Take from the end what was taken from the beginning, or the other way round."""
    match node:
        case ast.Slice(lower=None, upper=ast.AST() as upper, step=None):
            yield node, f"-({ast.unparse(upper)}):"
        case ast.Slice(lower=ast.AST() as lower, upper=None, step=None):
            yield node, f":-({ast.unparse(lower)})"
        case ast.Subscript(slice=ast.Constant(value=0) as index, ctx=ast.Load()):
            if index.value is not False:
                yield index, "-1"
        case ast.Subscript(slice=ast.UnaryOp(ast.USub(), ast.Constant(value=1)) as index):
            yield index, "0"
    for name, other in (("head", "tail"), ("tail", "head")):
        if is_method(node, name):
            yield node.func, f"{ast.unparse(node.func.value)}.{other}"


@operator("another split")
def change_split(node: ast.AST) -> Iterator[Change]:
    """Take test for validation, and train for test."""
    match node:
        case ast.Subscript(slice=ast.Constant(value=str() as name) as place) if name in SPLITS:
            yield place, repr(SPLITS[name])
        case ast.Call():
            values = [*node.args, *(value for key, value in named_values(node) if key == "split")]
            for value in values:
                if (name := getattr(value, "value", None)) in SPLITS and isinstance(name, str):
                    yield value, repr(SPLITS[name])


@operator("wrong axis")
def change_axis(node: ast.AST) -> Iterator[Change]:
    """Reduce over the first axis in place of another, or over the second in place of it."""
    if isinstance(node, ast.Call):
        for name, value in named_values(node):
            if name in ("axis", "dim") and re.fullmatch(r"-?\d", text := ast.unparse(value)):
                yield value, "1" if text == "0" else "0"


@operator("no eval")
def drop_eval(node: ast.AST) -> Iterator[Change]:
    """Leave a model in training."""
    if is_method(node, "eval"):
        yield node, f"{ast.unparse(node.func.value)}.train()"


@operator("learning rate times ten")
def raise_learning_rate(node: ast.AST) -> Iterator[Change]:
    """Learn ten times as fast."""
    for name, value in named_values(node):
        if name in ("learning_rate", "lr"):
            yield value, f"10 * ({ast.unparse(value)})"


@operator("percentile off")
def move_percentile(node: ast.AST) -> Iterator[Change]:
    """Move the outer percentiles inwards."""
    if called(node) in PERCENTILES:
        whole = 100 if "percentile" in called(node) else 1
        for part in ast.walk(ast.Tuple(node.args, ast.Load())):
            if (value := number(part)) is not None and 0 < value < whole:
                moved = 2 * value if value < whole / 2 else value - (whole - value)
                yield part, str(moved if value != whole / 2 else value * 1.2)


@operator("round instead of cut")
def round_for_cut(node: ast.AST) -> Iterator[Change]:
    """Round what was cut, or cut what was rounded; show one digit fewer."""
    name = getattr(getattr(node, "func", None), "id", "")
    if isinstance(node, ast.Call) and name in ("int", "round") and node.args:
        if name == "int" and len(node.args) == 1:
            # Of a truth value there is nothing to cut.
            if is_truth(node.args[0]):
                return
            yield node.func, "round"
        elif len(node.args) == 2 and number(node.args[1]):
            yield node.args[1], str(number(node.args[1]) - 1)
        elif len(node.args) == 1:
            yield node.func, "int"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        left, right = ast.unparse(node.left), ast.unparse(node.right)
        yield node, f"round(({left}) / ({right}))"


def is_truth(node: ast.AST) -> bool:
    """Say whether an expression is true or false, as far as its form tells."""
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    return negated or isinstance(node, ast.Compare) or called(node) in ("any", "all", "bool")


@operator("a silent except")
def silence(node: ast.AST) -> Iterator[Change]:
    """Do nothing where an error was answered."""
    if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[0], ast.Pass):
        whole = ast.Module(node.body, [])
        whole.lineno, whole.col_offset = node.body[0].lineno, node.body[0].col_offset
        whole.end_lineno = node.body[-1].end_lineno
        whole.end_col_offset = node.body[-1].end_col_offset
        yield whole, "pass"


@operator("a flag flipped in a default")
def flip_default(node: ast.AST) -> Iterator[Change]:
    """Turn a default that is true or false."""
    values = [value for _, value in named_values(node)] if isinstance(node, ast.arguments) else []
    if isinstance(node, ast.ClassDef):
        values = [each.value for each in node.body if isinstance(each, ast.AnnAssign)]
    for value in values:
        if isinstance(getattr(value, "value", None), bool):
            yield value, str(not value.value)


@operator("the smallest for the largest")
def turn_extreme(node: ast.AST) -> Iterator[Change]:
    """Take the smallest for the largest, or sort the other way round."""
    name = called(node)
    if name in OPPOSITES:
        end = f"{ast.unparse(node.func.value)}." if isinstance(node.func, ast.Attribute) else ""
        yield node.func, end + OPPOSITES[name]
    for key, value in named_values(node):
        flag = getattr(value, "value", None)
        if key in ("reverse", "ascending", "descending") and isinstance(flag, bool):
            yield value, str(not flag)


@operator("another average")
def change_average(node: ast.AST) -> Iterator[Change]:
    """Average over rows for an average over labels, or take the median for the mean."""
    if isinstance(node, ast.Call):
        for name, value in named_values(node):
            if name == "average" and (average := getattr(value, "value", None)) in AVERAGES:
                yield value, repr(AVERAGES[average])
        if called(node) in ("mean", "median") and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            # What is averaged must have a median too.
            if owner in ("np", "statistics", "torch"):
                other = "median" if called(node) == "mean" else "mean"
                yield node.func, f"{owner}.{other}"


def is_there(part: ast.AST, text: str) -> bool:
    """Say whether a text is a part of the tree; inside an f-string the places may be wrong."""
    if isinstance(part, ast.Module):
        return True
    if isinstance(part, ast.Slice):
        return ":" in text
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return False
    return ast.dump(tree) == ast.dump(part)


def is_python(code: str) -> bool:
    """Say whether a text is Python."""
    try:
        ast.parse(MAGIC.sub("#", code))
    except SyntaxError:
        return False
    return True


def edits(code: str) -> list[Edit]:
    """Return every change that these operators can make to a Python text or a notebook's cell."""
    lines = code.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]

    def offset(line: int, column: int) -> int:
        # The tree counts bytes, and texts have Chinese in them.
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found = []
    tree = ast.parse(MAGIC.sub("#", code))
    skipped = set(without_effect(tree))
    for node in ast.walk(tree):
        for kind, change in OPERATORS.items():
            for part, new in change(node):
                if part in skipped:
                    continue
                start = offset(part.lineno, part.col_offset)
                end = offset(part.end_lineno, part.end_col_offset)
                edit = Edit(kind, start, end, new)
                if is_there(part, code[start:end]) and is_python(edit.apply(code)):
                    found.append(edit)
    return sorted(found, key=lambda edit: (edit.start, edit.end, edit.kind, edit.new))
