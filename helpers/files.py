"""Write files and folders whole or not at all, and tell a file by its size and its digest.

Standard library only: the doctor reads it when packages are broken.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file in one step: if the program stops, the old file is there or the new one.

    Args:
        path: the file; its folder is made if it does not exist.
        content: what goes in; a text as UTF-8.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Next to its place, where renaming is one step; a name of its own, for several may write.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_bytes(content.encode() if isinstance(content, str) else content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to fill; at the end it takes the place of another, unless something failed.

    Args:
        folder: the folder to replace; it need not exist.
    """
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    earlier = draft.with_name(f"{draft.name}.earlier")
    draft.mkdir(parents=True)
    try:
        yield draft
        while draft.exists():
            # Renaming is one step; removing the files one by one could be stopped halfway.
            with contextlib.suppress(FileNotFoundError):
                folder.rename(earlier)
            try:
                draft.rename(folder)
            except OSError:
                # Another process may have put its own there in between.
                if not folder.exists():
                    if earlier.exists():
                        earlier.rename(folder)
                    raise
            shutil.rmtree(earlier, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def nearest_existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    return path if path.exists() or path == path.parent else nearest_existing(path.parent)


def stays_inside(path: str) -> bool:
    """Say whether a path names something inside the folder that it is relative to.

    Args:
        path: a path that somebody else chose, as the system of any machine reads it.
    """
    # Windows knows more ways out of a folder, and those of the other systems too.
    names = PureWindowsPath(path)
    return not names.anchor and bool(names.parts) and ".." not in names.parts


def format_bytes(size: float) -> str:
    """Write a number of bytes for people."""
    # What rounds to 1,000.0 MB is a gigabyte.
    return f"{size / 1e9:,.1f} GB" if size >= 999.95e6 else f"{size / 1e6:,.1f} MB"


def git_blob_id(content: bytes) -> str:
    """Return the id that git gives a file: a sha1 of its size and content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def has_digest(path: Path, expected: str) -> bool:
    """Say whether a file has the digest by which the Hub names it.

    Args:
        path: the file.
        expected: a sha256, as for a file in Git LFS, or else the id that git gives it.
    """
    if len(expected) != 64:
        return git_blob_id(path.read_bytes()) == expected
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == expected
