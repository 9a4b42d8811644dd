"""The canary tells kinds of change apart, finds causes by halving, and searches backwards."""

import inspect
import json
import os
import re
import sys
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace

import pytest
from nbformat import NotebookNode

from course.canary import (
    command,
    compare,
    interface,
    oldest,
    record_cells,
    releases,
    signatures,
)
from course.canary.compare import ChangedCell, find_causes, kind_of, output_text
from course.canary.releases import CanaryError, Change, find_changes
from course.canary.report import report_text
from course.test import NBVAL, TRAINING
from helpers.environment import PROJECT

CHANGES = [Change(name, "1.0", "2.0", Path(name)) for name in "abcde"]
NOTEBOOK = Path("03_preprocess.ipynb")
PINNED = releases.pinned_versions()["datasets"]


def printed(text, name="stdout"):
    return [{"output_type": "stream", "name": name, "text": text}]


def raised(name, value):
    return [{"output_type": "error", "ename": name, "evalue": value, "traceback": []}]


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        (raised("ImportError", "cannot import name 'x'"), "removed interface"),
        (raised("TypeError", "unexpected keyword argument 'x'"), "removed interface"),
        (raised("ValueError", "a bad argument"), "error"),
        (raised("TypeError", "unsupported operand"), "error"),
        (printed("loss 0.5\n") + printed("x is deprecated\n", "stderr"), "new warning"),
        (printed("loss 0.500001\n"), "number moved"),
        (printed("the loss is 0.5\n"), "text changed"),
        (printed("loss 0.5\nFutureWarning: x\n"), "new warning"),
        (printed("loss 1e-5\n"), "number moved"),
    ],
)
def test_a_change_has_a_kind(new, kind):
    assert kind_of(printed("loss 0.5\n"), new) == kind


def test_a_warning_that_is_stored_is_no_news():
    old, new = (printed(f"{loss}\n") + printed("slow\n", "stderr") for loss in (0.5, 0.6))
    assert kind_of(old, new) == "number moved"


def test_outputs_are_read_as_one_sees_them():
    value = {"output_type": "execute_result", "data": {"text/plain": "\x1b[1m0.5\x1b[0m  "}}
    outputs = [*printed("loss\n\n"), value, *raised("ValueError", "no"), {**value, "data": {}}]
    assert output_text(outputs) == "loss\n0.5\nValueError: no"


def test_a_plot_that_only_looks_different_is_a_kind_of_its_own():
    plots = [
        {"output_type": "display_data", "data": {"image/png": data}, "metadata": metadata}
        for data in ("one", "another")
        for metadata in [{"image/png": {"alt": "Losses fall"}}]
    ]
    assert kind_of(plots[:1], plots[1:]) == "plot changed"
    assert output_text(plots) == "[plot: Losses fall]\n[plot: Losses fall]"


@pytest.mark.parametrize(
    ("culprits", "causes"),
    [({"a"}, ["a"]), ({"e"}, ["e"]), ({"d", "e"}, ["d", "e"]), ({"b", "d"}, [*"abcde"])],
    ids=["first", "last", "two of a half", "two of both"],
)
def test_the_cause_of_a_cell_is_found_by_halving(culprits, causes, monkeypatch):
    def run_cells(notebooks, changes):
        changed = culprits <= {change.name for change in changes}
        cell = ChangedCell(NOTEBOOK.stem, "tokenize", "1", "2", "number moved")
        return [cell] * changed

    monkeypatch.setattr(compare, "run_cells", run_cells)
    (cell,) = run_cells([NOTEBOOK], CHANGES)
    find_causes(NOTEBOOK, CHANGES, [cell])
    assert [change.name for change in cell.causes] == causes


@pytest.mark.parametrize(
    ("names", "paired"), [(["01", "03"], True), (["03"], False)], ids=["two", "one"]
)
def test_several_notebooks_are_compared_in_pairs(names, paired, monkeypatch):
    commands = []

    def run(command, **options):
        commands.append((command, options["env"].get("OMP_NUM_THREADS")))
        return CompletedProcess(command, 2, "no", "")

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(compare.subprocess, "run", run)
    with pytest.raises(CanaryError, match="could not be run: no"):
        compare.run_cells([Path(f"{name}_x.ipynb") for name in names], [])
    [(command, threads)] = commands
    assert ("-n" in command, threads) == (paired, "1" if paired else None)


