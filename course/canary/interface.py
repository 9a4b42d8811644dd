"""Look up in new releases every call that the notebooks and helpers make; nothing is run.

A call is a callable with the keywords that are passed to it. What an import names is looked up by
its name. The type of what a method is called on is not in the text: a method is looked up in the
classes of RECEIVERS that have it.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence

from course.canary import signatures
from course.canary.releases import CanaryError, Change, canonical, environment_with
from course.notebooks.execute import code_of, find_notebooks
from helpers.environment import PROJECT

RECEIVERS = (
    "accelerate.Accelerator",
    "datasets.ClassLabel",
    "datasets.Dataset",
    "datasets.DatasetDict",
    "datasets.IterableDataset",
    "evaluate.EvaluationModule",
    "matplotlib.axes.Axes",
    "matplotlib.figure.Figure",
    "onnxruntime.InferenceSession",
    "pandas.DataFrame",
    "pandas.Series",
    "torch.nn.Module",
    "transformers.AutoModelForSequenceClassification",
    "transformers.AutoTokenizer",
    "transformers.PreTrainedModel",
    "transformers.PreTrainedTokenizerBase",
    "transformers.Trainer",
)

Calls = dict[str, set[str]]


def import_names(package: str) -> list[str]:
    """Return the names that a package is imported by: `sklearn` for scikit-learn."""
    found = importlib.metadata.packages_distributions()
    return [name for name, packages in found.items() if package in map(canonical, packages)]


def calls_in(code: str) -> Calls:
    """Return each callable of a text, by its full name or as `.method`, and its keywords."""
    tree = ast.parse(code)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    calls: Calls = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := _called(node.func, names)):
            keywords = {keyword.arg for keyword in node.keywords if keyword.arg}
            calls.setdefault(name, set()).update(keywords)
    # What is imported must be there, called or not.
    for name in names.values():
        calls.setdefault(name, set())
    return calls


def _called(function: ast.expr, names: dict[str, str]) -> str | None:
    parts = []
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if isinstance(function, ast.Name) and function.id in names:
        return ".".join([names[function.id], *reversed(parts)])
    return f".{parts[0]}" if parts else None


def course_calls() -> Calls:
    """Return the calls of all notebooks, helpers and benchmarks."""
    texts = [
        path.read_text(encoding="utf-8")
        for folder in ("helpers", "benchmarks")
        for path in sorted((PROJECT / folder).rglob("*.py"))
    ]
    texts += map(code_of, find_notebooks())
    calls: Calls = {}
    for text in texts:
        for name, keywords in calls_in(text).items():
            calls.setdefault(name, set()).update(keywords)
    return calls


def of_packages(calls: Calls, tops: Iterable[str]) -> Calls:
    """Return the calls into some packages, each method once for each class that may have it."""
    tops = set(tops)
    found: Calls = {}
    for name, keywords in calls.items():
        if name.startswith("."):
            candidates = [f"{receiver}{name}" for receiver in RECEIVERS]
        else:
            candidates = [name]
        for candidate in candidates:
            if candidate.partition(".")[0] in tops:
                found.setdefault(candidate, set()).update(keywords)
    return found


def ask(names: Iterable[str], changes: Sequence[Change]) -> dict[str, dict | None]:
    """Return what `signatures` says of callables with some changes laid over."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", signatures.__file__],
        input=json.dumps(sorted(names)),
        env=environment_with(changes),
        capture_output=True,
        text=True,
    )
    if result.returncode:
        last = result.stderr.strip().splitlines()[-1]
        raise CanaryError(f"The new releases could not be imported: {last}")
    return json.loads(result.stdout)


def findings(calls: Calls, old: dict, new: dict) -> list[str]:
    """Return a sentence for each callable that is gone, or that takes something else now.

    Args:
        calls: the course's calls into the changed packages.
        old: what the pinned releases say of them.
        new: what the new releases say.
    """
    lines = []
    for name in sorted(calls):
        before, after = old[name], new[name]
        if before is None:
            # A method of another class.
            continue
        if after is None:
            lines.append(f"`{name}` is gone")
            continue
        passed = sorted(calls[name])
        if before["parameters"] is not None and after["parameters"] is not None:
            for keyword in passed:
                known = keyword in before["parameters"] or before["any_keyword"]
                if known and keyword not in after["parameters"]:
                    if not after["any_keyword"]:
                        lines.append(f"`{name}` takes no `{keyword}` any more")
                    elif keyword in before["parameters"]:
                        lines.append(f"`{name}` does not name `{keyword}` any more")
            for parameter, default in before["parameters"].items():
                now = after["parameters"].get(parameter, default)
                if parameter not in passed and now != default:
                    lines.append(f"`{name}`: the default of `{parameter}` is {now}, was {default}")
        for notice in sorted(set(after["notices"]) - set(before["notices"])):
            lines.append(f"`{name}` speaks of a deprecation: {notice[:160]}")
    return lines


def check(changes: Sequence[Change]) -> tuple[list[str], int]:
    """Look the course's calls up in new releases.

    Returns:
        A sentence for each finding, and the number of pairs of callable and keyword looked up.
    """
    tops = [name for change in changes for name in import_names(change.name)]
    calls = of_packages(course_calls(), tops)
    old = ask(calls, [])
    calls = {name: keywords for name, keywords in calls.items() if old[name]}
    pairs = sum(max(len(keywords), 1) for keywords in calls.values())
    return findings(calls, old, ask(calls, changes)), pairs
