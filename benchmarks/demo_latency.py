"""Time the demo's answers, from end to end and in the model alone.

The program starts the page itself: `build/demo/bin/python -m benchmarks.demo_latency`, once
`python -m course demo` has made that environment.
"""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from course.__main__ import command_here
from course.environment.kernel import prepare_kernel_environment
from helpers.environment import PROJECT

WORDS = (20, 200, 10_000)
REPEATS = 50
# What a browser requests when the text changes.
CALL = "gradio_api/run/score"


@contextlib.contextmanager
def running_demo(
    environment: Mapping[str, str] = os.environ,
) -> Iterator[tuple[str, subprocess.Popen]]:
    """Start the demo in a process of its own, on a free port, and end it afterwards.

    Args:
        environment: the process's environment variables.

    Yields:
        The page's address, and the process.

    Raises:
        SystemExit: if it ends before it serves the page; its own message is in the terminal.
    """
    command = [*command_here("demo"), "--port", "0"]
    process = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            for line in process.stdout:
                if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                    yield address[0], process
                    return
            raise SystemExit("The demo did not start.")
        finally:
            process.kill()


def take_texts(reviews: Iterable[str]) -> dict[str, str]:
    """Return a text of each length: that many words from the start of the reviews."""
    words = " ".join(reviews).split()
    return {f"{count:,} words": " ".join(words[:count]) for count in WORDS}


def milliseconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


def measure(ways: Mapping[str, Callable[[str], object]], text: str) -> dict[str, list[float]]:
    """Time each way to answer, in turns, so that a slow moment of the machine affects all of them.

    Args:
        ways: for each name, the function that answers a text.
        text: the text.

    Returns:
        For each name, the milliseconds of each answer after the first.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(REPEATS + 1):
        for name, answer in ways.items():
            duration = milliseconds(lambda answer=answer: answer(text))
            if repeat:
                times[name].append(duration)
    return times


def main() -> None:
    """Measure, and print a table."""
    prepare_kernel_environment()
    # Only now: PyTorch reads the environment when it is imported.
    import httpx
    import numpy as np
    import torch
    from datasets import load_dataset

    from helpers.saved_model import load_finetuned
    from helpers.scoring import score
    from helpers.sources import get_source

    source = get_source()
    test = load_dataset(source.dataset, split="test", cache_dir=source.cache_dir)
    model, tokenizer = load_finetuned(source)
    with running_demo() as (address, _), httpx.Client(base_url=address) as browser:

        def ask_page(text: str) -> None:
            browser.post(CALL, json={"data": [text]}).raise_for_status()

        ways = {"score alone": lambda text: score(model, tokenizer, text), "the page": ask_page}
        rows = {name: measure(ways, text) for name, text in take_texts(test["text"]).items()}
    print(f"Milliseconds for an answer, {REPEATS} of each, {torch.get_num_threads()} threads")
    print(f"{'':14}{'':14}{'median':>8}{'95 %':>8}")
    for name, times in rows.items():
        for way, durations in times.items():
            middle, most = np.quantile(durations, [0.5, 0.95])
            print(f"{name:14}{way:14}{middle:8.1f}{most:8.1f}")


if __name__ == "__main__":
    main()
