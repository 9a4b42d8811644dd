"""The canary tells kinds of change apart, finds causes by halving, and searches backwards."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from course.canary import command, compare, interface, oldest, releases, signatures
from course.canary.compare import ChangedCell, find_causes, kind_of, output_text
from course.canary.releases import CanaryError, Change, find_changes
from course.canary.report import report_text

CHANGES = [Change(name, "1.0", "2.0", Path(name)) for name in "abcde"]
NOTEBOOK = Path("03_preprocess.ipynb")


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
    ],
)
def test_a_change_has_a_kind(new, kind):
    assert kind_of(printed("loss 0.5\n"), new) == kind


def test_a_plot_that_only_looks_different_is_a_kind_of_its_own():
    plots = [
        {"output_type": "display_data", "data": {"image/png": data}, "metadata": metadata}
        for data in ("one", "another")
        for metadata in [{"image/png": {"alt": "Losses fall"}}]
    ]
    assert kind_of(plots[:1], plots[1:]) == "plot changed"
    assert output_text(plots) == "[plot: Losses fall]\n[plot: Losses fall]"


@pytest.mark.parametrize(
    "culprits", [{"a"}, {"e"}, {"b", "d"}], ids=["first", "last", "two together"]
)
def test_the_cause_of_a_cell_is_found_by_halving(culprits, monkeypatch):
    def run_cells(notebooks, changes):
        changed = culprits <= {change.name for change in changes}
        cell = ChangedCell(NOTEBOOK.stem, "tokenize", "1", "2", "number moved")
        return [cell] * changed

    monkeypatch.setattr(compare, "run_cells", run_cells)
    (cell,) = run_cells([NOTEBOOK], CHANGES)
    find_causes(NOTEBOOK, CHANGES, [cell])
    assert culprits <= {change.name for change in cell.causes}
    assert len(culprits) > 1 or len(cell.causes) == 1


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


def test_calls_are_read_with_their_keywords():
    code = """
import pandas as pd
from datasets import load_dataset
load_dataset(path, split="train").map(f, batched=True)
pd.DataFrame(rows, columns=names)
"""
    assert interface.calls_in(code) == {
        "pandas": set(),
        "datasets.load_dataset": {"split"},
        ".map": {"batched"},
        "pandas.DataFrame": {"columns"},
    }


@pytest.mark.parametrize("signature", [None, {"parameters": None, "notices": []}])
def test_the_lookup_goes_on_after_what_is_gone_or_is_of_another_class(signature):
    known = {"parameters": {"x": "1"}, "any_keyword": False, "notices": []}
    old = {"a": signature, "b": known, "c": known}
    new = {"a": signature, "b": None, "c": known | {"parameters": {"x": "2"}}}
    found = interface.findings({"a": set(), "b": set(), "c": set()}, old, new)
    assert found == ["`b` is gone", "`c`: the default of `x` is 2, was 1"]


def test_a_method_is_described_with_its_defaults_and_what_is_gone_is_none():
    found = signatures.describe("datasets.Dataset.shuffle")
    assert found["parameters"]["keep_in_memory"] == "False"
    assert not found["any_keyword"]
    assert signatures.describe("datasets.Dataset.mix") is None


def test_a_notebook_without_changes_does_not_end_the_search(monkeypatch):
    searched = []
    cell = ChangedCell("05_trainer", "train", "1", "2", "number moved")
    monkeypatch.setattr(command, "run_cells", lambda notebooks, changes: [cell][: len(changes)])
    monkeypatch.setattr(command, "find_causes", lambda *given: searched.append(given))
    notebooks = [NOTEBOOK, Path("05_trainer.ipynb")]
    assert command.try_changes(notebooks, CHANGES[:1]) == [cell]
    assert searched == [(notebooks[1], CHANGES[:1], [cell])]


def test_a_release_that_cannot_be_had_does_not_hold(monkeypatch, capsys):
    name = "datasets"

    def lay_over(name: str, version: str, options: object) -> Change:
        if version == "1.0":
            raise CanaryError("There is no build of it.")
        return Change(name, "3.0", version, Path(name))

    monkeypatch.setattr(oldest, "lay_over", lay_over)
    monkeypatch.setattr(oldest, "run_cells", lambda notebooks, changes: [])
    monkeypatch.setattr(oldest, "notebooks_that_use", lambda name: [NOTEBOOK])
    monkeypatch.setattr(oldest, "earlier_releases", lambda name: ["2.0", "1.0"])
    assert oldest.run([name]) == 0
    printed = capsys.readouterr().out
    assert "datasets 1.0: does not hold" in printed
    assert "datasets: the outputs hold down to 2.0" in printed


@pytest.mark.parametrize("oldest_good", range(-1, 9))
def test_the_oldest_release_that_holds_is_found(oldest_good):
    versions = [str(number) for number in range(9)]
    found = oldest.oldest_that_holds(versions, lambda version: int(version) <= oldest_good)
    assert found == (versions[oldest_good] if oldest_good >= 0 else None)


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


def test_the_report_names_cause_difference_and_what_to_do():
    cell = ChangedCell("03_preprocess", "tokenize", "loss 1", "loss 2", "number moved", CHANGES[:1])
    text = report_text(CHANGES[:1], [], ["`a.f` is gone"], 7, [cell], 12)
    for part in (
        "Cause: a 1.0 → 2.0.",
        "- loss 1\n+ loss 2",
        "`a.f` is gone",
        '"a==2.0"',
        "python -m course update 03",
    ):
        assert part in text


def test_a_package_that_is_no_dependency_is_refused():
    with pytest.raises(CanaryError, match="numpy: no direct dependency"):
        find_changes(["numpy==2"])


@pytest.mark.parametrize(
    ("kinds", "code"),
    [([], 0), (["number moved"], 3), (["number moved", "removed interface"], 4)],
)
def test_the_exit_code_tells_quiet_changed_and_broken(kinds, code, monkeypatch, tmp_path):
    cells = [ChangedCell("03_preprocess", "tokenize", "1", "2", kind) for kind in kinds]
    monkeypatch.setattr(command, "find_changes", lambda wanted: (CHANGES[:1], []))
    monkeypatch.setattr(command.interface, "check", lambda changes: ([], 0))
    monkeypatch.setattr(command, "try_changes", lambda notebooks, changes: cells)
    monkeypatch.setattr(command, "REPORT_FOLDER", tmp_path)
    assert command.main([]) == code
    assert (tmp_path / "canary.html").exists()


def test_a_canary_that_fails_has_its_own_exit_code(capsys):
    assert command.main(["numpy"]) == 1
    assert "no direct dependency" in capsys.readouterr().err
