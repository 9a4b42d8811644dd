"""The page that runs a model: small enough to load, and nothing in it can send what is typed."""

import base64
import gzip
import json
import re

import numpy as np
import onnxruntime
from datasets import load_dataset
from support.notebooks import in_each_language

from course.publish.browser_model import LARGEST
from helpers.levels import LEVELS
from helpers.saved_model import load_finetuned
from helpers.scoring import EXAMPLES, score

TRIED = 100


def unpack(site, name: str) -> dict[str, bytes]:
    """The files in a script of the page."""
    text = (site.root / "model" / name).read_text(encoding="ascii")
    found = re.findall(r'^packedFiles\["(.+?)"\] = "(.+)";$', text, re.MULTILINE)
    return {name: gzip.decompress(base64.b64decode(content)) for name, content in found}


@in_each_language
def test_all_that_the_page_loads_is_below_the_limit(language, site):
    loaded = [path for path in (site.root / "model").iterdir()]
    loaded += [path for path in (site.root / language / "_static").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in [*loaded, site.root / language / "try.html"])
    assert size < LARGEST


@in_each_language
def test_the_first_page_and_the_side_of_every_page_lead_there(language, site):
    first = site.page(f"{language}/index.html")
    assert "try.html" in [link["href"] for link in first.select("article a")]
    side = site.page(f"{language}/07_finetune_bert.html").select_one(".sidebar-tree a")
    assert side["href"] == "try.html"


@in_each_language
def test_the_page_may_ask_nobody_for_anything(language, site):
    policy = site.page(f"{language}/try.html").select_one("meta[http-equiv]")["content"]
    assert "connect-src 'none'" in policy
    sources = re.search(r"default-src ([^;]*)", policy)[1].split()
    assert [source for source in sources if "." in source or "//" in source or "*" in source] == []


@in_each_language
def test_the_page_has_a_row_for_each_level_and_says_what_it_is_not_fit_for(language, site):
    page = site.page(f"{language}/try.html")
    assert [cell.get_text() for cell in page.select(".try-levels tbody th")] == list(LEVELS)
    assert [button.get_text() for button in page.select(".try-examples button")] == EXAMPLES
    assert len(page.select("article h2")) == 3


def test_the_licences_of_what_comes_from_npm_are_there(site):
    text = (site.root / "model" / "LICENSES.txt").read_text(encoding="utf-8")
    assert re.search(r"onnxruntime-web [\d.]+: MIT", text)
    assert "Apache License" in text


def test_the_model_on_the_page_answers_as_the_one_on_the_disk(site, source):
    files = unpack(site, "model.js")
    session = onnxruntime.InferenceSession(files["model.onnx"], providers=["CPUExecutionProvider"])
    settings = json.loads(files["settings.json"])
    model, tokenizer = load_finetuned(source)
    reviews = load_dataset(source.dataset, cache_dir=source.cache_dir, split="test")[:TRIED]["text"]
    differences, same = [], 0
    for text in reviews:
        inputs = tokenizer(text, truncation=True, max_length=settings["limit"], return_tensors="np")
        [[logits]] = session.run(["logits"], dict(inputs))
        ours = np.exp(logits) / np.exp(logits).sum()
        theirs = np.array(list(score(model, tokenizer, text).probabilities.values()))
        differences.append(np.abs(ours - theirs).mean())
        same += ours.argmax() == theirs.argmax()
    assert np.mean(differences) < 0.005
    assert same > 0.95 * TRIED
