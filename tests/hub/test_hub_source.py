"""Choosing the hub source: usable at once, or one sentence that says what to do."""

import socket
from pathlib import Path

import pytest
from support.hub_fixtures import KNOW_SCRIPTS, METRIC_SCRIPTS, NOBODY, run_alone

from helpers import hub as hub_module
from helpers.files import write_whole
from helpers.hub import CONFIG, MODEL, MODEL_FILES
from helpers.local_hub import LocalHub

WAYS_OUT = ("HF_ENDPOINT=", "mirror", "python -m course fetch", "COURSE_SOURCE=embedded")

CHOOSE = """
import sys, time
from helpers.sources import SourceError, get_source
start = time.perf_counter()
try:
    print(get_source().name)
except SourceError as error:
    print(error)
heavy = {"torch", "datasets", "transformers", "evaluate", "huggingface_hub"} & set(sys.modules)
assert not heavy, heavy
assert time.perf_counter() - start < 3
"""


@pytest.fixture
def hub(tmp_path):
    """A hub that has the model's page, which is what it is asked for."""
    with LocalHub(tmp_path / "hub") as hub:
        hub.add_repo(MODEL, "model", {"config.json": b"{}"})
        yield hub


def choose(tmp_path: Path, code: str = CHOOSE, **variables: str) -> str:
    """Choose the hub source in a fresh process; return its name or what it is refused for."""
    process = run_alone(tmp_path, KNOW_SCRIPTS + code, **variables)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    (line,) = process.stdout.splitlines()
    return line


def fill_cache(home: Path) -> None:
    """Lay out what the clients leave behind; test_fetch.py has the clients themselves do it."""
    sha = "0" * 40
    model = home / "hub" / "models--google-bert--bert-base-cased"
    paths = [model / "snapshots" / sha / name for name in MODEL_FILES]
    prepared = home / "datasets" / "Yelp___yelp_review_full" / CONFIG / "0.0.0" / sha
    paths.append(prepared / "dataset_info.json")
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for name, script in METRIC_SCRIPTS.items():
        write_whole(home / "metric_scripts" / name / f"{name}.py", script)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(sha)


def is_one_sentence(text: str) -> bool:
    return text.endswith(".") and ". " not in text


def test_a_hub_that_answers_is_enough(tmp_path, hub):
    assert choose(tmp_path, HF_ENDPOINT=hub.url) == "hub"
    assert len(hub.requests) == 1


def test_a_full_cache_needs_no_hub(tmp_path):
    fill_cache(tmp_path / "hf")
    assert choose(tmp_path, HF_ENDPOINT=NOBODY) == "hub"


def test_a_full_cache_asks_nothing_of_the_hub(tmp_path, hub):
    fill_cache(tmp_path / "hf")
    assert choose(tmp_path, HF_ENDPOINT=hub.url) == "hub"
    assert hub.requests == []


def test_no_hub_is_one_sentence_with_the_ways_out(tmp_path):
    sentence = choose(tmp_path, HF_ENDPOINT=NOBODY)
    assert is_one_sentence(sentence)
    assert NOBODY in sentence
    for words in WAYS_OUT:
        assert words in sentence


def test_without_hf_endpoint_the_public_hub_is_asked(tmp_path):
    # The child refuses every connection outside loopback.
    assert "HF_ENDPOINT=https://huggingface.co (" in choose(tmp_path)


@pytest.mark.parametrize("missing", ["metric", "dataset", "model"])
def test_whatever_the_cache_lacks_the_hub_is_asked_for(tmp_path, hub, missing):
    fill_cache(tmp_path / "hf")
    pattern = {"metric": "f1.py", "dataset": "dataset_info.json", "model": "vocab.txt"}[missing]
    (path,) = (tmp_path / "hf").rglob(pattern)
    path.unlink()
    assert choose(tmp_path, HF_ENDPOINT=hub.url) == "hub"
    assert len(hub.requests) == 1


def test_another_script_than_the_one_to_run_counts_as_missing(tmp_path):
    fill_cache(tmp_path / "hf")
    (path,) = (tmp_path / "hf").rglob("f1.py")
    path.write_bytes(b"print('changed')")
    assert "lacks the metric f1:" in choose(tmp_path, HF_ENDPOINT=NOBODY, HF_HUB_OFFLINE="1")


METRIC = """
from helpers.sources import HUB, SourceError
try:
    print(HUB.metric("f1"))
except SourceError as error:
    print(error)
"""


