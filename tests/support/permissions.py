"""A path that may not be read, even for those who may read everything."""

import io
import os
from pathlib import Path

import pytest


def forbid(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse a file, or a folder and all below it, as the system does."""
    functions = [(io, "open")]
    if path.is_dir():
        functions += [(os, "stat"), (os, "mkdir")]
    for module, name in functions:
        allowed = getattr(module, name)

        def refuse(asked, *arguments, allowed=allowed, **options):
            if str(asked).startswith(str(path)):
                raise PermissionError(13, "Permission denied", str(asked))
            return allowed(asked, *arguments, **options)

        monkeypatch.setattr(module, name, refuse)
