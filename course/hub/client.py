"""Keep a Hub's answers inside the client's cache.

The client puts what it reads in these headers into the paths of its cache, as it stands.
"""

from typing import Any

from huggingface_hub import set_client_factory
from huggingface_hub.utils._http import default_client_factory

from helpers import hub
from helpers.files import stays_inside
from helpers.sources import SourceError

HEADERS = ("ETag", "X-Linked-Etag", "X-Repo-Commit", "X-Xet-Hash")


def check_name(name: str) -> None:
    """Check a name that the Hub gave.

    Raises:
        SourceError: if it would lead out of the cache.
    """
    if not stays_inside(name):
        raise SourceError(
            f"The Hub at HF_ENDPOINT={hub.endpoint()} names a file outside the cache, {name!r}, "
            "as no honest Hub does: nothing of it was stored; set HF_ENDPOINT to another one."
        )


def check_answer(response: Any) -> None:
    """Check the names in the headers of an answer; see `check_name`."""
    for header in HEADERS:
        if value := response.headers.get(header):
            # As the client reads an ETag.
            check_name(value.lstrip("W/").strip('"'))


def guard_client() -> None:
    """Let the client of this process check every answer from now on."""

    def make_client() -> Any:
        client = default_client_factory()
        hooks = client.event_hooks
        client.event_hooks = {**hooks, "response": [*hooks["response"], check_answer]}
        return client

    set_client_factory(make_client)
