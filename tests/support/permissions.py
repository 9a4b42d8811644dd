"""A path that may not be read, even for those who may read everything."""

import io
import os
from pathlib import Path

import pytest


def forbid(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse a path, and all below it, as the system does."""
    for module, name in ((os, "stat"), (os, "mkdir"), (io, "open")):
        allowed = getattr(module, name)

        def refuse(asked, *arguments, allowed=allowed, **options):
            if str(asked).startswith(str(path)):
                raise PermissionError(13, "Permission denied", str(asked))
            return allowed(asked, *arguments, **options)

        monkeypatch.setattr(module, name, refuse)
