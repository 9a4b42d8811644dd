"""What `grade` reads and writes; tests/grading grades real submissions with nbgrader."""

import copy
import csv
import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock, patch

import nbformat
import psutil
import pytest
from filelock import FileLock
from support.exercise_notebooks import source_of

from course.classroom import autograde, grade
from course.classroom.assignments import assignment_names
from course.classroom.grade import Grade, keep_earlier, remark, write
from course.classroom.submissions import (
    Notebook,
    SubmissionError,
    find_files,
    marks,
    mend,
    read_submission,
)
from helpers import check
from helpers.environment import PROJECT

NAMES = assignment_names()
NAME = "03_preprocess"
CELLS = [{"metadata": {"nbgrader": {"grade_id": "exercise-1"}}}]


def submission(folder: Path, name: str, cells: object = CELLS) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


def test_the_files_of_each_learner_are_found_at_any_depth(tmp_path):
    paths = [submission(tmp_path, name) for name in ("ana/01.ipynb", "李雷/week 3/03.ipynb")]
    assert find_files(tmp_path) == [("ana", paths[0]), ("李雷", paths[1])]


def test_hidden_files_and_checkpoints_are_left_out(tmp_path):
    path = submission(tmp_path, "ana/03.ipynb")
    submission(tmp_path, "ana/.ipynb_checkpoints/03-checkpoint.ipynb")
    submission(tmp_path, ".git/config")
    submission(tmp_path, "ana/.DS_Store")
    assert find_files(tmp_path) == [("ana", path)]


def test_a_hidden_folder_above_the_submissions_does_not_matter(tmp_path):
    path = submission(tmp_path, ".class/ana/03.ipynb")
    assert find_files(tmp_path / ".class") == [("ana", path)]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (None, "There is no folder"),
        ([], "There is nothing to grade in"),
        (["ana/.hidden"], "There is nothing to grade in"),
        (["03_preprocess.ipynb"], "which does not say whose it is"),
    ],
)
def test_a_folder_without_submissions_is_refused_in_one_sentence(tmp_path, files, words):
    folder = tmp_path / "submissions"
    if files is not None:
        folder.mkdir()
        for name in files:
            submission(folder, name)
    with pytest.raises(SystemExit) as refused:
        find_files(folder)
    assert words in str(refused.value)
    assert "one folder for each learner" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", [f"{NAME}.ipynb", f"{NAME} (2).ipynb", f"{NAME}_ana.ipynb"])
def test_an_assignment_is_recognized_by_the_beginning_of_its_name(tmp_path, name):
    assert read_submission(submission(tmp_path, name), NAMES) == (NAME, {"cells": CELLS})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (f"{NAME}.py", b"print(1)", "is not a notebook (.ipynb)"),
        (f"{NAME}.ipynb", b"\xff\xfe\x00PK", "is not a notebook"),
        (f"{NAME}.ipynb", b"", "was cut off or changed by hand"),
        (f"{NAME}.ipynb", b'{"cells": [', "was cut off or changed by hand"),
        (f"{NAME}.ipynb", b"[]", "was cut off or changed by hand"),
        (f"{NAME}.ipynb", b'{"cells": [1]}', "was cut off or changed by hand"),
        (f"{NAME}.ipynb", b"[" * 100_000, "was cut off or changed by hand"),
        (f"{NAME}.ipynb", b'{"cells": []}', "is another notebook"),
        ("homework.ipynb", b'{"cells": []}', "is not an assignment"),
    ],
)
def test_what_is_no_submission_is_refused_in_one_sentence(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SubmissionError) as refused:
        read_submission(path, NAMES)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_notebook_with_the_mark_of_windows_editors_is_read(tmp_path):
    path = submission(tmp_path, f"{NAME}.ipynb")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_submission(path, NAMES)[0] == NAME


def test_a_file_that_is_too_large_to_read_is_not_read(tmp_path):
    path = submission(tmp_path, f"{NAME}.ipynb")
    for size, refusal in ((50_000_000, "was cut off"), (50_000_001, "larger than 50 MB: clear")):
        os.truncate(path, size)
        with pytest.raises(SubmissionError, match=refusal):
            read_submission(path, NAMES)


def test_a_file_that_the_system_does_not_give_is_named_with_the_reason(tmp_path, monkeypatch):
    path = submission(tmp_path, f"{NAME}.ipynb")

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    # Whoever runs the tests may be allowed to read everything.
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(SubmissionError, match="cannot be read: Permission denied"):
        read_submission(path, NAMES)


