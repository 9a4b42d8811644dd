"""Mutants are what they say, the same for the same seed, and told apart by what notices them."""

import multiprocessing
from collections import defaultdict
from pathlib import Path

import nbformat
import pytest

from course.mutants import command, equivalent, field, population, prose, selection
from course.mutants.equivalent import Equivalent
from course.mutants.mutant import Mutant
from course.mutants.report import Result, report_text, summary
from course.mutants.seen import Seen, span
from course.mutants.trial import Step, TrialError, Verdict, copied, plant, try_mutant
from helpers.environment import PROJECT

CHANGES = [
    ("truncation dropped", "t(x, truncation=True)", "t(x, truncation=False)"),
    ("truncation dropped", "b.enable_truncation(9)", "b.no_truncation()"),
    ("two labels swapped", "names = ['bad', 'good', 'best']", "names = ['good', 'bad', 'best']"),
    ("another seed", "f(seed=42)", "f(seed=43)"),
    ("another seed", "SEED = 42", "SEED = 43"),
    ("another seed", "set_seed(1)", "set_seed(2)"),
    ("no shuffle", "rows.shuffle(seed=s).select(r)", "rows.select(r)"),
    ("wrong end", "rows[:8]", "rows[-(8):]"),
    ("wrong end", "rows[0]", "rows[-1]"),
    ("another split", "data['validation']", "data['test']"),
    ("another split", "load(name, split='train')", "load(name, split='test')"),
    ("wrong axis", "logits.argmax(axis=-1)", "logits.argmax(axis=0)"),
    ("no eval", "model.eval()", "model.train()"),
    ("learning rate times ten", "f(learning_rate=r)", "f(learning_rate=10 * (r))"),
    ("percentile off", "np.quantile(v, [0.025, 0.5])", "np.quantile(v, [0.05, 0.5])"),
    ("round instead of cut", "int(x)", "round(x)"),
    ("round instead of cut", "n // 2", "round((n) / (2))"),
    ("a silent except", "try:\n    f()\nexcept E:\n    g()", "try:\n    f()\nexcept E:\n    pass"),
    ("a flag flipped in a default", "def f(a=True): pass", "def f(a=False): pass"),
    ("the smallest for the largest", "x.argmax()", "x.argmin()"),
    ("another average", "f(average='macro')", "f(average='micro')"),
]
SENTENCES = [
    ("a number in prose", "of 1,000 reviews", "of 1,001 reviews"),
    ("a sign in prose", "from `-0.1` on", "from `+0.1` on"),
    ("a name in prose", "`one` and `two`", "`two` and `two`"),
    ("a link", "[a](x.md) [b](y.md)", "[a](y.md) [b](y.md)"),
    ("an alt text", "![one](a.png) ![two](b.png)", "![two](a.png) ![two](b.png)"),
    ("a sentence turned round", "The loss is higher.", "The loss is lower."),
    ("a sentence turned round", "准确率更高。", "准确率更低。"),
]


@pytest.mark.parametrize(("kind", "before", "after"), CHANGES)
def test_an_operator_of_this_field_makes_the_stated_change(kind, before, after):
    # The tree counts bytes.
    code = f'"""中文"""; {before}' if "\n" not in before and "def" not in before else before
    made = [edit.apply(code) for edit in field.edits(code) if edit.kind == kind]
    assert code.replace(before, after) in made


@pytest.mark.parametrize(("kind", "before", "after"), SENTENCES)
def test_an_operator_of_prose_makes_the_stated_change(kind, before, after):
    assert after in [edit.apply(before) for edit in prose.edits(before) if edit.kind == kind]


def test_code_in_prose_and_an_order_that_means_nothing_are_left():
    assert prose.edits("```\nfor 3 of 4\n```\n") == []
    assert field.edits("int(not x) or int(any(rows)) or int(a == b)") == []
    assert field.edits("name.endswith(('.a', '.b')) or name in ['a', 'b']") == []
    assert field.edits("command = ['--quiet', '--force']") == []
    assert field.edits("sizes = {cut(size) for size in (50, 200)}") == []
    assert field.edits("rows.select_columns(['text', 'label'])") == []
    assert field.edits("dataset['train'].features") == []
    assert field.edits("command = ['--quiet', '--target', folder]") != []