def test_offline_a_metric_that_is_not_there_is_not_asked_for(tmp_path, hub):
    assert "lacks" in choose(tmp_path, METRIC, HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="1")
    assert hub.requests == []


def test_a_metric_that_cannot_be_had_is_one_sentence_with_the_ways_out(tmp_path):
    sentence = choose(tmp_path, METRIC, HF_ENDPOINT=NOBODY)
    assert is_one_sentence(sentence)
    for words in WAYS_OUT:
        assert words in sentence


def test_offline_asks_nothing_and_names_what_the_cache_lacks(tmp_path, hub):
    fill_cache(tmp_path / "hf")
    for name in ("f1.py", "vocab.txt"):
        (path,) = (tmp_path / "hf").rglob(name)
        path.unlink()
    sentence = choose(tmp_path, HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="1")
    assert f"lacks vocab.txt of {MODEL}, the metric f1:" in sentence
    assert is_one_sentence(sentence)
    assert hub.requests == []


def test_a_refused_token_is_one_sentence_without_the_token(tmp_path, hub):
    sentence = choose(tmp_path, HF_ENDPOINT=hub.url, HF_TOKEN="hf_wrong")
    assert "refuses your token (HTTP 401)" in sentence
    assert "hf_wrong" not in sentence
    assert is_one_sentence(sentence)


def test_a_refused_token_is_found_where_the_client_keeps_it(tmp_path, hub):
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text("hf_wrong\n")
    sentence = choose(tmp_path, HF_ENDPOINT=hub.url)
    assert "refuses your token" in sentence
    assert "hf_wrong" not in sentence


@pytest.mark.parametrize("token", ["hf_wr\u00f6ng\u2026", "hidden\r\nSecret: fox", "hidden secret"])
def test_a_token_that_no_header_can_carry_is_not_shown(tmp_path, hub, token):
    sentence = choose(tmp_path, HF_ENDPOINT=hub.url, HF_TOKEN=token)
    assert is_one_sentence(sentence)
    for part in token.split():
        assert part not in sentence


def test_a_token_that_is_accepted_is_enough(tmp_path, hub):
    assert choose(tmp_path, HF_ENDPOINT=hub.url, HF_TOKEN=hub.token) == "hub"


def test_an_address_without_a_scheme_is_named(tmp_path):
    assert "HF_ENDPOINT=hf-mirror.com (" in choose(tmp_path, HF_ENDPOINT="hf-mirror.com")


@pytest.mark.parametrize("address", ["http://[::1", "http://127.0.0.1:99999"])
def test_what_is_no_address_is_one_sentence(tmp_path, address):
    sentence = choose(tmp_path, HF_ENDPOINT=address)
    assert sentence.startswith("HF_ENDPOINT is not the address of a Hub: set HF_ENDPOINT")


@pytest.mark.parametrize("offline", ["", "1"])
def test_a_password_in_the_address_is_not_shown(tmp_path, offline):
    address = "http://me:secret@127.0.0.1:9"
    sentence = choose(tmp_path, HF_ENDPOINT=address, HF_HUB_OFFLINE=offline)
    assert "HF_ENDPOINT holds a login" in sentence
    assert "secret" not in sentence


def test_the_names_of_the_hub_source_are_there_without_a_hub(tmp_path):
    code = "from helpers.sources import HUB; print(HUB.dataset, HUB.cache_dir)"
    printed = choose(tmp_path, code, HF_ENDPOINT=NOBODY)
    assert printed == f"Yelp/yelp_review_full {tmp_path / 'hf' / 'datasets'}"


def test_a_hub_that_never_answers_is_not_waited_for(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setattr(hub_module, "TIMEOUT_SECONDS", 0.2)
        assert "answers at" in hub_module.check_endpoint()


def test_one_busy_answer_is_forgiven_and_two_are_not(monkeypatch):
    answers = [500, 200, 503, 503]
    monkeypatch.setattr(hub_module, "_request", lambda token: answers.pop(0))
    assert hub_module.check_endpoint() is None
    assert "(HTTP 503)" in hub_module.check_endpoint()


def test_a_page_to_log_in_to_the_network_is_no_hub(tmp_path, monkeypatch):
    page = tmp_path / "api" / "models" / MODEL / "revision" / "main"
    page.parent.mkdir(parents=True)
    page.write_text("<html>Welcome to the hotel</html>")
    monkeypatch.setenv("HF_ENDPOINT", tmp_path.as_uri())
    assert "the answer is not that of a Hub" in hub_module.check_endpoint()
