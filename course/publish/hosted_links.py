"""Link each notebook to the services that open it, where the repository has a public address."""

import re
import subprocess
import tomllib

from helpers.environment import PROJECT

# What the repository's pages say in place of its address, which only a published copy knows.
PLACEHOLDER = "ADDRESS-OF-THIS-REPOSITORY"
GITHUB = re.compile(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$")
# Each service's own address for a notebook on GitHub.
SERVICES = {
    "Colab": "https://colab.research.google.com/github/{repository}/blob/{tag}/{path}",
    "Kaggle": "https://kaggle.com/kernels/welcome?src=https://github.com/{repository}/blob/{tag}/{path}",
    "Binder": "https://mybinder.org/v2/gh/{repository}/{tag}?urlpath=lab/tree/{path}",
    "Codespaces": "https://codespaces.new/{repository}",
}
# What stands before the links, and the page that says what to do there.
OPEN_IN = {
    "zh": "在线打开（做法见[这里](hosted.md)）：",
    "en": "Open it online ([how](hosted.md)): ",
}


def find_repository() -> str | None:
    """Return the owner and name on GitHub of the copy that is published, or None."""
    command = ["git", "-C", str(PROJECT), "remote", "get-url", "origin"]
    try:
        address = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return None
    found = GITHUB.search(address)
    return found[1] if found else None


def course_tag() -> str:
    """Return the tag of this version of the course."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    return f"v{project['project']['version']}"


def hosted_links(repository: str, path: str, language: str) -> str:
    """Return a line of Markdown that links a notebook to each service.

    Args:
        repository: its owner and name on GitHub.
        path: the notebook's path in the repository.
        language: `zh` or `en`.
    """
    known = {"repository": repository, "tag": course_tag(), "path": path}
    links = [f"[{name}]({address.format(**known)})" for name, address in SERVICES.items()]
    return OPEN_IN[language] + " · ".join(links)