@pytest.mark.skipif(os.name == "nt", reason="on Windows only administrators make links")
def test_a_link_that_leads_nowhere_is_named(tmp_path):
    link = tmp_path / "ana" / f"{NAME}.ipynb"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "gone")
    submission(tmp_path, "ben/03.ipynb")
    assert find_files(tmp_path)[0] == ("ana", link)
    with pytest.raises(SubmissionError, match="is no file, or a link to none"):
        read_submission(link, NAMES)


@pytest.mark.skipif(os.name == "nt", reason="on Windows only administrators make links")
def test_a_link_to_a_folder_is_no_file(tmp_path):
    path = submission(tmp_path, "ana/03.ipynb")
    (tmp_path / "ana" / "week 3").symlink_to(path.parent, target_is_directory=True)
    assert find_files(tmp_path) == [("ana", path)]


def test_a_learner_who_handed_in_nothing_is_found_too(tmp_path):
    (tmp_path / "ana" / "empty").mkdir(parents=True)
    path = submission(tmp_path, "ben/03.ipynb")
    assert find_files(tmp_path) == [("ana", None), ("ben", path)]


@pytest.mark.parametrize("form", [str, lambda text: [text]], ids=["string", "lines"])
def test_an_exercise_that_nobody_worked_on_is_named_so_and_not_by_its_error(form):
    said = nbformat.v4.new_output("stream", text=form(f"{check.not_attempted('09-1')}\n"))
    error = nbformat.v4.new_output("error", ename="NotImplementedError", evalue="")
    cell = nbformat.v4.new_code_cell(outputs=[said, error])
    assert remark(cell) == "not-answered: there is no answer"


@pytest.fixture
def released() -> Notebook:
    return json.loads(source_of("09-1").read_text(encoding="utf-8"))


def test_points_are_those_of_the_checks_and_reasons_what_they_said(released, monkeypatch):
    # nbgrader is in another environment.
    nbgrader = ModuleType("nbgrader.utils")
    nbgrader.determine_grade = lambda cell: (0 if remark(cell) else 2, 2)
    monkeypatch.setitem(sys.modules, "nbgrader", ModuleType("nbgrader"))
    monkeypatch.setitem(sys.modules, "nbgrader.utils", nbgrader)
    graded = copy.deepcopy(released)
    said = "tuned-on-test: choose: on validation"
    error = nbformat.v4.new_output("error", ename="WrongAnswer", evalue=said)
    for name in ("exercise-1-check", "exercise-3-check"):
        graded["cells"][position(graded, name)]["outputs"] = [error]
    row = grade.score("ana", grade.Assignment(NAME, released, b""), graded)
    assert row == Grade(
        "ana",
        NAME,
        points=2,
        max_points=6,
        exercise_1=0,
        exercise_2=2,
        exercise_3=0,
        misconceptions="1: tuned-on-test; 3: tuned-on-test",
        remarks=f"1: {said}; 3: {said}",
    )


def position(notebook: Notebook, name: str) -> int:
    return next(index for index, cell in enumerate(notebook["cells"]) if cell["id"] == name)


def marked(notebook: Notebook) -> list[str]:
    return [marks(cell)["grade_id"] for cell in notebook["cells"] if marks(cell)]


@pytest.mark.parametrize("name", ["setup-cell", "exercise-1", "exercise-1-check"])
def test_of_a_cell_that_was_split_or_copied_the_last_one_keeps_its_marks(name, released):
    notebook = copy.deepcopy(released)
    where = position(notebook, name)
    first = copy.deepcopy(notebook["cells"][where]) | {"id": "first-half"}
    notebook["cells"].insert(where, first)
    mended = mend(notebook, released)
    assert marked(mended) == marked(released)
    assert len(mended["cells"]) == len(released["cells"]) + 1
    assert not marks(mended["cells"][where])
    assert marks(mended["cells"][where + 1])


@pytest.mark.parametrize("name", ["setup-cell", "exercise-2", "exercise-2-check"])
def test_a_cell_that_was_deleted_is_put_back_in_its_place_without_an_answer(name, released):
    notebook = copy.deepcopy(released)
    del notebook["cells"][position(notebook, name)]
    mended = mend(notebook, released)
    assert marked(mended) == marked(released)
    back = mended["cells"][position(mended, name)]
    assert (back["source"] == "") == (name == "exercise-2")


