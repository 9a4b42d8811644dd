"""What `mirror` tells olah, and what it says; tests/hub runs the real one."""

import sys
import tomllib
from pathlib import Path
from unittest.mock import Mock

import pytest

from course.hub import mirror
from course.hub.mirror import configuration, parse_arguments

UNUSABLE = [
    "hf-mirror.com",
    "https://mirror.org/hub",
    "ftp://hub.org",
    "https://a b",
    "http://[::1",
]
UNUSABLE += ["https://user:secret@hub.org", "https://hub.org?a", "https://hub.org:port", ""]


def test_the_configuration_takes_a_path_in_any_script(tmp_path):
    path = tmp_path / "🎉 课程"
    written = tomllib.loads(configuration(parse_arguments(["--cache", str(path)])))
    assert written["basic"]["repos-path"] == str(path / "repos")


def test_the_configuration_says_what_the_command_line_says(tmp_path):
    path = tmp_path / 'a "room"'
    arguments = ["--upstream", "https://hf-mirror.com/", "--cache", str(path), "--offline"]
    written = tomllib.loads(configuration(parse_arguments(arguments)))
    assert written["basic"] == {
        "host": "0.0.0.0",
        "port": 8090,
        "repos-path": str(path / "repos"),
        "hf-scheme": "https",
        "hf-netloc": "hf-mirror.com",
    }
    assert written["accessibility"] == {"offline": True}


@pytest.mark.parametrize("upstream", UNUSABLE)
def test_an_upstream_that_the_mirror_cannot_take_is_one_sentence(upstream):
    with pytest.raises(SystemExit, match="pass a scheme and a host"):
        configuration(parse_arguments(["--upstream", upstream]))


@pytest.mark.parametrize("ends", [[3], [KeyboardInterrupt, 3]])
@pytest.mark.parametrize(
    ("options", "source"), [([], "https://huggingface.co"), (["--offline"], "the cache alone")]
)
def test_it_runs_olah_until_that_ends(options, source, ends, tmp_path, monkeypatch, capsys):
    started = Mock(return_value=Mock(wait=Mock(side_effect=ends)))
    monkeypatch.setattr(mirror.subprocess, "Popen", started)
    monkeypatch.setattr(mirror.shutil, "which", lambda name, path: str(path / name))
    for _ in range(2):
        assert mirror.main(["--cache", str(tmp_path / "a" / "b"), *options]) == 3
        started.return_value.wait.side_effect = ends
    path = tmp_path / "a" / "b" / "olah.toml"
    program = str(Path(sys.executable).parent / "olah-cli")
    command = [program, "--config", str(path), "--log-path", str(path.with_name("logs"))]
    started.assert_called_with(command)
    assert tomllib.loads(path.read_text("utf-8"))["accessibility"]["offline"] == bool(options)
    assert capsys.readouterr().out == 2 * (
        f"Mirror on 0.0.0.0:8090, from {source}; Ctrl+C stops it.\n"
        "On the other machines: export HF_ENDPOINT=http://ADDRESS:8090\n"
    )
