"""The digests by which the Hub names what a file holds."""

import hashlib
from pathlib import Path


def git_digest(path: Path) -> str:
    """Return the id that git gives a file: a sha1 of its size and content."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def digest_like(path: Path, expected: str) -> str:
    """Return the digest of a file: a sha256 where that is expected (Git LFS), else git's sha1."""
    if len(expected) != 64:
        return git_digest(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