def test_cosmic_ray_makes_the_general_changes():
    pytest.importorskip("cosmic_ray", reason="'mutants' installs it")
    code = "if a < b and not c:\n    d = e + 1\n"
    made = [edit.apply(code) for edit in population.general_edits(code)]
    for changed in ("a <= b", "a < b or", "not a < b", "e - 1", "e + 2", "and c"):
        assert any(changed in " ".join(text.split()) for text in made), changed
    frozen = population.general_edits("@dataclass(frozen=True)\nclass Row:\n    text: str\n")
    assert [edit.kind for edit in frozen] == ["a decorator lost"]
    signs = population.general_edits("f(-x, axis=-1)")
    assert [edit.apply("f(-x, axis=-1)") for edit in signs if edit.kind == "a sign lost"] == [
        "f(x, axis=-1)"
    ]


def write_notebook(path: Path, sentence: str) -> None:
    cells = [
        nbformat.v4.new_markdown_cell(sentence, id="text"),
        nbformat.v4.new_code_cell("rows = data['train'].shuffle(seed=1)[:3]", id="take"),
    ]
    path.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project with a module, its tests, and a notebook in both languages."""
    monkeypatch.setattr(population, "general_edits", lambda code: [])
    project = tmp_path / "project"
    for folder in ("helpers", "tests"):
        (project / folder).mkdir(parents=True)
    (project / "helpers" / "__init__.py").touch()
    (project / "helpers" / "ends.py").write_text(
        "def first(rows):\n    return rows[0]\n\n\ndef last(rows):\n    return rows[-1]\n"
    )
    (project / "tests" / "test_ends.py").write_text(
        "from helpers.ends import first\n\n\n"
        "def test_the_first_is_the_first():\n    assert first([1, 2]) == 1\n"
    )
    (project / "README.md").write_text("# Ends\n\nThere are 2 of them.\n", encoding="utf-8")
    write_notebook(project / "notebooks" / "zh" / "00_take.ipynb", "一共 3 条。")
    write_notebook(project / "notebooks" / "en" / "00_take.ipynb", "There are 3.")
    return project


def test_the_same_seed_chooses_the_same_mutants_and_another_seed_others(project):
    first, again, other = (population.choose(project, 8, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    every = population.choose(project, None, 1)
    assert len(set(every)) == len(every) > 8
    assert all(each.before != each.after for each in every)


def test_each_kind_comes_as_often_as_every_other(project):
    kinds = {each.kind for each in population.choose(project, None, 1)}
    assert {each.kind for each in population.choose(project, len(kinds), 7)} == kinds


def ends(place: int) -> Mutant:
    """The mutant of the first function, which a test runs, or of the second, which none runs."""
    code = "def first(rows):\n    return rows[0]\n\n\ndef last(rows):\n    return rows[-1]\n"
    after = code.replace("[0]", "[-1]") if place == 0 else code.replace("[-1]", "[0]")
    return Mutant("helpers/ends.py", None, "code", "wrong end", code, after)


def judge(mutant: Mutant, project: Path, seconds: float = 60.0) -> Verdict:
    step = Step(("tests/test_ends.py",), seconds)
    return try_mutant(mutant, [step], project, multiprocessing.get_context("spawn").Process)


def test_a_mutant_that_a_test_notices_is_killed_and_one_that_none_notices_survives(project):
    killed, survived = judge(ends(0), project), judge(ends(1), project)
    test = "tests/test_ends.py::test_the_first_is_the_first"
    assert (killed.outcome, killed.by) == ("killed", test)
    assert survived.outcome == "survived"
    assert "rows[0]" in (project / "helpers" / "ends.py").read_text()


def test_a_test_that_does_not_end_is_named_as_timed_out(project):
    endless = "def first(rows):\n    while True:\n        pass\n"
    mutant = Mutant("helpers/ends.py", None, "code", "endless", ends(0).before, endless)
    verdict = judge(mutant, project, seconds=4.0)
    assert (verdict.outcome, verdict.killed) == ("timed out", True)
    assert verdict.by == "tests/test_ends.py"


def test_a_copy_can_be_entered_by_the_programs_that_the_sandbox_runs_as_nobody(project):
    with copied(project) as copy:
        assert copy.parent.stat().st_mode & 0o005 == 0o005


def test_without_tests_there_is_no_verdict(project):
    (project / "tests" / "test_ends.py").write_text("")
    with pytest.raises(TrialError, match="no tests in tests/test_ends"):
        judge(ends(0), project)


def test_code_changes_in_both_languages_and_prose_in_one(project):
    paths = [project / "notebooks" / name / "00_take.ipynb" for name in ("zh", "en")]
    before = "rows = data['train'].shuffle(seed=1)[:3]"
    name = "notebooks/zh/00_take.ipynb"
    plant(Mutant(name, "take", "code", "k", before, before.replace("train", "test")), project)
    plant(Mutant(name, "text", "prose", "k", "一共 3 条。", "一共 4 条。"), project)
    chinese, english = (nbformat.read(path, as_version=4).cells for path in paths)
    assert chinese[1].source == english[1].source == before.replace("train", "test")
    assert (chinese[0].source, english[0].source) == ("一共 4 条。", "There are 3.")
    nbformat.write(nbformat.read(paths[0], as_version=4), paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()


CODE = """import a

