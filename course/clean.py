"""Remove what the commands have made."""

from __future__ import annotations

import shutil

from course.environment.kernel import PROJECT

MADE = ("build", "data/hf", ".pytest_cache", ".ruff_cache", ".hypothesis")


def main(arguments: list[str]) -> int:
    """Remove it, and list it; `.venv`, the trained models and the mirror's files stay."""
    folders = [PROJECT / name for name in MADE]
    folders += [path for path in PROJECT.rglob("__pycache__") if ".venv" not in path.parts]
    for folder in folders:
        if folder.is_dir():
            shutil.rmtree(folder)
            if folder.name != "__pycache__":
                print(f"removed {folder.relative_to(PROJECT)}")
    return 0
