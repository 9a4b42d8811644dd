"""A break seeded into a copy of a real package is found in its cell, and its package is named."""

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

import nbformat
import pytest

from course.canary import interface
from course.canary.compare import BROKEN, find_causes, run_cells
from course.canary.releases import Change
from course.notebooks.execute import execute

CELLS = {
    "dataset": """from datasets import Dataset

dataset = Dataset.from_dict({"text": ["good", "bad", "good"], "label": [1, 0, 1]})
print(dataset.select(indices=[0, 2])["text"], dataset.unique("label"))""",
    "show": "print(dataset)",
    "frame": """import pandas as pd

print(pd.DataFrame({"score": [0.25, 0.5]}).sort_values("score").to_string())""",
    "score": """from sklearn.metrics import f1_score

print(f"{f1_score([1, 0, 1, 1], [1, 0, 0, 1]):.8f}")""",
    "calibration": """from sklearn.calibration import calibration_curve

print([value.tolist() for value in calibration_curve([0, 1], [0.2, 0.9], n_bins=2)])""",
    "metric": """import evaluate

metric = evaluate.load(metric_path)
print(metric.compute(predictions=[1, 1], references=[1, 0]))""",
    "memory": "import psutil\n\nprint(psutil.Process().is_running())",
}
# A name, the package, its file, what is appended to it, the cell that shows it, its kind.
BREAKS = [
    (
        "renamed keyword",
        ("datasets", "arrow_dataset.py"),
        """
_select = Dataset.select
def select(self, rows): return _select(self, rows)
Dataset.select = select
""",
        ("dataset", "removed interface"),
    ),
    (
        "removed method",
        ("datasets", "arrow_dataset.py"),
        "\ndel Dataset.unique\n",
        ("dataset", "removed interface"),
    ),
    (
        "another text",
        ("datasets", "arrow_dataset.py"),
        "\nDataset.__repr__ = lambda self: 'Dataset'\n",
        ("show", "text changed"),
    ),
    (
        "changed default",
        ("pandas", "__init__.py"),
        """
_to_string = DataFrame.to_string
def to_string(self, buf=None, index=False): return _to_string(self, buf, index=index)
DataFrame.to_string = to_string
""",
        ("frame", "text changed"),
    ),
    (
        "another order",
        ("pandas", "__init__.py"),
        """
_sort = DataFrame.sort_values
def sort_values(self, by, ascending=False): return _sort(self, by, ascending=ascending)
DataFrame.sort_values = sort_values
""",
        ("frame", "number moved"),
    ),
    (
        "sixth digit",
        ("scikit-learn", "metrics/__init__.py"),
        """
_f1 = f1_score
def f1_score(*given, **named): return _f1(*given, **named) * (1 + 1e-6)
""",
        ("score", "number moved"),
    ),
    (
        "missing module",
        ("scikit-learn", "calibration.py"),
        None,
        ("calibration", "removed interface"),
    ),
    (
        "new warning",
        ("evaluate", "__init__.py"),
        """
import warnings
_load = load
def load(*given, **named):
    warnings.warn("load will change", FutureWarning, stacklevel=2)
    return _load(*given, **named)
""",
        ("metric", "new warning"),
    ),
    (
        "another result",
        ("evaluate", "module.py"),
        """
_compute = EvaluationModule.compute
def compute(self, **named):
    "What `load` adds the metric's inputs to."
    return {name: value / 2 for name, value in _compute(self, **named).items()}
EvaluationModule.compute = compute
""",
        ("metric", "number moved"),
    ),
    (
        "new error",
        ("psutil", "__init__.py"),
        "\nraise RuntimeError('this system is not supported')\n",
        ("memory", "error"),
    ),
]
NAMES = [name for name, *_ in BREAKS]


