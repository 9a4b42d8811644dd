"""Faults in what people read: Markdown in either language, alt texts, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from course.mutants.mutant import Edit

CODE_BLOCK = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w./:#-])\d+(?:[,.]\d+)*(?![\w/]|-\w)")
SIGN = re.compile(r"(?<![\w)])[-−+](?=\d)|(?<!^)[<>≤≥](?= ?\d)", re.MULTILINE)
OTHER_SIGN = {"-": "+", "−": "+", "+": "−", "<": ">", ">": "<", "≤": "≥", "≥": "≤"}
NAME = re.compile(r"(?<!`)`([^`\n]*[A-Za-z][^`\n]*)`(?!`)")
LINK = re.compile(r"(?<=\]\()[^)\s]+(?=\))")
PICTURE = re.compile(r"(?<=!\[)[^\]\n]+(?=\]\()")
ENGLISH = (
    ("more", "less"),
    ("higher", "lower"),
    ("larger", "smaller"),
    ("longer", "shorter"),
    ("above", "below"),
    ("before", "after"),
    ("rises", "falls"),
    ("always", "never"),
    ("first", "last"),
    ("highest", "lowest"),
    ("best", "worst"),
    ("training set", "test set"),
    ("can", "cannot"),
    ("is", "is not"),
    ("are", "are not"),
)
CHINESE = (
    ("更多", "更少"),
    ("更高", "更低"),
    ("更大", "更小"),
    ("更长", "更短"),
    ("高于", "低于"),
    ("之前", "之后"),
    ("上升", "下降"),
    ("总是", "从不"),
    ("第一", "最后"),
    ("最高", "最低"),
    ("最好", "最差"),
    ("训练集", "测试集"),
    ("能", "不能"),
    ("是", "不是"),
    ("有", "没有"),
)


def another(values: Sequence[str], value: str) -> str | None:
    """Return the value after this one, in a circle, that differs from it; None if none does."""
    place = values.index(value)
    return next((each for each in [*values[place:], *values[:place]] if each != value), None)


OPPOSITES = {word: other for pair in (*ENGLISH, *CHINESE) for word, other in (pair, pair[::-1])}
# The longest first: "is not" before "is", as `re` takes the first that fits.
WORDS = re.compile(
    "|".join(
        re.escape(word) if not word.isascii() else rf"\b{word}\b"
        for word in sorted(OPPOSITES, key=len, reverse=True)
    )
)


def edits(text: str) -> list[Edit]:
    """Return every change that these operators can make to a Markdown text."""
    # Of the same length, so that places stay.
    visible = CODE_BLOCK.sub(lambda block: "\0" * len(block[0]), text)
    return sorted(_edits(visible), key=lambda edit: (edit.start, edit.kind))


def _edits(text: str) -> Iterator[Edit]:
    links = [match.span() for match in LINK.finditer(text)]
    names = [match.span(1) for match in NAME.finditer(text)]

    def inside(spans: list[tuple[int, int]], match: re.Match) -> bool:
        return any(start <= match.start() < end for start, end in spans)

    for match in NUMBER.finditer(text):
        if not inside(links, match):
            digit = str((int(match[0][-1]) + 1) % 10)
            yield Edit("a number in prose", match.end() - 1, match.end(), digit)
    for match in SIGN.finditer(text):
        if not inside(links, match):
            yield Edit("a sign in prose", *match.span(), OTHER_SIGN[match[0]])
    spans = [match[1] for match in NAME.finditer(text)]
    for match in NAME.finditer(text):
        new = another(spans, match[1]) or match[1][:-1]
        yield Edit("a name in prose", *match.span(1), new)
    targets = LINK.findall(text)
    for match in LINK.finditer(text):
        new = another(targets, match[0]) or match[0][:-1]
        yield Edit("a link", *match.span(), new)
    alts = PICTURE.findall(text)
    for match in PICTURE.finditer(text):
        yield Edit("an alt text", *match.span(), another(alts, match[0]) or match[0][::-1])
    for match in WORDS.finditer(text):
        if not inside(links, match) and not inside(names, match):
            yield Edit("a sentence turned round", *match.span(), OPPOSITES[match[0]])
