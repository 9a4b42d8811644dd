"""Weights stored in 8 bits: a quarter of the space, and nearly the same logits."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from transformers import BertConfig, BertForSequenceClassification, set_seed

from course.publish.eight_bit_weights import (
    embedding_tables,
    in_eight_bits,
    is_large_matrix,
    store_in_eight_bits,
)
from helpers.onnx_export import export_onnx

TABLE = "bert.embeddings.word_embeddings.weight"


@pytest.fixture(scope="module")
def exported(tokenizer, tmp_path_factory) -> bytes:
    set_seed(0)
    sizes = {"hidden_size": 128, "intermediate_size": 256, "num_attention_heads": 2}
    config = BertConfig(vocab_size=tokenizer.vocab_size, num_hidden_layers=2, num_labels=5, **sizes)
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export_onnx(BertForSequenceClassification(config), tokenizer, path)
    return path.read_bytes()


@pytest.fixture
def model(exported) -> onnx.ModelProto:
    return onnx.load_from_string(exported)


def logits(model: bytes, tokenizer, text: str) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(["logits"], dict(tokenizer(text, return_tensors="np")))[0]


def test_a_quarter_of_the_space_gives_nearly_the_same_logits(model, exported, tokenizer):
    store_in_eight_bits(model)
    smaller = model.SerializeToString()
    assert len(smaller) < 0.27 * len(exported)
    for text in ("good", "a long and winding film about nothing at all"):
        exact = logits(exported, tokenizer, text)
        assert logits(smaller, tokenizer, text) == pytest.approx(exact, abs=0.01)
        assert (logits(smaller, tokenizer, text) != exact).any()


def test_rows_of_embeddings_stay_integers_until_they_are_looked_up(model):
    assert TABLE in embedding_tables(model.graph)
    store_in_eight_bits(model)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    assert tensors[f"{TABLE}:integers"].data_type == TensorProto.INT8
    (reader,) = [node for node in model.graph.node if f"{TABLE}:integers" in node.input]
    assert reader.op_type == "Gather"


def test_a_table_that_is_also_multiplied_by_is_stored_like_any_matrix(model, tokenizer):
    tied = onnx.helper.make_node("Transpose", [TABLE], ["turned"])
    model.graph.node.append(tied)
    assert TABLE not in embedding_tables(model.graph)
    exact = logits(model.SerializeToString(), tokenizer, "good")
    store_in_eight_bits(model)
    assert logits(model.SerializeToString(), tokenizer, "good") == pytest.approx(exact, abs=0.01)


def test_a_column_of_zeros_stays_one(model, tokenizer):
    for tensor in model.graph.initializer:
        if tensor.name == TABLE:
            tensor.raw_data = bytes(len(tensor.raw_data))
    store_in_eight_bits(model)
    assert np.isfinite(logits(model.SerializeToString(), tokenizer, "good")).all()


@pytest.mark.parametrize(
    ("by_row", "integers", "scales"),
    [
        (True, [[127, -64], [0, 0], [6, 127]], [[0.5], [1], [2]]),
        (False, [[127, -16], [0, 0], [25, 127]], [[0.5, 2]]),
    ],
    ids=["by row", "by column"],
)
def test_the_largest_number_of_a_row_or_column_becomes_127(by_row, integers, scales):
    matrix = np.array([[63.5, -32], [0, 0], [12.5, 254]], dtype=np.float32)
    stored = in_eight_bits(numpy_helper.from_array(matrix, "m"), by_row)
    assert [tensor.name for tensor in stored] == ["m:integers", "m:scales"]
    found, factors = map(numpy_helper.to_array, stored)
    assert (found.dtype, factors.dtype) == (np.int8, np.float32)
    assert found.tolist() == integers
    assert factors.tolist() == scales


@pytest.mark.parametrize(
    ("shape", "kind", "large"),
    [
        ((100, 100), np.float32, True),
        ((99, 101), np.float32, False),
        ((10_000,), np.float32, False),
        ((10, 10, 100), np.float32, False),
        ((100, 100), np.int64, False),
    ],
)
def test_only_a_large_matrix_is_stored_so(shape, kind, large):
    tensor = numpy_helper.from_array(np.zeros(shape, dtype=kind), "m")
    assert is_large_matrix(tensor) == large


@pytest.mark.parametrize(
    ("inputs", "axis", "is_table"),
    [
        (["m", "ids"], {}, True),
        (["m", "ids"], {"axis": 0}, True),
        (["m", "ids"], {"axis": 1}, False),
        (["other", "m"], {}, False),
    ],
)
def test_a_table_is_what_only_rows_are_looked_up_in(inputs, axis, is_table):
    table = numpy_helper.from_array(np.zeros((100, 100), dtype=np.float32), "m")
    node = helper.make_node("Gather", inputs, ["rows"], **axis)
    graph = helper.make_graph([node], "g", [], [], initializer=[table])
    assert embedding_tables(graph) == ({"m"} if is_table else set())