def test_the_cells_that_differ_come_in_the_order_of_the_notebooks(monkeypatch, tmp_path):
    def line(notebook, cell, passed):
        outputs = {"old": printed("1\n"), "new": printed("2\n")}
        return json.dumps({"notebook": notebook, "cell": cell, "passed": passed, **outputs})

    def run(command, *, cwd, env, capture_output, text):
        assert command[-2:] == ["07_x.ipynb", "01_x.ipynb"]
        assert set(NBVAL) <= set(command)
        assert env["PYTHONPATH"].split(os.pathsep) == ["a", str(PROJECT)]
        assert (cwd, capture_output, text) == (PROJECT, True, True)
        lines = [line("07_x", "b", False), line("01_x", "c", False), line("01_x", "a", True)]
        Path(env["CANARY_RECORD"], "1.jsonl").write_text(lines[0])
        Path(env["CANARY_RECORD"], "2.jsonl").write_text("\n".join(lines[1:]))
        return CompletedProcess(command, 1)

    monkeypatch.setattr(compare.subprocess, "run", run)
    paths = [Path("01_x.ipynb"), Path("07_x.ipynb")]
    assert compare.run_cells(paths, CHANGES[:1]) == [
        ChangedCell("01_x", "c", "1", "2", "number moved"),
        ChangedCell("07_x", "b", "1", "2", "number moved"),
    ]


@pytest.mark.parametrize(
    ("options", "passed", "code", "refused"),
    [
        (["--exitfirst"], False, 2, False),
        (["--exitfirst"], False, 1, False),
        (["--exitfirst"], False, 3, True),
        (["--exitfirst"], True, 2, True),
        ([], False, 2, True),
    ],
    ids=["stopped", "alone", "broken", "interrupted", "not asked to stop"],
)
def test_the_first_changed_cell_may_end_the_comparison(options, passed, code, refused, monkeypatch):
    def run(command, *, env, **_):
        assert ("--exitfirst" in command) == bool(options)
        line = {"notebook": "03", "cell": "a", "passed": passed, "old": [], "new": printed("2\n")}
        Path(env["CANARY_RECORD"], "1.jsonl").write_text(json.dumps(line))
        return CompletedProcess(command, code, "stopped", "")

    monkeypatch.setattr(compare.subprocess, "run", run)
    if refused:
        with pytest.raises(CanaryError, match=r"^The notebooks could not be run: stopped$"):
            compare.run_cells([NOTEBOOK], [], options)
    else:
        assert [cell.cell for cell in compare.run_cells([NOTEBOOK], [], options)] == ["a"]


def test_each_cell_that_was_compared_is_written_down_once(tmp_path, monkeypatch):
    monkeypatch.setenv("CANARY_RECORD", str(tmp_path))
    record = record_cells.pytest_runtest_makereport
    # With it, pytest lets the plug-in run around its own report.
    assert record.pytest_impl["hookwrapper"]
    cell = NotebookNode({"id": "a", "outputs": printed("1")})
    compared = SimpleNamespace(path=NOTEBOOK, cell=cell, test_outputs=printed("2"))
    outcome = SimpleNamespace(get_result=lambda: SimpleNamespace(passed=False))
    for item, when in ((compared, "setup"), (compared, "call"), (SimpleNamespace(), "call")):
        around = record(item, SimpleNamespace(when=when))
        next(around)
        with pytest.raises(StopIteration):
            around.send(outcome)
    (file,) = tmp_path.iterdir()
    cells = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    outputs = {"old": printed("1"), "new": printed("2")}
    assert cells == [{"notebook": NOTEBOOK.stem, "cell": "a", "passed": False, **outputs}]


