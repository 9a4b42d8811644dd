"""The workflows of the repository's host have no error that can be seen without running them."""

import shutil
import subprocess
import sysconfig

from course.environment.install import PROJECT


def test_actionlint_finds_nothing():
    program = shutil.which("actionlint", path=sysconfig.get_path("scripts"))
    files = sorted(map(str, (PROJECT / ".github" / "workflows").glob("*.yml")))
    process = subprocess.run([program, *files], capture_output=True, text=True)
    assert (process.stdout, process.returncode) == ("", 0)


def test_the_commits_are_formatted_by_the_pinned_ruff():
    text = (PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    pins = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    version = text.partition("rev: v")[2].split()[0]
    assert f'"ruff=={version}"' in pins, ".pre-commit-config.yaml has another ruff"
