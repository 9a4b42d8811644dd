"""What `python -m course doctor` promises, above all where something is broken."""

import errno
import os
import subprocess
import sys
from unittest.mock import Mock

import psutil
import pytest

from course import doctor
from course.doctor import Finding, check_memory, check_packages, run_check
from helpers import hub, sources
from helpers.environment import PROJECT
from helpers.files import format_bytes, git_blob_id

CONSULT = "import sys; from course import doctor; sys.exit(doctor.main())"
TORCH = doctor.read_pins()["torch"]
NOBODY = "http://127.0.0.1:9"
FETCH = "run 'python -m course fetch', which replaces them"


def consult(*flags: str, **variables: str) -> subprocess.CompletedProcess:
    """Run the doctor in a process of its own."""
    unset = ("COURSE_SOURCE", "HF_ENDPOINT", "HF_HOME", "HF_HUB_OFFLINE", "HF_TOKEN")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [sys.executable, *flags, "-c", CONSULT],
        cwd=PROJECT,
        env=environment | variables,
        capture_output=True,
        text=True,
    )


def consult_bare(**variables: str) -> list[str]:
    """Run the doctor in a Python without any package, as before the set-up; return its page."""
    # -S leaves site-packages away.
    process = consult("-S", **variables)
    assert process.stderr == ""
    assert process.returncode == 1
    return process.stdout.splitlines()


def with_topic(page: list[str], topic: str) -> list[str]:
    return [line[3:].split(maxsplit=1)[1] for line in page if line[3:].split()[:1] == [topic]]


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> list[str]:
    """The page of a Python without packages and with an empty cache."""
    return consult_bare(HF_HOME=str(tmp_path_factory.mktemp("hf")))


def remedies(page: list[str]) -> list[str]:
    return [line for line in page if line.startswith("- ")]


def test_this_machine_has_every_package_as_pinned_and_imports_torch(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "IMPORTED", ("torch",))
    findings = [*doctor.check_python(), *check_packages(), *doctor.check_processor()]
    assert [finding for finding in findings if finding.remedy] == []
    assert "features unknown" not in findings[-1].text


def test_it_runs_without_any_package_and_sends_one_to_the_setup(page):
    assert "not installed in this Python" in with_topic(page, "packages")[0]
    assert "- packages: run 'python -m course setup'" in page
    assert with_topic(page, "memory") == ["unknown until the packages are installed"]


def test_the_page_has_each_topic_and_fits_a_screen(page):
    for topic in ("Python", "processor", "memory", "disk", "source", "Hub", "weights", "cache"):
        assert len(with_topic(page, topic)) == 1, topic
    assert len(page) < 40


def test_each_thing_that_is_wrong_has_one_remedy(page):
    wrong = [line for line in page if line.startswith("!!")]
    assert len(wrong) == len(remedies(page)) > 0
    assert f"{len(wrong)} to fix:" in page


def test_the_embedded_source_needs_no_hub(page):
    assert with_topic(page, "source") == ["embedded (COURSE_SOURCE is not set)"]
    assert with_topic(page, "Hub") == ["not needed"]


def test_a_hub_that_does_not_answer_is_named_with_the_ways_out(tmp_path):
    page = consult_bare(COURSE_SOURCE="hub", HF_ENDPOINT=NOBODY, HF_HOME=str(tmp_path))
    (remedy,) = [line for line in remedies(page) if line.startswith("- Hub")]
    for words in (
        f"HF_ENDPOINT={NOBODY}",
        "mirror",
        "python -m course fetch",
        "COURSE_SOURCE=embedded",
    ):
        assert words in remedy


@pytest.mark.parametrize("source", ["embedded", "hub"])
def test_an_address_that_is_none_is_all_there_is_to_fix(monkeypatch, source):
    monkeypatch.setattr(doctor, "IMPORTED", ("evaluate",))
    monkeypatch.setenv("COURSE_SOURCE", source)
    monkeypatch.setenv("HF_ENDPOINT", "http://[::1")
    findings = [*doctor.check_processor(), *doctor.check_hub()]
    (wrong,) = [finding for finding in findings if finding.remedy]
    assert wrong.remedy.startswith("HF_ENDPOINT is not the address of a Hub: ")


