"""What `grade` says of submissions that cannot be graded; tests/grading grades real ones."""

import json
from pathlib import Path

import pytest

from course.classroom import grade
from course.classroom.assignments import assignment_names
from course.classroom.grade import Grade, SubmissionError, find_files, recognize, write
from course.environment.kernel import PROJECT

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
    assert recognize("ana", submission(tmp_path, name), NAMES) == NAME


@pytest.mark.parametrize(
    ("learner", "name", "text", "words"),
    [
        ("ana", f"{NAME}.py", "print(1)", "is not a notebook (.ipynb)"),
        ("ana", f"{NAME}.ipynb", "", "was cut off or changed by hand"),
        ("ana", f"{NAME}.ipynb", '{"cells": [', "was cut off or changed by hand"),
        ("ana", f"{NAME}.ipynb", "[]", "was cut off or changed by hand"),
        ("ana", f"{NAME}.ipynb", '{"cells": [1]}', "was cut off or changed by hand"),
        ("ana", f"{NAME}.ipynb", '{"cells": []}', "is another notebook"),
        ("ana", "homework.ipynb", '{"cells": []}', "is not an assignment"),
        ("ana [2]", f"{NAME}.ipynb", '{"cells": []}', "rename it"),
    ],
)
def test_what_is_no_submission_is_refused_in_one_sentence(tmp_path, learner, name, text, words):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SubmissionError) as refused:
        recognize(learner, path, NAMES)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bytes_that_are_no_text_are_no_notebook(tmp_path):
    path = tmp_path / f"{NAME}.ipynb"
    path.write_bytes(b"\xff\xfe\x00PK")
    with pytest.raises(SubmissionError, match="is not a notebook"):
        recognize("ana", path, NAMES)


def test_the_notebook_of_the_course_is_not_taken_for_the_assignment():
    path = PROJECT / "notebooks" / "zh" / f"{NAME}.ipynb"
    with pytest.raises(
        SubmissionError, match="hand in the one that 'python -m course assignments' made"
    ):
        recognize("ana", path, NAMES)


def test_the_table_opens_in_excel_with_its_chinese(tmp_path):
    path = tmp_path / "grades.csv"
    write([Grade("王芳", NAME, 4, 6, 2, 0, 2, "2: tuned-on-test", "2: 选择看验证集")], path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbflearner,assignment,points,max_points,")
    assert "王芳,03_preprocess,4,6,2,0,2,2: tuned-on-test,2: 选择看验证集" in path.read_text(
        "utf-8"
    )


def test_without_a_folder_the_command_says_how_to_name_one():
    with pytest.raises(SystemExit) as refusal:
        grade.main([])
    sentence = str(refusal.value)
    assert sentence.startswith("Pass the folder of submissions: python -m course grade FOLDER")
    assert len(sentence.splitlines()) == 1
