import numpy as np
import onnxruntime
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, set_seed

from helpers.onnx_export import export_onnx


@pytest.fixture(scope="module")
def model(tokenizer):
    set_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2}
    config = BertConfig(vocab_size=tokenizer.vocab_size, num_hidden_layers=2, num_labels=5, **sizes)
    return BertForSequenceClassification(config).eval()


@pytest.fixture(scope="module")
def session(model, tokenizer, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export_onnx(model, tokenizer, path)
    assert [file.name for file in path.parent.iterdir()] == ["model.onnx"]
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    "texts",
    [["good"], ["dull " * 400, "not very long"], ["one", "two words", "and three words"] * 11],
    ids=["one text", "padded to 402 tokens", "a batch of 33"],
)
def test_the_file_computes_the_same_logits(model, tokenizer, session, texts):
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    names = {entry.name for entry in session.get_inputs()}
    assert names == set(batch)
    [theirs] = session.run(["logits"], {name: batch[name].numpy() for name in names})
    with torch.inference_mode():
        ours = model(**batch).logits.numpy()
    assert theirs.shape == (len(texts), 5)
    assert np.abs(theirs - ours).max() < 1e-5
