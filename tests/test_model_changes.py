"""What notebook 13 changes in a model: pooling, LoRA, layer-wise rates, a remembered lower half."""

import pytest
import torch
from datasets import Dataset
from transformers import BertConfig, BertForSequenceClassification

from helpers.layer_rates import layer_rates
from helpers.lora import add_lora
from helpers.lower_half import lower_half_outputs, remember_lower_half
from helpers.pooling import MeanPooledClassifier, mean_pool
from helpers.training import freeze_lower_layers

WIDTH, LAYERS, RANK = 16, 4, 2
IDS = torch.tensor([[5, 6, 7, 8], [9, 4, 0, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])


@pytest.fixture
def model() -> BertForSequenceClassification:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=32,
        num_labels=5,
    )
    return BertForSequenceClassification(config).eval()


def test_the_mean_leaves_out_padding():
    hidden = torch.tensor([[[1.0], [3.0], [100.0]]])
    assert mean_pool(hidden, torch.tensor([[1, 1, 0]])).tolist() == [[2.0]]


def test_a_mean_pooled_classifier_gives_a_text_the_same_logits_with_padding_and_without(model):
    pooled = MeanPooledClassifier(model)
    alone = pooled(IDS[1:, :2], MASK[1:, :2])["logits"]
    assert torch.allclose(pooled(IDS, MASK)["logits"][1:], alone, atol=1e-6)


def test_lora_changes_nothing_before_training(model):
    before = model(IDS, MASK).logits
    add_lora(model, RANK)
    assert torch.equal(model(IDS, MASK).logits, before)


def test_lora_trains_two_narrow_matrices_a_layer_for_query_and_value_and_the_head(model):
    add_lora(model, RANK)
    paths = LAYERS * 2 * (WIDTH * RANK + RANK * WIDTH)
    pooler, head = WIDTH * WIDTH + WIDTH, WIDTH * 5 + 5
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trained == paths + pooler + head


def test_a_step_with_lora_changes_the_logits_and_no_pretrained_matrix(model):
    before = {name: p.clone() for name, p in model.base_model.encoder.named_parameters()}
    logits = model(IDS, MASK).logits
    add_lora(model, RANK)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        torch.nn.functional.cross_entropy(model(IDS, MASK).logits, torch.tensor([0, 4])).backward()
        optimizer.step()
    assert not torch.equal(model(IDS, MASK).logits, logits)
    after = dict(model.base_model.encoder.named_parameters())
    for name, weight in before.items():
        kept = after.get(name)
        if kept is None:
            part, kind = name.rsplit(".", 1)
            kept = after[f"{part}.linear.{kind}"]
        assert torch.equal(weight, kept), name


def test_the_rate_falls_from_the_head_to_the_embeddings_and_no_parameter_is_left_out(model):
    groups = layer_rates(model, rate=1.0, head_rate=10.0, decay=0.5)
    assert [group["lr"] for group in groups] == [10.0, 1.0, 0.5, 0.25, 0.125, 0.0625]
    embedding = model.base_model.embeddings.word_embeddings.weight
    assert any(embedding is parameter for parameter in groups[-1]["params"])
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(grouped) == sorted(map(id, model.parameters()))


def test_a_remembered_lower_half_gives_the_same_logits_and_the_same_gradients(model):
    rows = Dataset.from_dict({"input_ids": [[5, 6, 7, 8], [9, 4]]})
    remembered = lower_half_outputs(model, 2, [rows])
    freeze_lower_layers(model, 2)
    whole = model(IDS, MASK).logits
    whole.sum().backward()
    gradient = model.base_model.encoder.layer[2].output.dense.weight.grad.clone()
    model.zero_grad()
    remember_lower_half(model, 2, remembered)
    upper = model(IDS, MASK).logits
    upper.sum().backward()
    assert torch.allclose(upper, whole, atol=1e-6)
    assert len(model.base_model.encoder.layer) == LAYERS - 2
    found = model.base_model.encoder.layer[0].output.dense.weight.grad
    assert torch.allclose(found, gradient, atol=1e-5)
