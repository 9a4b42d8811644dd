"""A Hub's answers stay inside the client's cache; tests/hub asks one that lies."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from course.hub import client, warm_cache
from helpers.sources import HUB, SourceError


@pytest.mark.parametrize("header", client.HEADERS)
@pytest.mark.parametrize(
    ("value", "inside"),
    [('"abc"', True), ('W/"abc"', True), ('"../abc"', False), ('W/"/abc"', False)],
)
def test_an_answer_names_nothing_outside_the_cache(header, value, inside, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    response = SimpleNamespace(headers={header: value, "Location": "/../elsewhere"})
    if inside:
        client.check_answer(response)
    else:
        refused = r"^The Hub at HF_ENDPOINT=https://hub\.example names a file outside the cache, "
        with pytest.raises(SourceError, match=refused):
            client.check_answer(response)


def test_every_answer_is_checked_after_what_the_client_does_itself(monkeypatch):
    hooks = {"request": ["before"], "response": ["its own"]}
    made = SimpleNamespace(event_hooks=hooks)
    setter = Mock()
    monkeypatch.setattr(client, "default_client_factory", lambda: made)
    monkeypatch.setattr(client, "set_client_factory", setter)
    client.guard_client()
    (make_client,) = setter.call_args.args
    assert make_client() is made
    assert made.event_hooks == {
        "request": ["before"],
        "response": ["its own", client.check_answer],
    }


def test_dataset_and_model_are_loaded_as_the_notebooks_do(monkeypatch):
    calls = Mock()
    for name in ("guard_client", "load_dataset"):
        monkeypatch.setattr(warm_cache, name, getattr(calls, name))
    for name in ("AutoTokenizer", "AutoModelForSequenceClassification"):
        monkeypatch.setattr(warm_cache, name, getattr(calls, name))
    calls.retry = lambda action, delays: action() if delays == [1.0] else None
    monkeypatch.setattr(warm_cache, "retry", calls.retry)
    warm_cache.main([1.0])
    assert [name for name, _, _ in calls.mock_calls] == [
        "guard_client",
        "load_dataset",
        "AutoTokenizer.from_pretrained",
        "AutoModelForSequenceClassification.from_pretrained",
    ]
    calls.load_dataset.assert_called_once_with(HUB.dataset, cache_dir=HUB.cache_dir)
    load = calls.AutoModelForSequenceClassification.from_pretrained
    load.assert_called_once_with(HUB.model, num_labels=5)
