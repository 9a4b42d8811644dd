"""What the tests read in Markdown, and in the glossary that both languages follow."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from course.notebooks.pages import chinese
from course.publish.slide_heights import parse, plain
from helpers.environment import PROJECT

GLOSSARY = PROJECT / "docs" / "glossary.md"
# Chinese characters and punctuation, and the full-width forms of others.
CHINESE = re.compile("[\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
NUMBER = re.compile(r"−?\d+(?:,\d{3})*(?:\.\d+)?|[⁰¹²³⁴-⁹]+")
# The words by which a number in digits is multiplied.
UNITS = {"万": 10_000, "亿": 100_000_000, "million": 1_000_000}
MULTIPLIED = re.compile(rf"(\d+(?:\.\d+)?) ?({'|'.join(UNITS)})")


def tokens(text: str, kind: str | None = None) -> Iterator[dict]:
    """Every part of a Markdown text, outer ones first; or those of one kind."""
    waiting = list(parse(text))
    while waiting:
        token = waiting.pop(0)
        if kind in (None, token["type"]):
            yield token
        waiting = token.get("children", []) + waiting


def written(text: str) -> str:
    """Everything that is written for a reader, without what stands in backticks."""
    return "\n".join(token.get("raw", "") for token in tokens(text) if token["type"] != "codespan")


def numbers(text: str) -> Counter[str]:
    """The numbers in digits outside backticks, and how often each is there: 3 万 is 30,000."""
    full = MULTIPLIED.sub(lambda said: f"{float(said[1]) * UNITS[said[2]]:,.0f}", written(text))
    return Counter(NUMBER.findall(full))


def differing_numbers(chinese: str, english: str) -> str:
    """The numbers in digits that one text has more often than the other; empty if there is none."""
    only = {"Chinese": numbers(chinese) - numbers(english)}
    only["English"] = numbers(english) - numbers(chinese)
    return "; ".join(
        f"in the {language} only {', '.join(found.elements())}"
        for language, found in only.items()
        if found
    )


def code_spans(text: str) -> set[str]:
    """What stands in backticks."""
    return {token["raw"] for token in tokens(text, "codespan")}


def code_blocks(text: str) -> list[list[str]]:
    """The lines of each block of code, without comments and second columns."""
    blocks = [token["raw"].splitlines() for token in tokens(text, "block_code")]
    return [[re.split(r"#|\s{2,}", line.strip())[0].strip() for line in lines] for lines in blocks]


def links(text: str) -> list[str]:
    """The targets of the links and pictures."""
    kinds = ("link", "image")
    return [token["attrs"]["url"] for token in tokens(text) if token["type"] in kinds]


def foreign_links(text: str, language: str, folder: Path) -> list[str]:
    """The links from a text in a folder to a page or a notebook in the other language."""
    local = [target for target in links(text) if "//" not in target]
    if language == "en":
        return [target for target in local if re.search(r"(^|/)zh/|\.zh-CN\.md", target)]
    twins = [one for one in local if one.endswith(".md") and chinese(folder / one).is_file()]
    return [target for target in local if re.search("(^|/)en/", target) or target in twins]


def in_english(text: str) -> list[str]:
    """The links, sorted, each as it is in the English text."""
    return sorted(
        target.replace(".zh-CN.md", ".md").replace("/zh/", "/en/") for target in links(text)
    )


def outline(text: str) -> list[str]:
    """The kinds of blocks in their order; a box is named in English."""
    lines = []
    for token in tokens(text):
        match token["type"]:
            case "heading":
                lines.append(f"heading {token['attrs']['level']}")
            case "list_item" | "table_row" | "table_cell" | "image":
                lines.append(token["type"])
            case "block_code":
                lines.append(f"code {token.get('attrs', {}).get('info', '')}".strip())
            case "block_html":
                lines += re.findall(r"</?\w+", token["raw"])
            case "block_quote":
                words = [plain(strong) for strong in token["children"][0].get("children", [])[:1]]
                lines += [f"quote {english(word)}".strip() for word in words]
    return lines


def tables(text: str) -> list[list[list[str]]]:
    """For each table its rows, the header first, each a list of what its cells say."""
    return [
        [[plain(cell) for cell in row["children"]] for row in rows_of(table)]
        for table in tokens(text, "table")
    ]


def rows_of(table: dict) -> list[dict]:
    head, *bodies = table["children"]
    return [head, *(row for body in bodies for row in body["children"])]


def glossary_rows(section: str) -> list[list[str]]:
    """The rows of the tables in a section of the glossary, without the header rows."""
    text = GLOSSARY.read_text(encoding="utf-8").split(f"\n## {section}", 1)[1]
    return [row for table in tables(text.split("\n## ", 1)[0]) for row in table[1:]]


FIXED_WORDS = {english: chinese for chinese, english, *_ in glossary_rows("Fixed words")}
TERMS = {chinese: english.split("; ") for chinese, english, *_ in glossary_rows("Terms")}
TITLES = {number: {"zh": zh, "en": en} for number, zh, en in glossary_rows("Titles")}


def reading_minutes(opening: str) -> int:
    """The minutes that a Chinese notebook's first cell says it takes to read."""
    return int(re.search(r"阅读约 (\d+) 分钟", opening)[1])


def fixed(word: str, language: str) -> str:
    """A fixed English word of the glossary, in a language."""
    return {"zh": FIXED_WORDS[word], "en": word}[language]


def english(word: str) -> str:
    """The fixed English word for a fixed word of either language; empty for other words."""
    return next((en for en, zh in FIXED_WORDS.items() if word in (en, zh)), "")


def fixed_words(text: str) -> list[str]:
    """The fixed words that stand as headings, in bold or alone, in English."""
    marked = [
        plain(token)
        for token in tokens(text)
        if token["type"] in ("heading", "strong", "paragraph")
    ]
    marked += re.findall(r"<summary>(.*?)</summary>", text)
    return [english(word.strip(" :：")) for word in marked if english(word.strip(" :："))]