def test_calls_are_read_with_their_keywords():
    code = """
import os.path
import pandas as pd
from . import mine
from datasets import load_dataset
load_dataset(path, split="train").map(f, batched=True, **more)
pd.DataFrame(rows, columns=names)
pd.DataFrame(rows, index=names)
len(os.path.join(a))
rows.columns.select(by=1)
"""
    assert interface.calls_in(code) == {
        "os": set(),
        "os.path.join": set(),
        "pandas": set(),
        "datasets.load_dataset": {"split"},
        ".map": {"batched"},
        ".select": {"by"},
        "pandas.DataFrame": {"columns", "index"},
    }


def test_a_method_is_looked_up_in_each_class_that_may_have_it():
    calls = {".map": {"f"}, "datasets.load_dataset": {"path"}, "datasets.Dataset.map": {"batched"}}
    calls |= {"torch.tensor": set()}
    classes = ("ClassLabel", "Dataset", "DatasetDict", "IterableDataset")
    assert interface.of_packages(calls, ["datasets"]) == {
        **{f"datasets.{name}.map": {"f"} for name in classes},
        "datasets.Dataset.map": {"f", "batched"},
        "datasets.load_dataset": {"path"},
    }
    assert interface.import_names("scikit-learn") == ["sklearn"]


@pytest.mark.parametrize("signature", [None, {"parameters": None, "notices": []}])
def test_the_lookup_goes_on_after_what_is_gone_or_is_of_another_class(signature):
    known = {"parameters": {"x": "1"}, "any_keyword": False, "notices": []}
    old = {"a": signature, "b": known, "c": known}
    new = {"a": signature, "b": None, "c": known | {"parameters": {"x": "2"}}}
    found = interface.findings({"a": set(), "b": set(), "c": set()}, old, new)
    assert found == ["`b` is gone", "`c`: the default of `x` is 2, was 1"]


def test_the_new_releases_are_asked_in_a_process_of_their_own(monkeypatch):
    def run(command, *, input, env, capture_output, text):
        assert command == [sys.executable, "-W", "ignore", signatures.__file__]
        assert (json.loads(input), capture_output, text) == (["a", "b"], True, True)
        assert env["PYTHONPATH"].split(os.pathsep) == ["a", str(PROJECT)]
        return CompletedProcess(command, *answers.pop())

    monkeypatch.setattr(interface.subprocess, "run", run)
    answers = [(1, "", "Traceback:\n  line\nImportError: no\n"), (0, '{"a": null}', "")]
    assert interface.ask({"b", "a"}, CHANGES[:1]) == {"a": None}
    with pytest.raises(CanaryError, match=r"^The new releases could not be imported: ImportError"):
        interface.ask(["b", "a"], CHANGES[:1])


def test_only_what_the_pinned_releases_have_is_looked_up(monkeypatch):
    calls = {"a.f": {"x", "y"}, "a.g": set(), "a.gone": {"z"}, "b.f": {"x"}}
    known = {"parameters": {"x": "1"}, "any_keyword": True, "notices": []}
    answers = [{"a.f": known, "a.g": None}, {"a.f": known, "a.g": known, "a.gone": None}]
    monkeypatch.setattr(interface, "course_calls", lambda: calls)
    monkeypatch.setattr(interface, "import_names", list)
    monkeypatch.setattr(interface, "ask", lambda calls, changes: answers.pop())
    assert interface.check(CHANGES[:1]) == (["`a.g` is gone"], 3)


def test_what_a_callable_takes_is_compared():
    before = {"parameters": {"x": "1", "y": "2", "z": "3"}, "any_keyword": True, "notices": ["a"]}
    after = {"parameters": {"x": "9", "y": "8"}, "any_keyword": True, "notices": ["b" * 200, "a"]}
    calls = {"f": {"x", "z", "other"}}
    spoken = f"`f` speaks of a deprecation: {'b' * 160}"
    changed = "`f`: the default of `y` is 8, was 2"
    soft = ["`f` does not name `z` any more", changed, spoken]
    assert interface.findings(calls, {"f": before}, {"f": after}) == soft
    strict = after | {"any_keyword": False}
    hard = [f"`f` takes no `{keyword}` any more" for keyword in ("other", "z")]
    assert interface.findings(calls, {"f": before}, {"f": strict}) == [*hard, changed, spoken]
    for side in ({"f": before | {"parameters": None}}, {"f": before}):
        assert interface.findings(calls, side, {"f": after | {"parameters": None}}) == [spoken]


