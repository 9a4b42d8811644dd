"""The course's commands: who each is for, what it does, and what it runs.

Standard library only, and no other module of the course: the front door reads it before anything
is installed.
"""

from __future__ import annotations

from dataclasses import dataclass

READERS = {
    "learner": "To learn",
    "instructor": "To teach",
    "maintainer": "To maintain",
}

NOTEBOOK = ("[NB]", "only the notebook of this number, such as 07")
LANGUAGE = ("--language zh|en", "the language of the notebooks (COURSE_LANG); Chinese by default")
QUICK = ("--quick", "leave out what takes minutes")


@dataclass(frozen=True)
class Command:
    """A command of the front door.

    Attributes:
        reader: who it is for, a key of READERS.
        summary: what it does, in one line.
        module: the module whose `main` takes the command's arguments and returns an exit code.
        environment: where that runs, a name in `course.environment.install.ENVIRONMENTS`; None is
            the Python that is running.
        arguments: what `main` is given before the user's own arguments.
        options: what the user may pass, and what each means.
        most: how many arguments the user may pass besides --quick, --full and --language; None is
            any number.
    """

    reader: str
    summary: str
    module: str
    environment: str | None = "course"
    arguments: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    most: int | None = None


def _test(name: str, summary: str, environment: str = "course", quick: bool = False) -> Command:
    options = (*((QUICK,) if quick else ()), ("...", "any option of pytest, such as -x"))
    return Command("maintainer", summary, "course.test", environment, (name,), options)


LAB = (LANGUAGE, ("...", "any option of JupyterLab, such as --no-browser or --port 8890"))

