"""Try the model of notebook 07 in the browser."""

import argparse
import importlib.util
import os
import socket
import sys
from collections.abc import Sequence

HOST, PORT = "127.0.0.1", 7860
HIGHEST_PORT = 65_535

# Else a page on the Internet could ask in its own name, once that name leads to this machine.
OWN_NAMES = (HOST, "localhost")
# In bytes. The page takes no file, and a text far longer than what the model reads costs minutes.
LARGEST_UPLOAD = 0
LARGEST_REQUEST = 2_000_000

# Gradio's pages refer to fonts and pictures on other hosts: the browser must load none of them.
OWN_HOST_ONLY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"


class DemoError(Exception):
    """The page cannot be served; the message says what to do."""


def port_number(text: str) -> int:
    """Read a port from the command line.

    Raises:
        argparse.ArgumentTypeError: if there is no such port.
    """
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a port: pass a number up to {HIGHEST_PORT}"
        )
    return int(text)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m course demo", description=__doc__)
    parser.add_argument(
        "--port",
        type=port_number,
        default=PORT,
        help="port to listen on (default: %(default)s); 0 is any that is free",
    )
    return parser.parse_args(arguments)


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback, so that an early browser waits for the model.

    Raises:
        DemoError: if the port cannot be used.
    """
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        other = port + 1 if PORT <= port < HIGHEST_PORT else PORT
        raise DemoError(
            f"Port {port} cannot be used ({os.strerror(error.errno)}): pass another one, "
            f"as in python -m course demo --port {other}."
        ) from None
    # Connections inherit it; asyncio sets it only for sockets of its own. Without it, an answer
    # waits 40 ms for the browser to acknowledge its headers.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def serve(listener: socket.socket) -> None:
    """Load the model, trained first if it is not on disk, and serve its page until Ctrl+C.

    Args:
        listener: what `listen` returns.
    """
    import fastapi
    import gradio
    import uvicorn
    from starlette.middleware.body_limit import RequestBodyLimitMiddleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from course.serve.demo_page import build_page
    from helpers.saved_model import load_finetuned
    from helpers.scoring import EXAMPLES, score
    from helpers.sources import get_source

    source = get_source()
    model, tokenizer = load_finetuned(source)
    # The first pass through a model takes longer than the later ones.
    score(model, tokenizer, EXAMPLES[0])
    # The system's fonts: Gradio's own are on another host.
    theme = gradio.themes.Default(font="system-ui", font_mono="monospace")
    # Nobody needs a description of the page's interface: neither here nor in Gradio's part.
    undescribed = {"openapi_url": None}
    application = fastapi.FastAPI(**undescribed)
    application.add_middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_REQUEST)
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=OWN_NAMES)
    application = gradio.mount_gradio_app(
        application,
        build_page(model, tokenizer, source),
        path="/",
        app_kwargs=undescribed,
        theme=theme,
        ssr_mode=False,
        max_file_size=LARGEST_UPLOAD,
        # It would store in the browser what was typed.
        run_history=False,
        footer_links=[],
    )
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            log_level="warning",
            headers=[("Content-Security-Policy", OWN_HOST_ONLY)],
            # Stopping does not wait for connections that are kept open.
            timeout_graceful_shutdown=1,
        )
    )
    host, port = listener.getsockname()
    print(f"The demo is at http://{host}:{port} ; Ctrl+C ends it.")
    server.run(sockets=[listener])


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the page; if that fails, print one sentence and return 1."""
    options = parse_arguments(arguments)
    sys.stdout.reconfigure(line_buffering=True)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    if importlib.util.find_spec("gradio") is None:
        print(
            "Gradio is not installed in this Python: run 'python -m course demo'.", file=sys.stderr
        )
        return 1
    # Only now: the environment decides where its cache is.
    from helpers.sources import SourceError

    try:
        with listen(options.port) as listener:
            serve(listener)
    except (DemoError, SourceError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0