def test_a_callable_is_described_with_defaults_and_deprecations(tmp_path, monkeypatch):
    (tmp_path / "described.py").write_text(
        "class Model:\n"
        "    def __init__(self, a, *rest, b=object, **more):\n"
        "        # DEPRECATED: b\n"
        "        # c\n"
        "    \n"
        "        self.a = a\n"
        "    def fit(self, rows=None): ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    empty, self = str(inspect.Parameter.empty), {"self": "<class 'inspect._empty'>"}
    assert signatures.describe("described.Model") == {
        "parameters": {"a": empty, "b": "<class 'object'>"},
        "any_keyword": True,
        "notices": ["# DEPRECATED: b"],
    }
    fit = {"parameters": self | {"rows": "None"}, "any_keyword": False, "notices": []}
    assert signatures.describe("described.Model.fit") == fit
    for name in ("described.Model.mix", "no_such_module.f"):
        assert signatures.describe(name) is None
    assert signatures.describe("builtins.dict")["parameters"] is None


def test_a_notebook_without_changes_does_not_end_the_search(monkeypatch):
    searched = []
    cell = ChangedCell("05_trainer", "train", "1", "2", "number moved")
    monkeypatch.setattr(command, "run_cells", lambda notebooks, changes: [cell][: len(changes)])
    monkeypatch.setattr(command, "find_causes", lambda *given: searched.append(given))
    notebooks = [NOTEBOOK, Path("05_trainer.ipynb")]
    assert command.try_changes(notebooks, CHANGES[:1]) == [cell]
    assert searched == [(notebooks[1], CHANGES[:1], [cell])]


def test_one_notebook_narrows_the_search_that_all_of_them_end(monkeypatch, capsys, tmp_path):
    """Down to 5 the first notebook holds, to 7 the others; 4 cannot be had, 3 has no modules."""
    versions = [str(number) for number in range(9, 0, -1)]

    def lay_over(name: str, version: str, options: object) -> Change:
        if version == "4":
            raise CanaryError("There is no build of it.")
        folder = tmp_path / version
        (folder / ("other" if version == "3" else name)).mkdir(parents=True, exist_ok=True)
        return Change(name, "10", version, folder)

    def run_cells(
        notebooks: list[Path], changes: list[Change], options: tuple[str, ...]
    ) -> list[ChangedCell]:
        assert options[0] == "--exitfirst"
        changed = int(changes[0].new) < (5 if NOTEBOOK in notebooks else 7)
        return [ChangedCell(notebooks[0].stem, "map", "1", "2", "number moved")] * changed

    monkeypatch.setattr(releases.install, "torch_index", lambda: None)
    monkeypatch.setattr(oldest, "lay_over", lay_over)
    monkeypatch.setattr(oldest, "run_cells", run_cells)
    monkeypatch.setattr(
        oldest, "notebooks_that_use", lambda name: [NOTEBOOK, Path("05"), Path("06")]
    )
    monkeypatch.setattr(oldest, "earlier_releases", lambda name: versions)
    assert oldest.run(["datasets"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  datasets 1 does not hold in 03: 03_preprocess, map: number moved",
        "  datasets 9 holds in 03",
        "  datasets 7 holds in 03",
        "  datasets 3 does not hold in 03: It has no modules.",
        "  datasets 5 holds in 03",
        "  datasets 4 does not hold in 03: There is no build of it.",
        "  datasets 5 does not hold in 05, 06: 05, map: number moved",
        "  datasets 9 holds in 05, 06",
        "  datasets 7 holds in 05, 06",
        "  datasets 6 does not hold in 05, 06: 05, map: number moved",
        "datasets: the outputs hold down to 7",
    ]


def test_a_printed_version_of_the_release_is_no_change():
    change = Change("datasets", "5.2.0", "5.1.0", Path("datasets"))
    with oldest.versions_made_equal(change) as option:
        settings = ConfigParser()
        settings.read(option.removeprefix("--nbval-sanitize-with="))
    section = settings["version"]
    texts = ("datasets 5.2.0", "datasets 5.1.0", "5.2.01, 15.1.0, 5a2.0")
    same = [re.sub(section["regex"], section["replace"], text) for text in texts]
    assert same == ["datasets version", "datasets version", texts[2]]


def test_a_release_that_only_keeps_the_name_has_no_modules(tmp_path):
    scikit_learn = Change("scikit-learn", "1.9", "0.0", tmp_path)
    (tmp_path / "scikit_learn.dist-info").mkdir()
    assert not oldest.has_modules(scikit_learn)
    (tmp_path / "sklearn.py").touch()
    assert oldest.has_modules(scikit_learn)
    # It has no module of its own: it only names others.
    assert oldest.has_modules(Change("jupyter", "1.1", "1.0", tmp_path))


def test_where_no_release_holds_the_pinned_one_is_the_oldest(monkeypatch, capsys):
    monkeypatch.setattr(oldest, "those_that_hold", lambda versions, holds: [])
    monkeypatch.setattr(oldest, "earlier_releases", lambda name: ["1.0"])
    oldest.run(["datasets"])
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"datasets: the outputs hold down to {PINNED}"
    )


def test_earlier_releases_are_final_ones_with_a_build(monkeypatch):
    def run(command, *, capture_output, text):
        assert command == [sys.executable, "-m", "pip", "index", "versions", "datasets"]
        assert capture_output and text
        listed = f"9.0, {PINNED}, 4.1,4.1rc1, 4.0.post1, 3.0.dev1, 3.0"
        return CompletedProcess(command, 0, f"datasets (9.0)\nAvailable versions: {listed}\n")

    monkeypatch.setattr(oldest.subprocess, "run", run)
    assert oldest.earlier_releases("datasets") == ["4.1", "4.0.post1", "3.0"]


def test_an_index_without_the_pinned_release_is_said(monkeypatch):
    monkeypatch.setattr(oldest.subprocess, "run", lambda *_, **__: CompletedProcess([], 1, ""))
    with pytest.raises(CanaryError, match=f"^The index does not list datasets {PINNED}: no"):
        oldest.earlier_releases("datasets")


@pytest.mark.parametrize(
    ("package", "used"),
    [("pandas", ["03"]), ("scipy", [TRAINING[0]]), ("filelock", ["03"]), ("nbval", ["01", "03"])],
    ids=["itself", "only where it trains", "by helpers", "none imports it"],
)
def test_the_notebooks_that_import_a_package_are_compared_or_all(package, used, monkeypatch):
    code = {"01": "import datasets", "03": "import pandas\nfrom helpers.saved_model import x"}
    code |= {TRAINING[0]: "import pandas, scipy"}
    monkeypatch.setattr(oldest, "find_notebooks", lambda: list(map(Path, code)))
    monkeypatch.setattr(oldest, "code_of", lambda path: code[path.name])
    monkeypatch.setattr(oldest, "write_copies", list)
    assert oldest.notebooks_that_use(package) == list(map(Path, used))


def test_backwards_too_a_package_that_is_no_dependency_is_refused():
    with pytest.raises(CanaryError, match=r"^numpy: no direct dependency; pass one of accelerate,"):
        oldest.run(["zarr", "datasets", "numpy"])


@pytest.mark.parametrize("number", range(10))
def test_the_releases_that_hold_are_found(number):
    versions = [str(each) for each in range(9)]
    found = oldest.those_that_hold(versions, lambda version: int(version) < number)
    assert found == versions[:number]


def test_backwards_too_torch_is_left_out_where_only_cuda_builds_are(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(releases.install, "torch_index", lambda: None)
    monkeypatch.setattr(releases.sys, "platform", "linux")
    monkeypatch.setattr(oldest, "notebooks_that_use", lambda name: [])
    monkeypatch.setattr(oldest, "earlier_releases", lambda name: asked.append(name) or [])
    oldest.run([])
    assert "torch" not in asked
    assert "transformers" in asked
    assert capsys.readouterr().out.startswith("torch: only a build with CUDA can be had here;")
    oldest.run(["torch"])
    assert asked[-1] == "torch"


@pytest.mark.parametrize(
    ("index", "platform"), [("https://pytorch.example/cpu", "linux"), (None, "darwin")]
)
def test_torch_is_tried_where_a_build_for_cpus_can_be_had(index, platform, monkeypatch):
    monkeypatch.setattr(releases.install, "torch_index", lambda: index)
    monkeypatch.setattr(releases.sys, "platform", platform)
    names, options, left_out = releases.choose_packages([])
    assert "torch" in names
    assert options == ([f"--extra-index-url={index}"] if index else [])
    assert left_out == []


REPORT = """# Canary

| Package | Pinned | New | Brings with it |
|---|---|---|---|
| a | 1.0 | 2.0 | c 3, d 4 |
| b | 1.0 | 2.0 |  |

Left out: torch: not here.

## Calls

7 pairs of callable and keyword were looked up, and nothing was run.

- `a.f` is gone

## Cells

12 notebooks were run; 2 cells print something else.

### 05_trainer, `tokenize`: number moved

Cause: a 1.0 → 2.0, b 1.0 → 2.0.

```diff
  same
- loss 1
+ loss 2
```

### 03_preprocess, `first`: text changed

Cause: not the releases: it changes with the pins too.

```diff
- a
+ b
```

## To take the releases over

In `pyproject.toml`:

```toml
"a==2.0",
"b==2.0",
```

Then:

```shell
python -m course lock
python -m course update 03
python -m course update 05
python -m course test
```
"""


def test_the_report_names_cause_difference_and_what_to_do():
    changes = [replace(CHANGES[0], needs=("c 3", "d 4")), CHANGES[1]]
    old, new = "same\nloss 1", "same\nloss 2"
    cells = [
        ChangedCell("05_trainer", "tokenize", old, new, "number moved", changes),
        ChangedCell("03_preprocess", "first", "a", "b", "text changed"),
    ]
    left_out = ["torch: not here."]
    assert report_text(changes, left_out, ["`a.f` is gone"], 7, cells, 12) == REPORT


def test_a_report_without_releases_says_so():
    text = report_text([], [], [], 0, [], 0)
    assert "\nEvery direct dependency is at its newest release.\n\n\n## Calls\n" in text
    assert text.endswith("\n## Cells\n\n0 notebooks were run; 0 cells print something else.\n")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("WARNING: old\nERROR: first\nERROR: no build\nnote: see\n", "ERROR: no build"),
        (
            "error: it failed\n\n× The build did not run.\n│ exit code: 1\n",
            "The build did not run.",
        ),
        ("one\nkilled\n", "killed"),
        ("", "no reason given"),
    ],
)
def test_pip_is_told_by_its_last_error(said, reason, monkeypatch):
    def run(command, *, capture_output, text, env):
        options = ["--disable-pip-version-check", "--quiet"]
        assert command == [sys.executable, "-m", "pip", "install", "--dry-run", "a", *options]
        assert capture_output and text and "PYTHONPATH" not in env
        return CompletedProcess(command, 1, "", said)

    monkeypatch.setenv("PYTHONPATH", "guard")
    monkeypatch.setattr(releases.subprocess, "run", run)
    with pytest.raises(CanaryError) as refusal:
        releases.pip("install", "--dry-run", "a")
    assert str(refusal.value) == f"pip could not get a: {reason}"


