"""The general operators of cosmic-ray, for the code of helpers, commands and checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import accumulate

import parso
from cosmic_ray.ast import ast_nodes
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

from course.mutants.mutant import Edit

# Not all that cosmic-ray has: an addition that becomes a shift of bits raises an error wherever it
# runs, and so many easy faults would say little.
KINDS = {
    "another arithmetic": (
        "ReplaceBinaryOperator_Add_Sub",
        "ReplaceBinaryOperator_Sub_Add",
        "ReplaceBinaryOperator_Mul_Div",
        "ReplaceBinaryOperator_Div_Mul",
        "ReplaceBinaryOperator_FloorDiv_Div",
        "ReplaceBinaryOperator_Mod_Mul",
        "ReplaceBinaryOperator_Pow_Mul",
    ),
    "another comparison": (
        "ReplaceComparisonOperator_Eq_NotEq",
        "ReplaceComparisonOperator_NotEq_Eq",
        "ReplaceComparisonOperator_Lt_LtE",
        "ReplaceComparisonOperator_LtE_Lt",
        "ReplaceComparisonOperator_Gt_GtE",
        "ReplaceComparisonOperator_GtE_Gt",
        "ReplaceComparisonOperator_Lt_Gt",
        "ReplaceComparisonOperator_Gt_Lt",
        "ReplaceComparisonOperator_Is_IsNot",
        "ReplaceComparisonOperator_IsNot_Is",
    ),
    "a condition negated": ("AddNot", "ReplaceUnaryOperator_Delete_Not"),
    "and for or": ("ReplaceAndWithOr", "ReplaceOrWithAnd"),
    "a sign lost": ("ReplaceUnaryOperator_Delete_USub",),
    "a constant off by one": ("NumberReplacer",),
    "true for false": ("ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    "a loop that does not run": ("ZeroIterationForLoop",),
    "break for continue": ("ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
    "another exception": ("ExceptionReplacer",),
    "a decorator lost": ("RemoveDecorator",),
}


def operators() -> Iterator[tuple[str, Operator]]:
    """Yield cosmic-ray's operators, each with the kind that it belongs to."""
    for kind, names in KINDS.items():
        for name in names:
            yield kind, get_operator(f"core/{name}")()


def edits(code: str) -> list[Edit]:
    """Return every change that these operators can make to a Python text."""
    nodes = list(ast_nodes(parso.parse(code)))
    starts = [0, *accumulate(map(len, code.splitlines(keepends=True)))]
    found = []
    for kind, operator in operators():
        places = (place for node in nodes for place in operator.mutation_positions(node))
        for occurrence, ((line, column), (last, end)) in enumerate(places):
            change = partial(mutate_code, operator=operator, occurrence=occurrence)
            start, stop = starts[line - 1] + column, starts[last - 1] + end
            # Of two axes, the last is the second: `wrong axis` changes which.
            if kind == "a sign lost" and code[:start].endswith(("axis=", "dim=")):
                continue
            # A frozen class only forbids what no code does.
            if kind == "true for false" and code[:start].endswith("frozen="):
                continue
            found.append(Edit(kind, start, stop, change))
    return found
