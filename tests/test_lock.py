"""`lock` writes what uv resolves, and says where a lock does not resolve."""

import subprocess
import sys

import pytest

from course.environment import lock
from course.environment.install import supported_versions

OLDEST = ".".join(map(str, supported_versions()[-1]))
UV = [sys.executable, "-m", "uv", "pip", "compile", "--no-header", "--no-annotate"]


class Uv:
    """What uv is asked; it resolves to the version 1 of each package, or says why it does not."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.error = ""

    def __call__(self, command, *, input, capture_output, text, **_):
        assert capture_output and text
        assert command[: len(UV)] == UV
        assert command.pop() == "-"
        self.asked.append((input, " ".join(command[len(UV) :])))
        found = "".join(f"{pin.split('==')[0]}==1 ; here\n" for pin in input.splitlines())
        if "--output-file" in command:
            with open(command[-1], "a") as file:
                file.write(found)
        return subprocess.CompletedProcess(command, bool(self.error), f"# uv\n{found}", self.error)


@pytest.fixture
def uv(tmp_path, monkeypatch) -> Uv:
    uv = Uv()
    monkeypatch.setattr(lock.subprocess, "run", uv)
    monkeypatch.setattr(lock, "LOCKS", tmp_path)
    monkeypatch.setattr(lock, "PROJECT", tmp_path)
    monkeypatch.setattr(lock, "wanted_packages", lambda name: [f"{name}-a==2", f"{name}-b==2"])
    return uv


def test_every_lock_and_the_conda_environment_are_written(uv, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(lock, "environment_text", lambda: "name: course\n")
    assert lock.main() == 0
    written = [f"locks/{name}.txt" for name in lock.EXTRAS] + ["environment.yml"]
    assert capsys.readouterr().out.splitlines() == [f"written: {path}" for path in written]
    assert (tmp_path / "environment.yml").read_text() == "name: course\n"
    for name, (wanted, options) in zip(lock.EXTRAS, uv.asked, strict=True):
        path = tmp_path / f"{name}.txt"
        assert wanted == f"{name}-a==2\n{name}-b==2"
        assert options == f"--universal --python-version {OLDEST} --output-file {path}"
        assert path.read_text().startswith(lock.HEADER)
        assert path.read_text().endswith(f"{name}-a==1 ; here\n{name}-b==1 ; here\n")


def test_a_new_lock_begins_with_the_versions_of_the_course(uv, tmp_path):
    (tmp_path / "course.txt").write_text("torch==2\n")
    (tmp_path / "grade.txt").write_text("torch==1\n")
    for name, before in (("demo", "torch==2\n"), ("grade", "torch==1\n")):
        lock.compile_lock(name)
        text = f"{lock.HEADER}{before}{name}-a==1 ; here\n{name}-b==1 ; here\n"
        assert (tmp_path / f"{name}.txt").read_text() == text


def test_pins_that_contradict_each_other_are_named(uv):
    uv.error = "torch==1 wants numpy==0"
    with pytest.raises(SystemExit) as refusal:
        lock.compile_lock("demo")
    assert str(refusal.value) == "The pins for demo cannot be resolved: torch==1 wants numpy==0"


@pytest.mark.parametrize(
    ("locked", "reason"),
    [
        ("demo-a==1 ; elsewhere\ndemo-b==1\ntorch==2\n", None),
        ("demo-a==2\ndemo-c==1\n", "not in the lock: demo-a==1, demo-b==1"),
    ],
)
def test_a_lock_resolves_to_its_own_versions_from_wheels(locked, reason, uv, tmp_path):
    path = tmp_path / "demo.txt"
    path.write_text(locked)
    assert lock.resolve("demo", "macOS arm64", "3.12") == reason
    options = f"--constraint {path} --python-platform aarch64-apple-darwin --python-version 3.12 "
    options += "--only-binary :all: --no-binary yattag"
    assert uv.asked == [("demo-a==2\ndemo-b==2", options)]


def test_why_a_lock_does_not_resolve_is_what_uv_says_of_it(uv):
    uv.error = "warning: old\nerror: no wheel\n"
    assert lock.resolve("demo", "macOS arm64", "3.12") == "no wheel"


def test_the_check_is_a_table_of_systems_and_versions(uv, monkeypatch, capsys):
    monkeypatch.setattr(lock, "supported_versions", lambda: [(3, 12), (3, 11)])
    reasons = {("demo", "Windows x86-64", "3.12"): "no wheel"}
    monkeypatch.setattr(lock, "resolve", lambda *place: reasons.get(place))
    assert lock.check("demo") == 1
    assert capsys.readouterr().out == (
        "demo              3.11.0    3.11    3.12\n"
        "Linux x86-64         yes     yes     yes\n"
        "Linux aarch64        yes     yes     yes\n"
        "macOS arm64          yes     yes     yes\n"
        "Windows x86-64       yes     yes      no\n"
        "Windows x86-64, Python 3.12: no wheel\n"
    )
    assert lock.check("grade") == 0
    assert capsys.readouterr().out.endswith("Windows x86-64       yes     yes     yes\n")


def test_without_an_index_nothing_is_resolved(uv, capsys):
    uv.error = "error: Failed to fetch: `https://index.example`"
    assert lock.check("demo") == 0
    said = "No index of packages answers, so the locks were not resolved.\n"
    assert capsys.readouterr().out == said


def test_one_lock_that_does_not_resolve_fails_the_check_of_all(monkeypatch):
    codes = {"course": 0, "demo": 1, "grade": 0}
    monkeypatch.setattr(lock, "check", codes.pop)
    assert lock.main(["--check"]) == 1
    assert codes == {}