COMMANDS: dict[str, Command] = {
    "lab": Command("learner", "open JupyterLab on the notebooks", "course.serve.lab", options=LAB),
    "run": Command(
        "learner",
        "execute the notebooks into build/run, with an HTML page of each",
        "course.notebooks.run",
        options=(NOTEBOOK, LANGUAGE),
        most=1,
    ),
    "demo": Command(
        "learner",
        "open a page on this machine that scores what you type with the model of notebook 07",
        "course.serve.demo",
        "demo",
        options=(("--port N", "the port to listen on, 7860 by default; 0 is any that is free"),),
    ),
    "doctor": Command(
        "learner",
        "check this machine and the set-up, and say how to fix what is wrong",
        "course.doctor",
        None,
    ),
    "setup": Command(
        "learner", "install what the notebooks need, as the other commands do", "course.doctor"
    ),
    "slides": Command(
        "instructor",
        "make a slide deck of each notebook, in build/slides",
        "course.publish.slides",
        "publish",
    ),
    "site": Command(
        "instructor",
        "make a website of the series, with search and the model to try, in build/site",
        "course.publish.site",
        "publish",
        options=(("--model FOLDER", "the model to try, in place of notebook 07's"),),
    ),
    "rise": Command(
        "instructor",
        "open JupyterLab with a button that shows a notebook as slides with running code",
        "course.serve.rise",
        "rise",
        options=LAB,
    ),
    "assignments": Command(
        "instructor",
        "make the learners' exercises, without solutions, in build/assignments",
        "course.classroom.assignments",
        "grade",
    ),
    "grade": Command(
        "instructor",
        "grade a folder of submissions into build/grades.csv",
        "course.classroom.grade",
        "grade",
        options=(("FOLDER", "one folder for each learner, with the learner's notebooks in it"),),
        most=1,
    ),
    "fetch": Command(
        "instructor",
        "download what COURSE_SOURCE=hub needs into data/hf ahead of a class",
        "course.hub.fetch",
    ),
    "mirror": Command(
        "instructor",
        "mirror the Hugging Face Hub for a room, on port 8090",
        "course.hub.mirror",
        "mirror",
        options=(("...", "--host, --port, --upstream, --cache, --offline"),),
    ),
    "test": Command(
        "maintainer",
        "lint, test, and compare the outputs of every notebook",
        "course.test",
        arguments=("test",),
        options=(QUICK,),
        most=0,
    ),
    "test-processes": _test(
        "test-processes", "train in one process and in several, stop, kill and resume", quick=True
    ),
    "test-hub": _test(
        "test-hub", "run the notebooks from a Hub on loopback, and without one", quick=True
    ),
    "test-own": _test(
        "test-own", "run the notebooks on a learner's own data, of four kinds", quick=True
    ),
    "test-site": _test("test-site", "test the slides and the website", "publish"),
    "test-grading": _test(
        "test-grading", "test the assignments and their grading with nbgrader", "grade", quick=True
    ),
    "test-browser": _test(
        "test-browser",
        "test the slides, the website and JupyterLab in a real browser",
        "browser",
        quick=True,
    ),
    "test-demo": _test("test-demo", "test the page of 'demo' over loopback", "demo", quick=True),
    "test-pythons": Command(
        "maintainer",
        "run the light tests and notebooks on each Python of this machine",
        "course.test",
        arguments=("test-pythons",),
    ),
    "update": Command(
        "maintainer",
        "execute the notebooks, store their outputs, and show what changed",
        "course.notebooks.update",
        options=(NOTEBOOK,),
        most=1,
    ),
    "sync": Command(
        "maintainer",
        "bring the English notebooks up to date with the Chinese; list what needs translating",
        "course.notebooks.sync",
        options=(NOTEBOOK,),
        most=1,
    ),
    "translated": Command(
        "maintainer",
        "record that a notebook's English matches today's Chinese",
        "course.notebooks.sync",
        arguments=("--translated",),
        options=(NOTEBOOK, ("pages", "the README and docs/ in place of a notebook")),
        most=1,
    ),
    "pictures": Command(
        "maintainer",
        "take the pictures of the documentation again, in a browser",
        "course.test",
        "browser",
        arguments=("pictures",),
    ),
    "bench": Command(
        "maintainer",
        "measure what makes training fast, side by side, in about 10 minutes",
        "benchmarks.speed",
        "bench",
        options=(("--full", "train every row to its end: an hour or more"),),
    ),
    "levers": Command(
        "maintainer",
        "train to the end with each lever of notebook 09, into data/levers.json",
        "benchmarks.levers",
    ),
    "learning-curve": Command(
        "maintainer",
        "train on 250 to all reviews, into data/learning_curve.json; resumes after a stop",
        "benchmarks.learning_curve",
    ),
    "learning-rates": Command(
        "maintainer",
        "train at rates from 1e-5 to 1e-3, into data/learning_rates.json; resumes after a stop",
        "benchmarks.learning_rates",
    ),
    "improve": Command(
        "maintainer",
        "train with each lever of notebook 13, into data/improvement.json; resumes after a stop",
        "benchmarks.improve",
    ),
    "speedrun": Command(
        "learner",
        "time a recipe of yours to notebook 07's accuracy, over 10 seeds; resumes after a stop",
        "benchmarks.speedrun",
        options=(("[RECIPE.py]", "a file like benchmarks/speedrun_recipes/*.py; all of those"),),
    ),
    "lock": Command(
        "maintainer",
        "derive the lock files and environment.yml from pyproject.toml, with uv",
        "course.environment.lock",
        "lock",
    ),
    "canary": Command(
        "maintainer",
        "try the newest releases on the notebooks, and name the one behind each change",
        "course.canary.command",
        options=(
            ("[NAME ...]", "only these packages, such as transformers or datasets==5.3"),
            ("--oldest", "down to which release of each package the stored outputs hold"),
        ),
    ),
    "test-canary": _test(
        "test-canary", "seed breaks into copies of packages; the canary finds them"
    ),
    "test-faults": _test(
        "test-faults", "bad arguments, kills, full disks and two commands at once", "publish"
    ),
    "mutants": Command(
        "maintainer",
        "seed faults, and count those that the tests and notebooks notice; 20 minutes",
        "course.mutants.command",
        "mutants",
        options=(
            ("[N]", "how many faults, 150 by default"),
            ("--seed S", "which ones; 1 by default"),
            ("--all", "all there are: days"),
        ),
    ),
    "test-locks": Command(
        "maintainer",
        "resolve the locks for every system and Python; nothing is installed",
        "course.environment.lock",
        "lock",
        arguments=("--check",),
    ),
    "clean": Command(
        "maintainer",
        "remove what the commands can make again, and list what stays",
        "course.clean",
        None,
    ),
}