@pytest.mark.parametrize(
    ("missing", "problem", "offline", "answers", "text", "remedy"),
    [
        (["a"], "Set HF_ENDPOINT.", "", False, "cannot be used", "Set HF_ENDPOINT."),
        (
            ["the model", "f1"],
            None,
            "",
            True,
            f"{NOBODY} answers; still to fetch: the model, f1",
            None,
        ),
        ([], None, "1", False, "not asked; everything is in the cache", None),
        ([], None, "", False, f"{NOBODY} does not answer; everything is in the cache", None),
        ([], None, "", True, f"{NOBODY} answers; everything is in the cache", None),
    ],
)
def test_the_hub_is_told_with_what_is_still_to_fetch(
    missing, problem, offline, answers, text, remedy, monkeypatch
):
    monkeypatch.setattr(hub, "list_missing", lambda _: missing)
    monkeypatch.setattr(hub, "check_availability", lambda _: problem)
    monkeypatch.setattr(hub, "check_endpoint", lambda: None if answers else "No Hub answers.")
    monkeypatch.setenv("COURSE_SOURCE", "hub")
    monkeypatch.setenv("HF_ENDPOINT", NOBODY)
    monkeypatch.setenv("HF_HUB_OFFLINE", offline)
    assert [*doctor.check_hub()] == [Finding("Hub", text, remedy)]


@pytest.mark.parametrize(
    ("content", "text", "remedy"),
    [
        (b"{}", "1 files, digests right", None),
        (
            b"[]",
            "1 files, config.json damaged",
            "run 'python -m course fetch', which replaces them",
        ),
        (None, "not in the cache yet", None),
    ],
)
def test_the_hub_s_weights_are_held_to_the_digests_in_their_names(
    content, text, remedy, monkeypatch, tmp_path
):
    right, kept = tmp_path / git_blob_id(b"{}"), tmp_path / "config.json"
    right.write_bytes(content or b"")
    kept.symlink_to(right)
    found = {"config.json": kept} if content else {}
    monkeypatch.setattr(hub, "model_path", found.get)
    monkeypatch.setenv("COURSE_SOURCE", "hub")
    assert [*doctor.check_weights()] == [Finding("weights", f"{hub.MODEL}: {text}", remedy)]


def test_every_package_as_pinned_is_one_line():
    (finding,) = check_packages()
    assert finding.text == f"{len(doctor.read_pins())} of {len(doctor.read_pins())} as pinned"


@pytest.mark.parametrize(
    ("git", "code", "said"),
    [("git", 0, "abc of 2026-01-02"), ("git", 128, "no git here"), (None, 0, "no git here")],
)
def test_the_edition_and_its_commit_are_on_the_page(git, code, said, monkeypatch):
    def run(command, *, cwd, capture_output, text):
        assert command == ["git", "log", "-1", "--format=%h of %as"]
        assert (cwd, capture_output, text) == (PROJECT, True, True)
        return subprocess.CompletedProcess(command, code, "abc of 2026-01-02\n")

    monkeypatch.setattr(doctor.shutil, "which", lambda _: git)
    monkeypatch.setattr(doctor.subprocess, "run", run)
    monkeypatch.setattr(doctor, "read_pyproject", lambda: 'python = "3"\nversion = "1.2.3"\n')
    assert [*doctor.check_edition()] == [Finding("course", f"1.2.3, {said}")]


def test_the_token_is_not_on_the_page(tmp_path):
    page = consult_bare(
        COURSE_SOURCE="hub", HF_ENDPOINT=NOBODY, HF_HOME=str(tmp_path), HF_TOKEN="hf_secret"
    )
    assert "hf_secret" not in "\n".join(page)


def test_an_unknown_source_is_named_with_the_known_ones(tmp_path):
    page = consult_bare(COURSE_SOURCE="yelp", HF_HOME=str(tmp_path))
    assert with_topic(page, "source") == ["yelp (COURSE_SOURCE)"]
    assert "- source: set COURSE_SOURCE to 'embedded', 'own' or 'hub', or unset it" in page


def test_a_cache_that_is_no_folder_is_noticed(tmp_path):
    (tmp_path / "hf").touch()
    page = consult_bare(HF_HOME=str(tmp_path / "hf"))
    assert "Not a directory" in with_topic(page, "cache")[0]
    assert any(f"- cache: make {tmp_path / 'hf'} yours" in line for line in page)


def test_what_is_cached_is_measured_by_folder(tmp_path):
    for name, size in {"hub/a": 3_000_000, "hub/b": 1_000_000, "datasets/c": 2_500_000}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    (tmp_path / "hub" / "link").symlink_to(tmp_path / "datasets" / "c")
    (line,) = with_topic(consult_bare(HF_HOME=str(tmp_path)), "cache")
    assert line == f"{tmp_path}: 6.5 MB (datasets 2.5 MB, hub 4.0 MB)"


