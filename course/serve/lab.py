"""Open JupyterLab on the notebooks, in the course's environment.

It listens on this machine only, asks for a token, and makes no request to the Internet.
"""

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from jupyter_server.auth.identity import PasswordIdentityProvider
from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp

from course.notebooks.languages import chosen_language
from helpers.environment import PROJECT

# It switches off JupyterLab's requests for news, new versions and extensions.
CONFIGURATION = Path(__file__).resolve().parent / "jupyter"


def is_loopback(address: str) -> bool:
    """Say whether an address to listen on can be reached from this machine only."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def refuse_strangers(server: ServerApp) -> None:
    """Check the settings that result from the options and all of Jupyter's configuration.

    Args:
        server: a server that has read its configuration.

    Raises:
        SystemExit: if another machine could reach it, or it would answer without a token.
    """
    if not is_loopback(server.ip):
        raise SystemExit(
            "The course's JupyterLab listens on this machine only, and an option or your Jupyter "
            f"configuration sets its address to '{server.ip}': leave that out. To use it from "
            "another machine, "
            f"forward the port: ssh -L {server.port}:127.0.0.1:{server.port} this-machine."
        )
    provider = server.identity_provider
    # Another provider may let anybody in.
    is_usual = type(provider) is PasswordIdentityProvider
    if not is_usual or provider.hashed_password or not provider.token:
        raise SystemExit(
            "The course's JupyterLab asks for a token, and an option or your Jupyter configuration "
            "removes it (by an empty token, a password or another identity provider): leave that "
            "out. To start without your configuration, set JUPYTER_CONFIG_DIR to an empty folder."
        )


class CourseServer(ServerApp):
    """A server that starts only where strangers cannot use it."""

    def init_configurables(self) -> None:
        """Check the configuration as soon as it is known, before a port is opened."""
        super().init_configurables()
        refuse_strangers(self)


class CourseLab(LabApp):
    """JupyterLab on such a server."""

    serverapp_class = CourseServer

    @classmethod
    def get_extension_package(cls) -> str:
        """Name JupyterLab's package: the server would look for an extension in this module."""
        return LabApp.get_extension_package()


def command_line(options: Sequence[str]) -> list[str]:
    """Return JupyterLab's options: it opens notebook 00 in COURSE_LANG.

    Args:
        options: those of the user, which come last and take precedence.
    """
    folders = [
        f"--notebook-dir={PROJECT / 'notebooks'}",
        f"--ContentsManager.preferred_dir={chosen_language()}",
        f"--LabApp.default_url=/lab/tree/{chosen_language()}/00_quickstart.ipynb",
    ]
    return [*folders, *options]


def put_first(variable: str, folder: Path) -> None:
    """Let Jupyter search a folder before those that an environment variable names already."""
    others = os.environ.get(variable, "")
    os.environ[variable] = os.pathsep.join(filter(None, [str(folder), others]))


def main(options: Sequence[str] = ()) -> None:
    """Start JupyterLab, which opens a browser where there is one."""
    put_first("JUPYTER_CONFIG_PATH", CONFIGURATION)
    CourseLab.launch_instance(command_line(options))
