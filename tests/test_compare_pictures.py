"""The comparison of a notebook notices another plot and another alt text."""

import base64
import io
import re

import nbformat
import numpy as np
import pytest
from PIL import Image
from test_nbval_catches import link, run_nbval

from course.notebooks.compare_pictures import difference, look_alike
from helpers.plots import plot_lines

RISING, FALLING = ([1, 2, 3], [1, 2, 3]), ([1, 2, 3], [3, 2, 1])


def drawn(line: tuple, title: str = "A line") -> str:
    picture = io.BytesIO()
    plot_lines({"loss": line}, title, "epoch", "loss").savefig(picture, format="png", dpi=200)
    return base64.b64encode(picture.getvalue()).decode()


def shown(picture: str, alt: str) -> dict:
    metadata = {"image/png": {"alt": alt}}
    return nbformat.v4.new_output("display_data", data={"image/png": picture}, metadata=metadata)


def test_the_same_plot_drawn_again_looks_alike():
    assert look_alike(drawn(RISING), drawn(RISING))


def test_a_plot_with_softer_edges_looks_alike():
    picture = Image.open(io.BytesIO(base64.b64decode(drawn(RISING)))).convert("L")
    noise = np.random.default_rng(0).normal(0, 5, size=picture.size[::-1])
    softer = Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype("uint8"))
    file = io.BytesIO()
    softer.save(file, format="png")
    assert look_alike(drawn(RISING), base64.b64encode(file.getvalue()).decode())


@pytest.mark.parametrize(
    "other",
    [drawn(FALLING), drawn(([1, 2, 3], [1, 2.2, 3])), drawn(RISING, "Another line")],
    ids=["another line", "a point moved", "another title"],
)
def test_another_plot_does_not(other):
    assert not look_alike(drawn(RISING), other)


def grey(shade: int, size: tuple[int, int] = (40, 60)) -> str:
    """A grey picture, of which one block of 20 by 20 pixels has another shade."""
    pixels = np.full(size, 100, dtype="uint8")
    pixels[20:40, 20:40] = shade
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (grey(112), True),
        (grey(113), False),
        (grey(88), True),
        (grey(87), False),
        (grey(100, (60, 60)), False),
        (grey(100, (59, 79)), True),
    ],
    ids=["darker", "too dark", "lighter", "too light", "higher", "a part of a block more"],
)
def test_a_block_may_be_a_little_darker_or_lighter(other, alike):
    assert look_alike(grey(100), other) == alike


def test_what_differs_is_named():
    rising, falling = drawn(RISING), drawn(FALLING)
    stored = [shown(rising, "It rises")]
    assert difference(stored, [shown(rising, "It rises")]) == ""
    assert "looks different" in difference(stored, [shown(falling, "It rises")])
    assert "'It rises', the new one 'It falls'" in difference(stored, [shown(rising, "It falls")])
    assert difference(stored, []) == "1 plots are stored, and 0 were drawn"
    text = nbformat.v4.new_output("stream", text="1")
    two = [*stored, text, shown(falling, "It falls")]
    reason = "the stored plot looks different from the new one: It falls"
    assert difference(two, [*stored, shown(rising, "It falls"), text]) == reason


def test_nbval_fails_for_a_plot_that_is_not_the_stored_one(tmp_path):
    source = (
        "from helpers.plots import plot_lines, show\n"
        "show(plot_lines({'loss': ([1, 2, 3], [1, 2, 3])}, 'A line', 'epoch', 'loss'))"
    )
    (tmp_path / "notebooks").mkdir()
    link(tmp_path, "helpers")
    path = tmp_path / "notebooks" / "plot.ipynb"
    cells = []
    for picture in (drawn(RISING), drawn(FALLING)):
        output = shown(picture, "A line (plot: loss against epoch)")
        output["data"]["text/plain"] = "<IPython.core.display.Image object>"
        cells.append(nbformat.v4.new_code_cell(source, outputs=[output], execution_count=1))
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    outcome = run_nbval(tmp_path, path)
    assert re.findall(r"^FAILED \S*::(Cell \d+)", outcome.stdout, re.MULTILINE) == ["Cell 1"]
    assert "looks different" in outcome.stdout
