"""Datasets of a learner's own, of different kinds, made up and small."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd

GOOD = ["great", "wonderful", "lovely", "moving", "brilliant", "fun", "warm", "clever"]
BAD = ["dull", "boring", "awful", "slow", "weak", "flat", "stupid", "poor"]
NEUTRAL = ["the", "film", "story", "actor", "scene", "plot", "music", "ending", "camera", "script"]
TOPICS = {
    "sports": ["match", "goal", "team", "coach", "season", "player", "win", "league"],
    "cooking": ["oven", "salt", "recipe", "dough", "pan", "sauce", "garlic", "butter"],
    "travel": ["train", "hotel", "beach", "map", "ticket", "museum", "island", "flight"],
    "gardening": ["seed", "soil", "roses", "prune", "compost", "tulip", "rake", "hedge"],
}
CHINESE = (
    ("很差", "难看", "失望", "无聊", "浪费时间"),
    ("一般", "普通", "还行", "平平", "不好不坏"),
    ("好看", "精彩", "感动", "喜欢", "值得一看"),
)
CHINESE_NEUTRAL = ("这部电影", "剧情", "演员", "音乐", "结尾", "画面", "导演", "故事")


def two_classes(folder: Path) -> Path:
    """60 rows of two classes as CSV, with what is to be left out below them."""
    generator = random.Random(0)
    rows = [
        (_words(generator, (BAD, GOOD)[row % 2], 5, 15), ("bad", "good")[row % 2])
        for row in range(60)
    ]
    rows += [("", "good"), ("Not labelled.", ""), rows[0], (rows[1][0], "bad"), ("12/10", "good")]
    path = folder / "two classes.csv"
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(path, index=False, encoding="utf-8-sig")
    return path


def unordered_topics(folder: Path) -> Path:
    """203 rows of five named classes without an order as JSON lines, one class with 3 rows."""
    generator = random.Random(1)
    names = [*list(TOPICS) * 50, *["weather"] * 3]
    path = folder / "topics.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for name in names:
            text = _words(generator, TOPICS.get(name, ["rain", "storm", "sunny"]), 8, 30)
            file.write(json.dumps({"id": len(text), "body": text, "topic": name}) + "\n")
    return path


def chinese_levels(folder: Path) -> Path:
    """150 Chinese texts of three levels as a CSV of a spreadsheet, in GB18030."""
    generator = random.Random(2)
    rows = []
    for row in range(150):
        words = CHINESE[row % 3]
        clauses = [
            generator.choice(CHINESE_NEUTRAL) + generator.choice(words)
            for _ in range(generator.randint(2, 6))
        ]
        rows.append(("，".join(clauses) + "。", row % 3 + 1))
    path = folder / "评论.csv"
    pd.DataFrame(rows, columns=["评论", "评分"]).to_csv(path, index=False, encoding="gb18030")
    return path


def long_texts(folder: Path) -> Path:
    """60 texts, some of them longer than the model reads, in two files of a folder."""
    generator = random.Random(3)
    names = list(TOPICS)[:3]
    rows = [
        (
            _words(generator, TOPICS[names[row % 3]], *(((20, 60), (550, 650))[row % 5 == 0])),
            row % 3,
        )
        for row in range(60)
    ]
    table = pd.DataFrame(rows, columns=["document", "class"]).assign(
        **{"class": [names[number] for _, number in rows]}
    )
    path = folder / "long"
    path.mkdir()
    table[:45].to_parquet(path / "train.parquet", index=False)
    table[45:].to_json(path / "test.jsonl", orient="records", lines=True)
    return path


def _words(generator: random.Random, words: list[str], least: int, most: int) -> str:
    size = generator.randint(least, most)
    chosen = [generator.choice(words if generator.random() < 0.3 else NEUTRAL) for _ in range(size)]
    return " ".join(chosen).capitalize() + "."


# Each is one of the kinds that the notebooks must run on.
KINDS: dict[str, Callable[[Path], Path]] = {
    "two classes": two_classes,
    "unordered classes": unordered_topics,
    "Chinese": chinese_levels,
    "long texts": long_texts,
}
