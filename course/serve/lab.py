"""Open JupyterLab on the notebooks, in the course's environment.

It listens on this machine only, asks for a token, and asks nothing of the Internet.
"""

import ipaddress
import os
import sys
from pathlib import Path

from jupyter_server.auth.identity import PasswordIdentityProvider
from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp

from course.environment.kernel import PROJECT, prepare_interactive_environment
from course.notebooks.languages import chosen_language

# Switches off what asks the Internet for news, newer versions and extensions of JupyterLab.
CONFIGURATION = Path(__file__).resolve().parent / "jupyter"


def is_loopback(address: str) -> bool:
    """Say whether an address that a server listens on is reached from this machine only."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def refuse_strangers(server: ServerApp) -> None:
    """Check what the options and all of Jupyter's configuration have come to.

    Args:
        server: one whose configuration is known.

    Raises:
        SystemExit: if another machine could reach it, or it would answer without a token.
    """
    if not is_loopback(server.ip):
        raise SystemExit(
            "JupyterLab listens on this machine only here, and an option or your Jupyter "
            f"configuration names '{server.ip}' as its address: leave that out. To use it from "
            "another machine, "
            f"forward the port: ssh -L {server.port}:127.0.0.1:{server.port} this-machine."
        )
    provider = server.identity_provider
    # Another one may let in whom it likes.
    is_usual = type(provider) is PasswordIdentityProvider
    if not is_usual or provider.hashed_password or not provider.token:
        raise SystemExit(
            "JupyterLab asks for a token here, and an option or your Jupyter configuration takes "
            "it away (by an empty token, a password or another identity provider): leave that "
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


def command_line(options: list[str]) -> list[str]:
    """Return JupyterLab's options: the folder of COURSE_LANG, with the others beside it.

    Args:
        options: those of the user, which come last and so win.
    """
    folders = [
        f"--notebook-dir={PROJECT / 'notebooks'}",
        f"--ContentsManager.preferred_dir={chosen_language()}",
    ]
    return [*folders, *options]


def put_first(variable: str, folder: Path) -> None:
    """Let Jupyter look into a folder before those that an environment variable names already."""
    others = os.environ.get(variable, "")
    os.environ[variable] = os.pathsep.join(filter(None, [str(folder), others]))


def main(options: list[str] | None = None) -> None:
    """Start JupyterLab, which opens a browser where there is one."""
    prepare_interactive_environment()
    put_first("JUPYTER_CONFIG_PATH", CONFIGURATION)
    CourseLab.launch_instance(command_line(sys.argv[1:] if options is None else options))