LIMIT = 3


@cached
def f(x):
    if x:
        return 1
    return (
        2
    )
"""


@pytest.mark.parametrize(
    ("line", "lines"),
    [(3, (1, 12)), (6, (7, 12)), (7, (7, 12)), (8, (8, 8)), (9, (9, 9)), (11, (10, 12))],
    ids=["of the module", "a decorator", "a head", "a condition", "a body", "a part of a line"],
)
def test_the_tests_of_a_line_are_those_that_run_its_statement(line, lines):
    assert span(CODE, line) == lines


def test_the_module_s_own_tests_come_first_then_the_cheap_ones():
    tests = {"helpers/ends.py": {2: ["tests/test_z.py::a", "tests/test_b.py::b"]}}
    tests["helpers/ends.py"][2].append("tests/test_ends.py::c")
    seen = Seen(tests, {"tests/test_b.py::b": 70.0, "tests/test_ends.py::c": 90.0})
    chosen = selection.light_tests(ends(0), seen)
    assert chosen == ["tests/test_ends.py::c", "tests/test_z.py::a"]


def test_a_module_of_exercises_is_seen_by_the_tests_of_all_exercises():
    found = selection.tests_that_use("helpers/check/notebook_07.py", PROJECT)
    assert {"tests/test_check.py", "tests/test_exercises.py"} <= set(found)
    assert "tests/test_check.py" not in selection.tests_that_use("helpers/plots.py", PROJECT)


def test_an_equivalent_mutant_is_known_by_its_lines_and_a_stale_entry_is_an_error(project):
    entry = Equivalent("helpers/ends.py", "wrong end", "return rows[0]", "return rows[-1]", "why")
    assert entry.is_of(ends(0))
    assert not entry.is_of(ends(1))
    equivalent.check([entry], project)
    (project / "helpers" / "ends.py").write_text("def first(rows):\n    return next(rows)\n")
    with pytest.raises(TrialError, match=r"there is no longer: helpers/ends\.py, wrong end"):
        equivalent.check([entry], project)


def test_every_equivalent_mutant_has_a_reason_and_its_lines_are_there():
    assert [entry for entry in equivalent.read() if len(entry.reason) < 20] == []
    # That an operator changes them is looked at by `mutants`, which has all operators.
    lines: dict[str, set[str]] = defaultdict(set)
    for text in population.texts(PROJECT):
        place = f"{text.path}, {text.cell}" if text.cell else text.path
        lines[place] |= {line.strip() for line in text.text.splitlines()}
    for entry in equivalent.read():
        assert set(entry.old.splitlines()) <= lines[entry.place], entry


def test_the_report_counts_and_shows_the_survivors():
    results = [
        Result(ends(0), Verdict("killed", "tests/test_a.py::b")),
        Result(ends(0), Verdict("timed out", "tests/test_a.py")),
        Result(ends(1), Verdict("survived", "2 steps")),
        Result(ends(1), None, "equivalent: the same"),
        Result(ends(1), None, "not tried: the time was up"),
    ]
    line = "2 of 3 mutants killed: 0.667; 1 of them timed out; 1 equivalent; 1 not tried."
    assert summary(results) == line
    text = report_text(results, 7, 60.0)
    for part in (
        line,
        "| wrong end | 2 | 3 | 0.67 |",
        "-     return rows[-1]\n+     return rows[0]",
    ):
        assert part in text
    assert text.index("## Survivors") < text.index("rows[0]") < text.index("## Equivalent")


@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_what_is_no_number_of_mutants_is_refused(number, capsys):
    with pytest.raises(SystemExit) as refused:
        command.main(["--", number])
    assert refused.value.code == 2
    assert "N" in capsys.readouterr().err