def link(source: str, target: str) -> None:
    """Give a file a second name, or copy it where the folders are on two file systems."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def top_of(package: str) -> str:
    """Return the name by which a package is imported."""
    (top,) = (name for name in interface.import_names(package) if not name.startswith("_"))
    return top


def copy_of(package: str, folder: Path) -> Change:
    """Lay an unchanged copy of an installed package over it."""
    top = top_of(package)
    origin = Path(importlib.util.find_spec(top).origin).parent
    shutil.copytree(origin, folder / top, copy_function=link)
    # A wheel may keep libraries beside the package, and look for them there.
    libraries = f"{package.replace('-', '_')}.libs"
    if (origin.parent / libraries).is_dir():
        shutil.copytree(origin.parent / libraries, folder / libraries, copy_function=link)
    version = importlib.metadata.version(package)
    return Change(package, version, f"{version}+seeded", folder)


def seed(name: str, folder: Path) -> Change:
    """Lay a copy with a break of BREAKS over a package."""
    _, (package, file), text, _ = BREAKS[NAMES.index(name)]
    change = copy_of(package, folder / name.replace(" ", "-"))
    path = change.folder / top_of(package) / file
    before = path.read_text(encoding="utf-8")
    path.unlink()
    if text is not None:
        path.write_text(before + text, encoding="utf-8")
    return change


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A short notebook whose outputs come from the pinned packages."""
    path = tmp_path_factory.mktemp("canary") / "20_short.ipynb"
    metric = Path(__file__).parents[2] / "helpers/metrics/accuracy"
    cells = [
        nbformat.v4.new_code_cell(code.replace("metric_path", repr(str(metric))), id=name)
        for name, code in CELLS.items()
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    execution = execute(path, report=lambda line: None)
    assert execution.failed_cell is None
    nbformat.write(execution.notebook, path)
    return path


def causes(notebook: Path, changes: list[Change]) -> dict[str, tuple[str, set[str]]]:
    """Run the canary on one notebook; return the kind and the packages of each changed cell."""
    cells = run_cells([notebook], changes)
    find_causes(notebook, changes, cells)
    return {cell.cell: (cell.kind, {each.name for each in cell.causes}) for cell in cells}


@pytest.mark.parametrize("name", NAMES)
def test_a_break_is_found_with_its_kind_and_its_package(name, notebook, tmp_path):
    _, (package, _), _, (cell, kind) = BREAKS[NAMES.index(name)]
    changes = [copy_of("filelock", tmp_path / "quiet"), seed(name, tmp_path)]
    found = causes(notebook, changes)
    assert found[cell] == (kind, {package})
    if kind not in BROKEN:
        assert set(found) == {cell}


def test_unchanged_copies_are_quiet(notebook, tmp_path):
    changes = [copy_of("evaluate", tmp_path / "one"), copy_of("filelock", tmp_path / "two")]
    assert causes(notebook, changes) == {}


def test_two_breaks_at_once_are_told_apart(notebook, tmp_path):
    changes = [seed("sixth digit", tmp_path), seed("changed default", tmp_path)]
    found = causes(notebook, changes)
    assert found["score"] == ("number moved", {"scikit-learn"})
    assert found["frame"] == ("text changed", {"pandas"})


@pytest.mark.parametrize(
    ("name", "called", "finding"),
    [
        (
            "renamed keyword",
            ("datasets.Dataset.select", "indices"),
            "`datasets.Dataset.select` takes no `indices` any more",
        ),
        (
            "removed method",
            ("datasets.Dataset.unique", "column"),
            "`datasets.Dataset.unique` is gone",
        ),
        (
            "changed default",
            ("pandas.DataFrame.to_string", "buf"),
            "`pandas.DataFrame.to_string`: the default of `index` is False, was True",
        ),
        (
            "missing module",
            ("sklearn.calibration.calibration_curve", "n_bins"),
            "`sklearn.calibration.calibration_curve` is gone",
        ),
    ],
)
def test_calls_are_looked_up_without_running_a_notebook(name, called, finding, tmp_path):
    callable_name, keyword = called
    calls = {callable_name: {keyword}}
    new = interface.ask(calls, [seed(name, tmp_path)])
    assert finding in interface.findings(calls, interface.ask(calls, []), new)