def test_a_cache_that_is_not_there_yet_does_not_hide_the_trained_models(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr("helpers.sources.MODELS", tmp_path)
    (tmp_path / "model").write_bytes(bytes(2_000_000))
    cache, trained = doctor.check_cache()
    assert (cache.topic, cache.text) == ("cache", f"{tmp_path / 'hf'}: nothing yet")
    assert trained.text.startswith(f"{tmp_path}: 2.0 MB")


def test_what_only_some_commands_install_is_not_missed():
    pins = doctor.read_pins()
    assert {"torch", "pytest"} < set(pins)
    assert not {"sphinx", "playwright", "gradio"} & set(pins)


@pytest.mark.parametrize(("version", "said"), [("1.0", "1.0"), (None, "is not installed")])
def test_another_version_or_none_is_set_against_its_pin(version, said, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/my course/python")
    real = doctor.version_of
    monkeypatch.setattr(
        doctor, "version_of", lambda name: version if name == "torch" else real(name)
    )
    (wrong,) = [finding for finding in check_packages() if finding.remedy]
    assert wrong.text == f"torch {said}, pinned {TORCH}"
    assert wrong.remedy == f"run '/my course/python' -m pip install torch=={TORCH}"


@pytest.mark.parametrize(("missing", "lines"), [(2, 3), (3, 1)])
def test_if_more_than_half_is_missing_the_set_up_is_the_remedy(missing, lines, monkeypatch):
    pins = {"torch": "1.0", "numpy": "2.0", "pandas": "3.0", "scipy": "4.0"}
    versions = {name: f"{pins[name]}+cpu" for name in [*pins][missing:]}
    monkeypatch.setattr(doctor, "read_pins", lambda: pins)
    monkeypatch.setattr(doctor, "version_of", versions.get)
    *_, last = found = [*check_packages()]
    assert len(found) == lines
    if lines == 1:
        text = "3 of 4 are not installed in this Python"
        assert last == Finding("packages", text, "run 'python -m course setup'")
    else:
        assert last == Finding("packages", "2 of 4 as pinned")


@pytest.mark.parametrize(
    ("has", "shown"),
    [
        ({"avx2": True, "popcnt": True, "avx512_bf16": False, "amx_bf16": True}, "avx2, amx_bf16"),
        ({"architecture": "x86"}, "features unknown"),
    ],
)
def test_the_features_that_decide_the_speed_are_shown(has, shown, tmp_path, monkeypatch):
    code = f"class cpu: get_capabilities = staticmethod(lambda: {has})"
    (tmp_path / "torch.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(doctor, "IMPORTED", ("torch", "not_installed"))
    monkeypatch.setattr(doctor.os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    monkeypatch.setattr(doctor.platform, "machine", lambda: "x86_64")
    text = f"3 cores, x86_64: {shown}"
    assert [*doctor.check_processor()] == [Finding("processor", text)]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise OSError('x' * 300 + '\\ny')", f"OSError: {'x' * 191}"),
        ("raise OSError('libgomp.so.1 is missing')", "OSError: libgomp.so.1 is missing"),
        ("import os; os.abort()", "it ends Python with SIGABRT"),
        ("import sys; print('hello\\n7'); sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_a_package_that_cannot_be_imported_is_named(tmp_path, monkeypatch, code, said):
    (tmp_path / "torch.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(doctor, "IMPORTED", ("torch",))
    (wrong,) = [finding for finding in doctor.check_processor() if finding.remedy]
    assert wrong.text == f"torch cannot be imported: {said}"
    assert f"pip install torch=={TORCH} --force-reinstall" in wrong.remedy


def test_an_import_that_hangs_is_ended_and_named(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("import time\ntime.sleep(600)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(doctor, "IMPORTED", ("torch",))
    monkeypatch.setattr(doctor, "IMPORT_SECONDS", 3)
    (wrong,) = [finding for finding in doctor.check_processor() if finding.remedy]
    assert wrong.text == "torch cannot be imported: it ends Python with SIGKILL"


def test_what_cannot_be_measured_is_reported_and_the_rest_is_added_up(tmp_path, monkeypatch):
    (tmp_path / "kept").write_bytes(bytes(7))
    (tmp_path / "lost").touch()
    real = os.lstat

    def measure(path: str) -> os.stat_result:
        if str(path).endswith("lost"):
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    monkeypatch.setattr(doctor.os, "lstat", measure)
    errors = []
    assert doctor.measure(tmp_path, errors.append) == {"files": 7}
    assert [error.errno for error in errors] == [errno.EIO]


def test_another_python_is_wrong(monkeypatch):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 1, 1))
    (finding,) = doctor.check_python()
    assert finding.remedy.startswith("install Python 3.11 to 3.14,")


@pytest.mark.parametrize(("available", "enough"), [(2_000_000_000, True), (1_999_999_999, False)])
def test_a_notebook_needs_two_gigabytes_of_memory(available, enough, monkeypatch):
    memory = Mock(total=8_000_000_000, available=available)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    remedy = None if enough else "close other programs: a notebook takes 2 GB"
    text = "8.0 GB, 2.0 GB of it available"
    assert [*check_memory()] == [Finding("memory", text, remedy)]


@pytest.mark.parametrize(
    ("source", "needed"), [("embedded", 1), ("own", 1), ("hub", 4), ("yelp", 1)]
)
def test_each_source_needs_its_room_on_the_disk(source, needed, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_SOURCE", source)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "not" / "yet"))
    remedy = f"make room: the course takes {needed}.0 GB; or set HF_HOME to another disk"
    for lacking in (0, 1):
        free = needed * 1_000_000_000 - lacking
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _, free=free: Mock(free=free))
        text = f"{format_bytes(free)} free in {tmp_path}"
        assert [*doctor.check_disk()] == [Finding("disk", text, remedy if lacking else None)]


def test_weights_that_cannot_be_used_are_told_with_the_way_out(monkeypatch):
    error = sources.SourceError("There are no weights: run 'python -m course setup'.")
    monkeypatch.setattr(sources, "find_weights", Mock(side_effect=error))
    (finding,) = doctor.check_weights()
    assert (finding.text, finding.remedy) == ("cannot be used", str(error))


def test_damaged_weights_are_noticed_whatever_the_record_says(tmp_path, monkeypatch):
    (tmp_path / "config.json").write_bytes(b"damaged")
    monkeypatch.setattr(sources, "find_weights", lambda: tmp_path)
    monkeypatch.setattr(sources, "WEIGHTS_SHA256", {"config.json": "0" * 64})
    monkeypatch.delenv("COURSE_SOURCE", raising=False)
    (finding,) = doctor.check_weights()
    assert "config.json damaged" in finding.text
    assert "--force-reinstall" in finding.remedy


def test_a_check_that_fails_is_a_line_of_the_page():
    def check():
        yield Finding("disk", "fine")
        raise PermissionError("no")

    fine, failed = run_check("disk", check)
    assert fine.remedy is None
    assert failed.text == "cannot be checked: PermissionError: no"
    assert failed.remedy


def test_all_is_well_ends_with_0_and_anything_wrong_with_1(monkeypatch, capsys):
    found = [Finding("disk", "fine")]
    monkeypatch.setattr(doctor, "CHECKS", {"a": lambda: iter(found), "b": lambda: iter(found[1:])})
    assert doctor.main() == 0
    assert capsys.readouterr().out == "   disk       fine\n\nAll is well.\n"
    found.append(Finding("own data", "bad", "fix it"))
    assert doctor.main() == 1
    assert capsys.readouterr().out == (
        "   disk       fine\n!! own data   bad\n!! own data   bad\n"
        "\n2 to fix:\n- own data: fix it\n- own data: fix it\n"
    )


def test_rows_of_own_data_that_cannot_be_used_are_listed(tmp_path, monkeypatch):
    rows = [f"A text about film {row},{'ab'[row % 2]}" for row in range(60)]
    rows[3], rows[17] = "Which is it?,", "And this one?,"
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    monkeypatch.setattr(sources, "CACHE", tmp_path)
    monkeypatch.setenv("COURSE_DATA", str(path))
    texts = [finding.text for finding in doctor.check_own_data()]
    assert "left out, no label in 'label': 2 of the rows (below the header: 4, 18)" in texts
    assert texts[-1] == "not used until COURSE_SOURCE is 'own'"


def test_own_data_that_cannot_be_used_are_to_be_fixed(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "missing.csv"))
    first, *_ = doctor.check_own_data()
    assert "there is no such file or folder" in first.remedy