@pytest.fixture
def pip(monkeypatch, tmp_path) -> list[list[str]]:
    """What pip is asked; it would bring a newer datasets, and packages that are no pins."""
    asked = []

    def pip(*arguments):
        asked.append(list(arguments))
        if "--dry-run" in arguments:
            found = {"zarr": "1", "Datasets": "9.0", "a_b": "2"}
            items = [{"metadata": {"name": n, "version": v}} for n, v in found.items()]
            report = next(each for each in arguments if each.startswith("--report="))
            Path(report.removeprefix("--report=")).write_text(json.dumps({"install": items}))

    monkeypatch.setattr(releases, "pip", pip)
    monkeypatch.setattr(releases, "FOLDER", tmp_path / "build" / "canary")
    monkeypatch.setattr(releases.install, "torch_index", lambda: "https://index.example")
    return asked


def test_a_release_is_laid_over_once_with_what_it_needs(pip, tmp_path):
    folder = tmp_path / "build" / "canary" / "datasets-9.0"
    change = Change("datasets", PINNED, "9.0", folder, ("a-b 2", "zarr 1"))
    for _ in range(2):
        assert find_changes(["datasets"]) == ([change], [])
    assert str(change) == f"datasets {PINNED} → 9.0"
    index = "--extra-index-url=https://index.example"
    looked_up = ["--upgrade", "--upgrade-strategy=only-if-needed", index]
    dry, again, got, *second = pip
    assert [dry[:2], dry[3:]] == [["install", "--dry-run"], [*looked_up, "datasets"]]
    assert again[3:] == [*looked_up, "datasets==9.0"]
    assert (got[:2], got[3:]) == (
        ["install", "--no-deps"], [index, "zarr==1", "datasets==9.0", "a-b==2"]
    )  # fmt: skip
    assert [each[1] for each in second] == ["--dry-run"] * 2