def test_marks_that_were_changed_are_those_of_the_assignment_again(released):
    notebook = copy.deepcopy(released)
    marks(notebook["cells"][position(notebook, "exercise-1")]).update(grade=True, points=100)
    notebook["cells"].append(notebook["cells"][0] | {"metadata": {"nbgrader": {"grade_id": "x"}}})
    mended = mend(notebook, released)
    assert [marks(cell) for cell in mended["cells"]] == [
        *(marks(cell) for cell in released["cells"]),
        {},
    ]


def test_the_notebook_of_the_course_is_not_taken_for_the_assignment():
    path = PROJECT / "notebooks" / "zh" / f"{NAME}.ipynb"
    with pytest.raises(
        SubmissionError, match="hand in the one that 'python -m course assignments' made"
    ):
        read_submission(path, NAMES)


def test_the_table_opens_in_excel_with_its_chinese(tmp_path):
    path = tmp_path / "grades.csv"
    write([Grade("王芳", NAME, 4, 6, 2, 0, 2, "2: tuned-on-test", "2: 选择看验证集")], path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbflearner,assignment,points,max_points,")
    assert "王芳,03_preprocess,4,6,2,0,2,2: tuned-on-test,2: 选择看验证集" in path.read_text(
        "utf-8"
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", " =1+1", "\t=1+1"])
def test_a_name_is_no_formula_in_excel(tmp_path, text):
    path = tmp_path / "grades.csv"
    write([Grade(text, text, remarks=text)], path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    for name in ("learner", "assignment", "remarks"):
        assert row[name].startswith("'")


def test_what_steers_a_terminal_or_is_no_text_does_not_get_into_the_table(tmp_path):
    path = tmp_path / "grades.csv"
    write([Grade("ana", NAME, remarks="\x1b[2J \udcff\n")], path)
    assert path.read_text("utf-8").endswith("�[2J ��\n")


def test_a_stop_loses_no_row_for_each_is_in_the_file_before_the_next(tmp_path):
    path = tmp_path / "grades.csv"

    def stopped() -> Iterator[Grade]:
        yield Grade("ana", NAME, 6, 6)
        assert "ana,03_preprocess,6,6" in path.read_text("utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(stopped(), path)
    assert "ana,03_preprocess,6,6" in path.read_text("utf-8")


def test_what_an_earlier_run_made_is_kept(tmp_path):
    table, folder = tmp_path / "grades.csv", tmp_path / "grade"
    for week in ("week 1", "week 2"):
        table.write_text(week)
        folder.mkdir()
        (folder / "ana.ipynb").write_text(week)
        keep_earlier(table, folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "grade-1",
        "grade-2",
        "grades-1.csv",
        "grades-2.csv",
    ]
    for number in (1, 2):
        assert (tmp_path / f"grades-{number}.csv").read_text() == f"week {number}"
        assert (tmp_path / f"grade-{number}" / "ana.ipynb").read_text() == f"week {number}"


def test_the_memory_of_a_process_that_has_ended_is_none():
    assert grade.memory_of(psutil.Process()) > 0
    with patch.object(psutil.Process, "memory_info", side_effect=psutil.NoSuchProcess(1)):
        assert grade.memory_of(psutil.Process()) == 0


def test_a_submission_gets_no_token_and_writes_into_its_own_folder(monkeypatch, tmp_path):
    secret = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "JUPYTER_TOKEN", "XDG_RUNTIME_DIR")
    for name in (*secret, "IPYTHONDIR", "MPLCONFIGDIR", "HF_HOME", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "mine")
    own = str(tmp_path)
    given = grade.variables(own)
    assert given["OMP_NUM_THREADS"] == "mine"
    assert (given["HF_HOME"], given["HF_HUB_OFFLINE"]) == (str(tmp_path / "hf"), "1")
    assert {given[name] for name in ("HOME", "TMPDIR", "TEMP", "TMP")} == {own}
    assert not given.keys() & {*secret, "IPYTHONDIR", "MPLCONFIGDIR"}


def test_a_submission_does_not_see_solutions_and_the_work_of_others(monkeypatch, tmp_path):
    monkeypatch.setattr(grade, "COURSE", tmp_path / "build" / "grade")
    made = [tmp_path / "build" / name for name in ("grade", "grade-1", "grades.csv")]
    for path in made:
        path.mkdir(parents=True)
    hidden = grade.private_paths(tmp_path)
    assert hidden[:3] == [PROJECT / "exercises", PROJECT / ".git", tmp_path.resolve()]
    assert sorted(hidden[3:]) == made


@pytest.mark.parametrize("hidden", [None, [Path("solutions")]], ids=["without", "sandboxed"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "its code ended the program that grades it"),
        (b'{"error": "a cell ran"}', "it could not be run to its end: a cell ran"),
        (b'{"notebook": [1]}'.ljust(1_000_000), None),
        (b'{"notebook": [1]}'.ljust(1_000_001), "its outputs are larger than 1 MB"),
    ],
    ids=["nothing", "an error", "all it may", "too much"],
)
def test_a_submission_runs_in_a_process_of_its_own(answer, reason, hidden, monkeypatch):
    def popen(command, *, cwd, env, stdin, stdout, stderr, start_new_session):
        wrapped = ["sandbox", *hidden] if hidden else []
        assert command == [*wrapped, sys.executable, "-m", "course.classroom.autograde"]
        assert (cwd, stderr, start_new_session) == (PROJECT, subprocess.DEVNULL, True)
        assert (env["HOME"] == str(grade.sandbox.SCRATCH)) == bool(hidden)
        assert json.load(stdin) == {
            "name": NAME, "notebook": ["mended"], "gradebook": "AQI=", "cell_seconds": 120
        }  # fmt: skip
        stdout.write(answer)

    monkeypatch.setattr(grade.subprocess, "Popen", popen)
    monkeypatch.setattr(
        grade.sandbox, "wrap", lambda command, hidden: ["sandbox", *hidden, *command]
    )
    monkeypatch.setattr(grade, "watch", lambda _: None)
    monkeypatch.setattr(grade, "mend", lambda notebook, released: ["mended"])
    monkeypatch.setattr(grade, "LARGEST", 1_000_000)
    assignment = grade.Assignment(NAME, {}, b"\1\2")
    if reason is None:
        assert grade.execute(assignment, {}, hidden) == [1]
    else:
        with pytest.raises(SubmissionError, match=f"^{reason}$"):
            grade.execute(assignment, {}, hidden)


@pytest.mark.parametrize(
    ("log", "error", "reason"),
    [
        ("nbclient: DeadKernelError\n", "x", "its code ended Python, or needed more memory than "),
        ("", "UnresponsiveKernelError", "a cell ran for more than 20 seconds and could not be "),
        ("The kernel became unresponsive", "", "a cell ran for more than 20 seconds and could not"),
        ("[Errno 28] No space left on device", "", "it wrote more than there is room for"),
        ("", "sqlite3: database or disk is full", "it wrote more than there is room for"),
        ("[Error] x\n ValueError: a\n TypeError: b\n KeyError: two \nlast", "", "KeyError: two"),
        ("[App | Error] x\n", "no reason\n", "no reason"),
    ],
)
def test_why_there_is_no_grade_is_told_by_what_the_code_did(log, error, reason):
    outcome = {"log": log, "error": error} if log else {"error": error}
    assert autograde.explain(outcome, 20).startswith(reason)


@pytest.mark.parametrize(
    ("seconds", "memory", "reason"),
    [
        (600, 4 << 30, None),
        (601, 0, "it ran for more than 10 minutes"),
        (600, (4 << 30) + 1, "it needed more than 4 GB of memory"),
    ],
)
def test_a_submission_is_ended_with_all_that_it_started(seconds, memory, reason, monkeypatch):
    process, child = Mock(), Mock()
    process.poll.side_effect = [None, 0]
    monkeypatch.setattr(grade, "time", Mock(monotonic=Mock(side_effect=[0, seconds])))
    monkeypatch.setattr(grade, "memory_of", {child: memory}.get)
    with (
        patch.object(
            psutil, "Process", Mock(return_value=Mock(children=lambda recursive: [child]))
        ),
        pytest.raises(SubmissionError, match=f"^{reason}$") if reason else nullcontext(),
    ):
        grade.watch(process)
    process.kill.assert_called_once()
    child.kill.assert_called_once()


def test_whatever_one_submission_does_the_others_are_graded(tmp_path, monkeypatch, capsys):
    names = (f"ana/{NAME}", f"ben/{NAME}", f"ben/{NAME} (2)", "cem/homework")
    paths = [submission(tmp_path, f"{name}.ipynb") for name in names]
    monkeypatch.setattr(grade, "open_assignment", lambda name: name)
    good = Grade("ben", NAME, points=4.5, max_points=6)
    monkeypatch.setattr(grade, "grade", Mock(side_effect=[RecursionError("too deep"), good]))
    files = [(path.parent.name, path) for path in paths] + [("dee", None)]
    bad, row, second, other, nothing = grade.grade_all(files, tmp_path, is_sandboxed=False)
    reasons = {
        bad: "it cannot be graded, look at it yourself: RecursionError: too deep",
        second: f"there is a second notebook for {NAME}, {NAME} (2).ipynb: keep only one",
        other: "homework.ipynb is not an assignment: give it a name that begins with that of one, "
        f"such as {NAMES[0]}",
        nothing: "nothing was handed in",
    }
    assert {each: each.remarks for each in reasons} == reasons
    assert [bad.assignment, second.assignment, other.assignment] == [NAME, NAME, "homework"]
    assert row == good
    assert capsys.readouterr().out.splitlines() == [
        f"ana {NAME}: not graded: {reasons[bad]}",
        f"ben {NAME}: 4.5 of 6",
        f"ben {NAME}: not graded: {reasons[second]}",
        f"cem homework: not graded: {reasons[other]}",
        "dee: not graded: nothing was handed in",
    ]


@pytest.fixture
def handed_in(tmp_path, monkeypatch) -> str:
    """A folder of submissions; what `grade` makes is put beside it."""
    monkeypatch.setattr(grade, "OUTPUT", tmp_path / "build" / "grades.csv")
    monkeypatch.setattr(grade, "COURSE", tmp_path / "build" / "grade")
    monkeypatch.setattr(grade, "prepare_grading_environment", lambda: None)
    monkeypatch.setattr(grade.sandbox, "find_problem", lambda: None)
    monkeypatch.chdir(tmp_path)
    return str(submission(tmp_path, f"submitted/ana/{NAME}.ipynb").parent.parent)


def test_a_second_grade_at_once_is_refused(handed_in, tmp_path):
    (tmp_path / "build").mkdir()
    with (
        FileLock(tmp_path / "build" / ".grade.lock"),
        pytest.raises(SystemExit, match=r"^Another 'grade' is writing build.grades\.csv: wait "),
    ):
        grade.main([handed_in])
    assert not grade.OUTPUT.exists()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (Grade("ana", NAME, points=0, max_points=6), 0),
        (Grade("ana", NAME, remarks="it cannot be graded"), 1),
        (Grade("ana", "", remarks="nothing was handed in"), 0),
    ],
)
def test_the_exit_code_is_1_if_an_assignment_could_not_be_graded(
    row, code, handed_in, monkeypatch, capsys
):
    monkeypatch.setattr(grade, "grade_all", lambda *_: iter([row]))
    assert grade.main([handed_in]) == code
    graded = int(row.max_points > 0)
    table, folder = Path("build", "grades.csv"), Path("build", "grade")
    assert capsys.readouterr().out == (
        f"{table}: {graded} graded, {1 - graded} not\nwith the outputs of each cell: {folder}\n"
    )


