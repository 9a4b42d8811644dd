"""`python -m course`: one program for all commands, on every system."""

import ast
import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock, patch

import pytest

from course import __main__ as front_door
from course.commands import COMMANDS, QUICK, READERS
from course.environment import install
from course.environment.install import ENVIRONMENTS, PROJECT, InstallError, has_pip
from course.test import FOLDERS

PIP_INSTALL = "-m pip install --disable-pip-version-check"


def course(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Start the front door with a Python that has no packages, where PATH leads nowhere."""
    environment = {"PATH": "", "PYTHONPATH": "", **variables}
    command = [sys.executable, "-I", "-S", "-c", "import runpy, sys; sys.path.insert(0, '.'); "]
    command[-1] += f"sys.argv = ['course', *{list(arguments)!r}]; "
    command[-1] += "runpy.run_module('course', run_name='__main__')"
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)


def test_alone_it_lists_every_command_under_its_reader_without_make_sh_or_a_package():
    answer = course()
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = ["python -m course COMMAND; python -m course COMMAND --help lists its options."]
    for reader, heading in READERS.items():
        mine = {name: command for name, command in COMMANDS.items() if command.reader == reader}
        lines += ["", heading, *(f"  {name:<15} {mine[name].summary}" for name in mine)]
    assert answer.stdout.splitlines() == lines
    assert max(map(len, answer.stdout.splitlines())) <= 110


def test_a_printed_line_goes_into_a_pipe_at_once():
    script = """
import os, runpy, sys
sys.argv = ["course"]
try:
    runpy.run_module("course", run_name="__main__")
except SystemExit:
    os._exit(0)
"""
    variables = {**os.environ, "PYTHONUNBUFFERED": ""}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True)
    assert done.stdout.decode().splitlines() == front_door.overview().splitlines()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_a_command_does_and_installs_nothing(name):
    answer = course(name, "--help")
    assert answer.returncode == 0
    assert answer.stdout.startswith(f"python -m course {name}: {COMMANDS[name].summary}.")


def test_help_lists_what_may_be_passed_in_a_column():
    assert front_door.command_help("mutants").splitlines()[1:] == [
        "  [N]       how many faults, 150 by default",
        "  --seed S  which ones; 1 by default",
        "  --all     all there are: days",
    ]
    assert front_door.command_help("doctor").count("\n") == 0


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_comes_before_what_it_means(name):
    passed = re.compile(r"--[a-z]|\[\w|\.\.\.$|FOLDER$|pages$")
    assert [option for option, _ in COMMANDS[name].options if not passed.match(option)] == []


def test_an_unknown_command_is_named_and_the_commands_are_listed():
    answer = course("lob")
    assert answer.returncode == 2
    assert answer.stderr.startswith("There is no command 'lob'.\n\npython -m course COMMAND")


def test_quick_is_offered_where_it_leaves_tests_out():
    folders = {name: PROJECT / "tests" / name.removeprefix("test-") for name in FOLDERS}
    slow = {
        name
        for name, folder in folders.items()
        if any("mark.slow" in path.read_text("utf-8") for path in folder.glob("test_*.py"))
    }
    assert {name for name in FOLDERS if QUICK in COMMANDS[name].options} == slow


def test_a_language_that_there_is_not_is_refused():
    answer = course("clean", "--language", "fr")
    assert answer.stderr == "--language fr: pass zh (Chinese) or en (English).\n"


def test_settings_go_into_the_environment_and_nothing_else_does(monkeypatch):
    for name in ("COURSE_LANG", "QUICK", "FULL"):
        # So that it is as before afterwards.
        monkeypatch.setenv(name, "")
    arguments = ["07", "--quick", "--language", "en", "-x", "--full"]
    assert front_door.take_settings(arguments) == ["07", "-x"]
    assert [os.environ[name] for name in ("COURSE_LANG", "QUICK", "FULL")] == ["en", "1", "1"]
    assert front_door.take_settings(["--language=zh"]) == []
    assert os.environ["COURSE_LANG"] == "zh"


@pytest.mark.parametrize("argument", ["02", "--dry-run", "x" * 5000, "\udcff", ""])
@pytest.mark.parametrize("name", [name for name in COMMANDS if not COMMANDS[name].options])
def test_a_command_that_takes_no_argument_refuses_one_and_does_nothing(name, argument, capsys):
    assert front_door.main([name, argument]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith(f"python -m course {name} takes no {argument[:200]!r}")


@pytest.mark.parametrize(
    "line",
    ["run 07 08", "update 07 08", "sync 07 08", "translated 07 08", "grade one two", "test -x"],
)
def test_one_argument_more_than_a_command_takes_is_refused(line, capsys):
    assert front_door.main(line.split()) == 2
    last = line.split()[-1]
    assert f"takes no {last!r}: leave it out." in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_module_with_a_main_that_takes_arguments(name):
    path = PROJECT.joinpath(*COMMANDS[name].module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (function,) = [node for node in tree.body if getattr(node, "name", "") == "main"]
    assert function.args.args[0].arg in ("arguments", "options")
    assert COMMANDS[name].environment in (None, *ENVIRONMENTS)


@pytest.mark.parametrize(
    "path",
    [
        "course/__init__.py",
        "course/__main__.py",
        "course/commands.py",
        "course/environment/__init__.py",
        "course/environment/install.py",
        "helpers/__init__.py",
        "helpers/environment.py",
    ],
)
def test_the_door_needs_only_the_standard_library(path):
    known = {*sys.stdlib_module_names, "course", "helpers"}
    for node in ast.walk(ast.parse((PROJECT / path).read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        assert {name.split(".")[0] for name in names} <= known


@pytest.mark.parametrize(
    ("system", "inside"), [("nt", "Scripts/python.exe"), ("posix", "bin/python")]
)
def test_each_system_has_its_python_in_its_place(system, inside, monkeypatch, tmp_path):
    monkeypatch.setattr(install.os, "name", system)
    assert install.python_of(tmp_path) == tmp_path.joinpath(*inside.split("/"))


def test_on_windows_conda_has_its_python_at_the_top(monkeypatch, tmp_path):
    (tmp_path / "conda-meta").mkdir()
    monkeypatch.setattr(install.os, "name", "nt")
    assert install.python_of(tmp_path) == tmp_path / "python.exe"


def test_the_python_that_made_an_environment_is_not_in_it(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "PROJECT", tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.delenv("CONDA_DEFAULT_ENV", raising=False)
    assert not install.is_running("course")
    monkeypatch.setattr(install.sys, "prefix", str(tmp_path / ".venv"))
    assert install.is_running("course")


def test_the_python_that_called_it_is_taken_where_the_course_supports_it():
    assert install.find_python() == sys.executable


def test_else_the_newest_that_starts(monkeypatch, tmp_path):
    found = {name: str(tmp_path / name) for name in ("python3.11", "python3.12", "python3.13")}
    for name in ("python3.11", "python3.12"):
        (tmp_path / name).symlink_to(sys.executable)
    # pyenv puts the names of all its Pythons on the path; most of them start nothing.
    (tmp_path / "python3.13").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.13").chmod(0o755)
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(install.shutil, "which", found.get)
    assert install.find_python() == found["python3.12"]


def test_where_there_is_none_it_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr(install.sys, "version_info", (3, 9, 1))
    monkeypatch.setattr(install.shutil, "which", lambda _: None)
    with pytest.raises(InstallError, match=r"needs Python 3\.11 to 3\.14, and this is Python 3\.9"):
        install.find_python()


@pytest.fixture
def steps(monkeypatch, tmp_path):
    """What would be run to make an environment, in a project of its own; nothing is installed."""
    called = []

    def run(command: list[str], purpose: str) -> None:
        called.append(command[1:])
        if "venv" in command:
            python = install.python_of(Path(command[-1]))
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()

    for name in ("pyproject.toml", "locks"):
        (tmp_path / name).symlink_to(PROJECT / name)
    monkeypatch.setattr(install, "run", run)
    # The stand-in is an empty file.
    monkeypatch.setattr(install, "has_pip", os.path.exists)
    monkeypatch.setattr(install, "install_torch", lambda python: None)
    monkeypatch.setattr(install, "PROJECT", tmp_path)
    monkeypatch.delenv("CONDA_DEFAULT_ENV", raising=False)
    return called


@pytest.mark.parametrize(
    ("name", "folder", "lock", "wanted"),
    [
        ("course", ".venv", "course", "--editable .[dev]"),
        ("publish", ".venv", "course", "--editable .[dev,site]"),
        ("mirror", "build/mirror", "mirror", " ".join(install.requirements("mirror"))),
    ],
)
def test_an_environment_is_made_once_with_what_is_locked(
    name, folder, lock, wanted, steps, tmp_path, capsys
):
    python = install.prepare(name)
    assert python == str(install.python_of(tmp_path / folder))
    constraint = f"--constraint {install.LOCKS / lock}.txt"
    assert [" ".join(step) for step in steps] == [
        f"-m venv {tmp_path / folder}",
        f"{PIP_INSTALL} {constraint} {wanted}",
    ]
    note = ENVIRONMENTS[name].note
    assert capsys.readouterr().out == f"Installing into {folder}: {note}\n"
    assert install.prepare(name) == python
    assert len(steps) == 2
    assert capsys.readouterr().out == ""


def test_what_jupyterlab_finds_elsewhere_is_put_there_once(steps, tmp_path):
    # pip would make it.
    (tmp_path / "build" / "rise").mkdir(parents=True)
    for _ in range(2):
        install.prepare("rise")
    place = f"--no-deps --upgrade --target {tmp_path / 'build' / 'rise'}"
    pins = " ".join(install.requirements("rise"))
    assert [" ".join(step) for step in steps[2:]] == [f"{PIP_INSTALL} {place} {pins}"]


def test_an_environment_of_its_own_sees_the_packages_of_the_course(steps, monkeypatch, tmp_path):
    monkeypatch.setattr(install, "purelib", lambda python: str(Path(python).parent))
    install.prepare("demo")
    made = [" ".join(step[-2:]) for step in steps]
    places = [tmp_path / ".venv", tmp_path / "build" / "demo"]
    assert made[::2] == [f"venv {place}" for place in places]
    assert made[1::2] == ["--editable .[dev]", "--editable .[demo]"]
    course, demo = (install.python_of(place).parent for place in places)
    assert (demo / "course.pth").read_text() == f"{course}\n"


@pytest.mark.parametrize(("name", "count"), [("course", 1), ("demo", 1), ("mirror", 0)])
def test_torch_comes_from_its_own_index_into_the_course_s_environment_only(
    name, count, steps, monkeypatch, tmp_path
):
    asked = []
    monkeypatch.setattr(install, "install_torch", asked.append)
    monkeypatch.setattr(install, "purelib", lambda python: os.path.dirname(python))
    install.prepare(name)
    assert asked == [str(install.python_of(tmp_path / ".venv"))] * count


def test_a_set_up_that_was_stopped_before_pip_came_goes_on(steps, tmp_path, monkeypatch):
    monkeypatch.setattr(install, "has_pip", has_pip)
    folder = tmp_path / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    install.prepare("course")
    assert steps[0] == ["-m", "venv", str(folder)]


def test_a_second_set_up_at_once_is_refused_until_the_first_has_ended(steps):
    with install.only_set_up(), pytest.raises(InstallError, match="Another set-up is running"):
        install.prepare("course")
    assert steps == []
    install.prepare("course")
    assert len(steps) == 2


def test_a_set_up_that_was_killed_locks_nobody_out(tmp_path):
    code = "import os, sys; from course.environment import install; from pathlib import Path\n"
    code += f"install.PROJECT = Path({str(tmp_path)!r})\n"
    code += "with install.only_set_up(): os.abort()"
    assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL).returncode
    with patch.object(install, "PROJECT", tmp_path), install.only_set_up():
        pass


def test_more_extras_are_added_to_those_that_are_there(steps):
    install.prepare("course")
    install.prepare("publish")
    install.prepare("bench")
    install.prepare("course")
    assert [step[-1] for step in steps[1:]] == [".[dev]", ".[dev,site]", ".[bench,dev,site]"]


def test_a_changed_lock_is_installed_again(steps, tmp_path):
    install.prepare("course")
    record = tmp_path / ".venv" / install.RECORD
    record.write_text(json.dumps(json.loads(record.read_text()) | {"digest": "of another lock"}))
    install.prepare("course")
    assert [step[-1] for step in steps] == [steps[0][-1], ".[dev]", ".[dev]"]


def test_in_the_course_s_conda_environment_that_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("CONDA_DEFAULT_ENV", install.CONDA)
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path))
    assert install.folder_of(ENVIRONMENTS["course"]) == tmp_path
    assert install.folder_of(ENVIRONMENTS["mirror"]) == PROJECT / "build" / "mirror"


def test_an_environment_that_was_never_made_has_no_python(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "folder_of", lambda _: tmp_path)
    assert install.existing_python("course") is None
    python = install.python_of(tmp_path)
    python.parent.mkdir()
    python.touch()
    assert install.existing_python("course") == str(python)


@pytest.mark.parametrize("number", front_door.REFUSALS)
def test_what_the_system_refuses_is_one_sentence(number, monkeypatch, capsys):
    def refuse(_: list[str]) -> int:
        raise OSError(number, os.strerror(number), "build/run")

    monkeypatch.setattr("course.clean.main", refuse)
    monkeypatch.setattr(install, "existing_python", lambda _: None)
    assert front_door.main(["clean"]) == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith(f"build/run: {os.strerror(number)}: ")


def test_a_folder_that_could_not_be_copied_is_one_sentence(monkeypatch, capsys):
    def refuse(_: list[str]) -> int:
        reason = str(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        raise shutil.Error([("docs/site/conf.py", "build/site/conf.py", reason)])

    monkeypatch.setattr("course.clean.main", refuse)
    monkeypatch.setattr(install, "existing_python", lambda _: None)
    assert front_door.main(["clean"]) == 1
    assert capsys.readouterr().err.startswith(f"{os.strerror(errno.ENOSPC)}: make room")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InstallError("pip could not get torch."), 1, "pip could not get torch.\n"),
        (
            KeyboardInterrupt(),
            130,
            "\nStopped: the next command continues the set-up.\n",
        ),
    ],
)
def test_a_set_up_that_does_not_end_well_says_so(monkeypatch, capsys, error, code, said):
    monkeypatch.setattr(install, "find_python", Mock(side_effect=error))
    assert front_door.main(["lab"]) == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("python", "running", "there"),
    [
        (sys.executable, True, []),
        (sys.executable, False, ["prepared for rise"]),
        ("another", False, ["another"]),
    ],
    ids=["here", "in its environment", "in a Python that is supported"],
)
def test_a_command_runs_where_its_packages_are(python, running, there, monkeypatch):
    calls = []
    monkeypatch.setattr(install, "find_python", lambda: python)
    monkeypatch.setattr(install, "prepare", lambda name: f"prepared for {name}")
    monkeypatch.setattr(install, "is_running", {"rise": running}.get)
    monkeypatch.setattr(front_door, "run_there", lambda *given: calls.append(given) or 7)
    monkeypatch.setattr("course.serve.rise.main", lambda options: calls.append(options) or 7)
    assert front_door.main(["rise", "--port=1"]) == 7
    assert calls == [("rise", there[0], ["--port=1"]) if there else ["--port=1"]]


def test_ctrl_c_lets_a_command_elsewhere_say_how_it_ended(monkeypatch):
    child = Mock()
    child.wait.side_effect = [KeyboardInterrupt, 130]
    started = Mock(return_value=child)
    monkeypatch.setattr(front_door.subprocess, "Popen", started)
    assert front_door.run_there("test", "python", ["-x"]) == 130
    command = ["python", "-m", "course", "test", "-x"]
    started.assert_called_once_with(command, cwd=PROJECT)


def test_ctrl_c_is_one_sentence(monkeypatch, capsys):
    def stop(_: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("course.clean.main", stop)
    monkeypatch.setattr(install, "existing_python", lambda _: None)
    assert front_door.main(["clean"]) == 130
    assert capsys.readouterr().err == "\nStopped.\n"