def test_a_package_that_is_no_dependency_is_refused():
    with pytest.raises(CanaryError, match=r"^numpy, zarr: no .*; pass one of accelerate, "):
        find_changes(["zarr", "numpy==2", "Datasets>1"])


@pytest.mark.parametrize(
    ("kinds", "code"),
    [([], 0), (["number moved"], 3), (["number moved", "removed interface"], 4)],
)
def test_the_exit_code_tells_quiet_changed_and_broken(kinds, code, monkeypatch, tmp_path, capsys):
    cells = [
        ChangedCell("03_preprocess", "tokenize", "1", "2", kind, CHANGES[:2]) for kind in kinds
    ]
    monkeypatch.setattr(command, "find_changes", lambda wanted: (CHANGES[:1], ["b: left out"]))
    monkeypatch.setattr(command.interface, "check", lambda changes: (["`a.f` is gone"], 7))
    monkeypatch.setattr(command, "write_copies", lambda notebooks: [NOTEBOOK])
    monkeypatch.setattr(command, "try_changes", lambda notebooks, changes: cells)
    monkeypatch.setattr(command, "REPORT_FOLDER", tmp_path)
    assert command.main([]) == code
    word = {0: "quiet", 3: "changed", 4: "broken"}[code]
    assert capsys.readouterr().out.splitlines() == [
        "Looking for newer releases …",
        "a 1.0 → 2.0",
        "b: left out",
        "7 pairs of callable and keyword looked up",
        "`a.f` is gone",
        "Running 1 notebooks with the new releases …",
        *(f"03_preprocess, tokenize: {kind}; a 1.0 → 2.0, b 1.0 → 2.0" for kind in kinds),
        f"The canary: {word}. The report: {tmp_path / 'canary.md'}",
    ]
    text = report_text(CHANGES[:1], ["b: left out"], ["`a.f` is gone"], 7, cells, 1)
    assert (tmp_path / "canary.md").read_text("utf-8") == text
    page = (tmp_path / "canary.html").read_text("utf-8")
    assert "<title>Canary</title>" in page
    assert "# Canary" not in page


def test_without_a_newer_release_nothing_is_run(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "find_changes", lambda wanted: ([], []))
    monkeypatch.setattr(command, "REPORT_FOLDER", tmp_path)
    assert command.main([]) == 0
    _, last = capsys.readouterr().out.splitlines()
    assert last == f"The canary: quiet. The report: {tmp_path / 'canary.md'}"


def test_a_canary_that_fails_has_its_own_exit_code(capsys):
    for arguments in (["numpy"], ["--oldest", "numpy"]):
        assert command.main(arguments) == 1
        assert capsys.readouterr().err.startswith("numpy: no direct dependency")


def test_an_option_that_there_is_not_is_refused(capsys):
    assert command.main(["--oldest", "datasets", "--old", "-x"]) == 2
    assert capsys.readouterr().err == "--old: pass names of packages, or --oldest.\n"
