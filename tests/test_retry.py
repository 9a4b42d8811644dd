"""What failed because a network was busy is tried again, and an error is told in one line."""

import errno

import pytest

from course.hub import retry as module
from course.hub.retry import first_line, is_permanent, retry
from helpers.sources import SourceError


def test_retrying_has_an_end_and_the_delays_that_it_is_given(monkeypatch, capsys):
    slept, tried = [], []
    monkeypatch.setattr(module.time, "sleep", slept.append)

    def fail():
        tried.append(1)
        raise OSError(f"busy {len(tried)}")

    with pytest.raises(OSError, match="busy 4"):
        retry(fail, [1, 2.5, 4])
    assert slept == [1, 2.5, 4]
    assert capsys.readouterr().out.splitlines() == [
        f"  busy {number}; retrying in {delay} s" for number, delay in ((1, 1), (2, 2.5), (3, 4))
    ]


def test_it_goes_on_for_about_five_minutes():
    assert 290 <= sum(module.DELAYS) <= 310
    assert sorted(module.DELAYS) == list(module.DELAYS)


@pytest.mark.parametrize("number", module.PERMANENT_ERRORS)
def test_what_waiting_cannot_fix_is_not_tried_again(number):
    tried = []

    def fail():
        tried.append(1)
        try:
            raise OSError(number, "no")
        except OSError as error:
            raise ValueError("wrapped") from error

    with pytest.raises(ValueError, match="wrapped"):
        retry(fail, [60])
    assert len(tried) == 1


def refusal(status: int) -> OSError:
    error = OSError("no such tag")
    error.response = type("Response", (), {"status_code": status})
    return error


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (SourceError("set HF_HOME"), True),
        *((refusal(status), True) for status in (401, 403, 404)),
        *((refusal(status), False) for status in (429, 500, 503)),
        (OSError(errno.ECONNRESET, "reset"), False),
    ],
)
def test_a_refusal_is_permanent_and_a_busy_server_is_not(error, permanent):
    assert is_permanent(error) == permanent


def test_a_refusal_that_was_handled_before_does_not_end_the_retries():
    busy = OSError("busy")
    busy.__context__ = refusal(404)
    assert not is_permanent(busy)


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        (OSError("connection reset.\nTry again."), "connection reset"),
        (OSError("x" * 300), "x" * 200),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_an_error_is_told_in_one_line_by_what_caused_it(cause, line):
    error = ValueError("while loading")
    error.__cause__ = cause
    assert first_line(error) == line