@pytest.mark.parametrize("problem", [None, "it needs Linux"])
def test_without_a_sandbox_that_is_said_first(problem, handed_in, monkeypatch, capsys):
    graded = Mock(return_value=iter([]))
    monkeypatch.setattr(grade.sandbox, "find_problem", lambda: problem)
    monkeypatch.setattr(grade, "grade_all", graded)
    grade.main([handed_in])
    said = "There is no sandbox on this machine (it needs Linux): a submission can read, change "
    assert capsys.readouterr().out.startswith(said) == (problem is not None)
    assert graded.call_args.args[1:] == (Path(handed_in), problem is None)


def test_who_stops_it_is_told_where_the_grades_are(handed_in, monkeypatch, capsys):
    monkeypatch.setattr(grade, "grade_all", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        grade.main([handed_in])
    table = Path("build", "grades.csv")
    assert capsys.readouterr().out == f"\n{table}: what was graded before you stopped it\n"


@pytest.mark.parametrize("inside", ["", "submitted", "ana/../submitted"])
def test_submissions_in_the_command_s_own_folder_are_refused_and_stay(
    inside, tmp_path, monkeypatch
):
    monkeypatch.setattr(grade, "COURSE", tmp_path / "grade")
    path = submission(tmp_path / "grade", "submitted/ana/03.ipynb")
    (tmp_path / "grade" / "ana").mkdir()
    with pytest.raises(SystemExit, match="is in the folder that this command writes to"):
        grade.main([str(tmp_path / "grade" / inside)])
    assert path.exists()


def test_a_folder_with_the_course_in_it_is_no_folder_of_submissions():
    with pytest.raises(SystemExit, match="has the course itself in it"):
        grade.main([str(PROJECT.parent)])


def test_without_a_folder_the_command_says_how_to_name_one():
    with pytest.raises(SystemExit) as refusal:
        grade.main([])
    sentence = str(refusal.value)
    assert sentence.startswith("Pass the folder of submissions: python -m course grade FOLDER")
    assert len(sentence.splitlines()) == 1
