"""What the tests share: how hypothesis searches, the source and its model, the built pages."""

import dataclasses
import signal
from pathlib import Path

import pytest
from hypothesis import settings
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from helpers.levels import LEVELS
from helpers.sources import Source, get_source
from helpers.training import load_classifier

# A run that was started in the background ignores Ctrl-C, with nohup the end of the terminal too,
# and so would the programs it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# The same examples in every run: a failure here is a failure everywhere.
settings.register_profile("course", max_examples=30, deadline=None, derandomize=True)
settings.load_profile("course")


@pytest.fixture(scope="session")
def built_slides(tmp_path_factory) -> Path:
    """The slides, made once for all the tests of them."""
    from course.publish.slides import make_slides

    folder = tmp_path_factory.mktemp("built") / "slides"
    make_slides(folder)
    return folder


@pytest.fixture(scope="session")
def built_site(tmp_path_factory) -> Path:
    """The website, made once for all the tests of it."""
    from course.publish.site import make_site

    folder = tmp_path_factory.mktemp("built")
    make_site(folder / "source", folder / "site")
    return folder / "site"


@pytest.fixture(scope="session")
def source() -> Source:
    return get_source("embedded")


@pytest.fixture(scope="session")
def tokenizer(source: Source) -> PreTrainedTokenizerFast:
    return AutoTokenizer.from_pretrained(source.model)


@pytest.fixture
def narrow(source, tokenizer, tmp_path) -> Source:
    """The source with a model of as many layers, random and narrow: it trains in a moment."""
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    config = BertConfig(vocab_size=tokenizer.vocab_size, num_hidden_layers=6, **sizes)
    for part in (BertForMaskedLM(config), tokenizer):
        part.save_pretrained(tmp_path / "narrow")
    return dataclasses.replace(source, model=str(tmp_path / "narrow"))


@pytest.fixture(scope="session")
def classifier(source: Source) -> PreTrainedModel:
    """The untrained classifier, to predict with; a test that changes one loads its own."""
    return load_classifier(source, LEVELS).eval()
