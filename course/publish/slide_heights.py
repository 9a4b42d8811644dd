"""The sizes of what is on a slide, and an estimate of how much of the screen it takes up.

The decks get these sizes as variables of their style. In a browser, fonts make a difference.
"""

import base64
import math
import re
import struct
import unicodedata

import mistune
from nbformat import NotebookNode

# In pixels, like all the sizes below.
WIDTH, HEIGHT = 1280, 720
# The height for the cells of a slide, without the margins and the arrows.
ROOM = 636
MARGIN = 12
TEXT_WIDTH = WIDTH - 40
# Fonts, and how much higher than its font a line is.
PROSE, PROSE_SPACING = 25, 1.45
CODE, CODE_SPACING = 18, 1.3
HEADINGS, HEADING_SPACING = {1: 50, 2: 40, 3: 32}, 1.25
PROSE_LINE = PROSE * PROSE_SPACING
CODE_LINE = CODE * CODE_SPACING
# A row of a table is a line of code with its padding and its border.
TABLE_PADDING = 2
TABLE_LINE = CODE_LINE + 2 * TABLE_PADDING + 1
PICTURE, PROGRESS = 410, 40

# nbconvert renders the notebooks' pages with this parser too.
parse = mistune.create_markdown(renderer="ast", plugins=["table"])


def style_variables() -> str:
    """Return the sizes for the decks' style sheet."""
    sizes = {
        "margin": f"{MARGIN}px",
        "prose": f"{PROSE}px",
        "prose-spacing": PROSE_SPACING,
        "code": f"{CODE}px",
        "code-spacing": CODE_SPACING,
        "heading-spacing": HEADING_SPACING,
        "table-padding": f"{TABLE_PADDING}px",
        "picture": f"{PICTURE}px",
    }
    sizes |= {f"heading-{level}": f"{size}px" for level, size in HEADINGS.items()}
    lines = [f"  --slide-{name}: {size};" for name, size in sizes.items()]
    return "\n".join([":root {", *lines, "}"]) + "\n"


def lines(text: str, size: float, width: float) -> int:
    """Return how many lines a text takes.

    Args:
        text: one paragraph without its markup.
        size: the size of its font.
        width: the width of the lines.
    """
    # A Chinese character is as wide as it is high; others are about half as wide.
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    return max(1, math.ceil((wide + (len(text) - wide) * 0.55) * size / width))


def plain(token: dict) -> str:
    """Return the text of a Markdown token, without its markup."""
    return token.get("raw", "") + "".join(map(plain, token.get("children", [])))


def prose_height(text: str) -> float:
    """Return the height of a Markdown text."""
    return sum(map(block_height, parse(text)))


def block_height(token: dict) -> float:
    """Return the height of one block of Markdown, with the margin below."""
    match token["type"]:
        case "heading":
            size = HEADINGS.get(token["attrs"]["level"], HEADINGS[3])
            line = size * HEADING_SPACING
            return line * lines(plain(token), size, TEXT_WIDTH) + 14
        case "block_code":
            return code_height(token["raw"])
        case "table":
            rows = 1 + sum(len(body["children"]) for body in token["children"][1:])
            return rows * TABLE_LINE + MARGIN
        case "list":
            items = token["children"]
            return sum(lines(plain(item), PROSE, TEXT_WIDTH - 36) for item in items) * PROSE_LINE
        case "block_quote":
            return 16 + sum(map(block_height, token["children"]))
        case "blank_line" | "block_html":
            return 0
    return lines(plain(token), PROSE, TEXT_WIDTH) * PROSE_LINE + MARGIN


def code_height(text: str) -> float:
    """Return the height of code with its frame."""
    return text_height(text) + 18 + MARGIN


def text_height(text: str) -> float:
    """Return the height of lines of fixed-width text."""
    return CODE_LINE * sum(lines(line, CODE * 1.1, TEXT_WIDTH) for line in text.splitlines())


def picture_height(png: str) -> float:
    """Return the height at which a picture, PNG in base64, is shown."""
    width, height = struct.unpack(">II", base64.b64decode(png)[16:24])
    return min(PICTURE, height * TEXT_WIDTH / width) + MARGIN


def output_height(output: NotebookNode) -> float:
    """Return the height of one output of a code cell."""
    data = output.get("data", {})
    if "image/png" in data:
        return picture_height(data["image/png"])
    if "text/html" in data:
        rows = re.findall("<tr.*?</tr>", data["text/html"], re.DOTALL)
        lengths = [sum(map(len, re.findall(r">\s*([^<]*)<", row))) for row in rows]
        return PROGRESS * ("<progress" in data["text/html"]) + sum(
            10 + CODE_LINE * math.ceil(length / 100) for length in lengths
        )
    return text_height(output.get("text", data.get("text/plain", "")))


def cell_height(cell: NotebookNode) -> float:
    """Return the height of a cell on a slide, its outputs included."""
    if cell.cell_type == "markdown":
        return prose_height(cell.source) + MARGIN / 2
    shown = sum(map(output_height, cell.outputs)) + MARGIN if cell.outputs else 0
    return shown + (0 if cell.metadata.get("transient") else code_height(cell.source))
