"""pyproject.toml is the one place for versions: what is derived from it, and what is installed."""

import contextlib
import importlib.metadata
import re

import pytest

from course.canary.releases import canonical
from course.doctor import read_pyproject
from course.environment.install import ENVIRONMENTS, LOCKS, PROJECT, requirements
from course.environment.lock import EXTRAS, environment_text, wanted_packages

DIRECT = requirements() + requirements("dev")
LOCK = "run 'python -m course lock'"
VERSION = re.search(r'^version = "(.+)"', read_pyproject(), re.MULTILINE)[1]
LINE = re.compile(r"([\w.-]+)==([\w.!]+)(?: ; (.+))?")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("CITATION.cff", f"\nversion: {VERSION}\n"),
        ("CHANGELOG.md", f"\n## {VERSION}, "),
        ("docs/hosted.md", f" --branch v{VERSION} "),
        ("docs/hosted.zh-CN.md", f" --branch v{VERSION} "),
    ],
)
def test_the_edition_has_one_number(page, words):
    text = (PROJECT / page).read_text(encoding="utf-8")
    assert words in text, f"{page} has another version than pyproject.toml"


def locked(name: str) -> dict[str, set[str]]:
    """The versions of each package in a lock: more than one where markers tell them apart."""
    versions: dict[str, set[str]] = {}
    for line in (LOCKS / f"{name}.txt").read_text(encoding="utf-8").splitlines()[1:]:
        package, version, _ = LINE.fullmatch(line).groups()
        versions.setdefault(canonical(package), set()).add(version)
    return versions


@pytest.mark.parametrize("extra", sorted({extra for extras in EXTRAS.values() for extra in extras}))
def test_every_direct_dependency_is_pinned_to_one_version(extra):
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", pin) for pin in DIRECT + requirements(extra))


def test_the_conda_environment_is_derived_from_today_s_pins():
    assert (PROJECT / "environment.yml").read_text(encoding="utf-8") == environment_text(), LOCK


@pytest.mark.parametrize("name", EXTRAS)
def test_every_pin_of_an_environment_is_in_its_lock(name):
    wanted = {canonical(pin.split("==")[0]): {pin.split("==")[1]} for pin in wanted_packages(name)}
    found = locked(name)
    assert {package: found.get(package) for package in wanted} == wanted, LOCK


def test_every_environment_is_held_to_a_lock_of_all_its_extras():
    for environment in ENVIRONMENTS.values():
        extension = {environment.extension} - {None}
        assert {*environment.extras, *extension} <= set(EXTRAS[environment.lock])


def test_what_two_locks_share_has_the_same_version_but_for_what_gradio_wants():
    course = locked("course")
    for name in ("demo", "grade"):
        differ = {p for p, versions in locked(name).items() if course.get(p, versions) != versions}
        assert differ <= ({"pillow"} if name == "demo" else set())


def test_the_lock_holds_every_system_and_no_address():
    text = "".join(path.read_text(encoding="utf-8") for path in LOCKS.glob("*.txt"))
    assert {"colorama", "pywinpty", "appnope"} <= set(locked("course"))
    assert re.search(r"https?://|file:", text) is None


def test_whatever_is_installed_of_the_lock_has_its_version():
    """Not only what the course names itself: what those packages need, too."""
    differ = {}
    for package, versions in locked("course").items():
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            installed = importlib.metadata.version(package).split("+")[0]
            if installed not in versions:
                differ[package] = installed
    assert differ == {}, "run 'python -m course setup'"
