"""Mirror the Hugging Face Hub for a room, with the package olah.

It runs in an environment of its own, build/mirror, which has none of the course's packages.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from course.environment.install import PROJECT

CONFIGURATION = """\
# Written by `python -m course mirror` each time it starts.
[basic]
host = {host}
port = {port}
repos-path = {repositories}
hf-scheme = {scheme}
hf-netloc = {netloc}

[accessibility]
offline = {offline}
"""


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m course mirror", description=__doc__)
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all)")
    parser.add_argument(
        "--port", type=int, default=8090, help="port to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--upstream",
        default="https://huggingface.co",
        help="the Hub to mirror (default: %(default)s)",
    )
    parser.add_argument("--cache", type=Path, default=PROJECT / "data" / "mirror")
    parser.add_argument("--offline", action="store_true", help="serve the cache only")
    return parser.parse_args(arguments)


def read_upstream(text: str) -> tuple[str, str]:
    """Return the scheme and the host of the Hub to mirror.

    Raises:
        SystemExit: if it is not just these two.
    """
    found = re.fullmatch(r"(https?)://((?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?)/?", text)
    if found is None:
        sys.exit(f"--upstream {text}: pass a scheme and a host, such as https://huggingface.co.")
    return found[1], found[2]


def configuration(options: argparse.Namespace) -> str:
    """Return olah's configuration file: its command line cannot switch it offline."""
    scheme, netloc = read_upstream(options.upstream)
    values = {
        "host": options.host,
        "port": options.port,
        "repositories": str(options.cache.resolve() / "repos"),
        "scheme": scheme,
        "netloc": netloc,
        "offline": options.offline,
    }
    # JSON writes these values as TOML does, but for the escapes of an emoji.
    written = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
    return CONFIGURATION.format(**written)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the configuration, and run the mirror until it is stopped."""
    options = parse_arguments(arguments)
    options.cache.mkdir(parents=True, exist_ok=True)
    path = options.cache / "olah.toml"
    path.write_text(configuration(options), encoding="utf-8")
    source = "the cache alone" if options.offline else options.upstream
    print(f"Mirror on {options.host}:{options.port}, from {source}; Ctrl+C stops it.")
    print(f"On the other machines: export HF_ENDPOINT=http://ADDRESS:{options.port}")
    program = shutil.which("olah-cli", path=Path(sys.executable).parent)
    command = [program, "--config", str(path), "--log-path", str(options.cache / "logs")]
    process = subprocess.Popen(command)
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The mirror has heard it too.
        return process.wait()
