"""Remove what the commands have made and can make again."""

from __future__ import annotations

import shutil

from helpers.environment import PROJECT

# Not what people made there, such as a training run or graded work, and no downloads.
MADE = {"bench", "browser", "canary", "compare", "demo", "lock", "mirror", "mutants", "nbgrader"}
MADE |= {"npm", "rise", "run", "site", "site-source", "slides"}
CACHES = {".hypothesis", ".pytest_cache", ".ruff_cache", "data/hf/datasets", "data/hf/modules"}
KEPT = {".venv", "build/*", "data/hf", "data/mirror", "data/models"}


def main(arguments: list[str]) -> int:
    """Remove it, and list what was removed and what was left."""
    folders = {PROJECT / "build" / name for name in MADE}
    folders.update((PROJECT / "build").glob("python-3.*"))
    # Half of a site or of slides, which was being made when the system stopped the command.
    for name in {"site", "slides"}:
        folders.update((PROJECT / "build").glob(f".{name}.????????"))
        folders.update((PROJECT / "build").glob(f".{name}.????????.earlier"))
    folders |= {PROJECT / name for name in CACHES}
    folders |= {path for path in PROJECT.rglob("__pycache__") if ".venv" not in path.parts}
    for folder in sorted(folders):
        if folder.is_dir():
            shutil.rmtree(folder)
            if folder.name != "__pycache__":
                print(f"removed {folder.relative_to(PROJECT)}")
    for path in sorted(path for pattern in KEPT for path in PROJECT.glob(pattern)):
        print(f"left    {path.relative_to(PROJECT)}")
    return 0
