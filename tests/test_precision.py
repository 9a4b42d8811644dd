import pytest
import torch

from helpers.precision import cpu_has_bfloat16_units, fast_precision
from helpers.training import _fast_arguments, training_arguments


@pytest.fixture
def machine(monkeypatch):
    """Pretend to have a machine of some kind."""

    def pretend(
        cpu: dict[str, bool], gpu: bool = False, gpu_bfloat16: bool = False, mps: bool = False
    ) -> None:
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: cpu)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: gpu_bfloat16)

    return pretend


@pytest.mark.parametrize("unit", ["avx512_bf16", "amx_bf16"])
def test_a_cpu_with_bfloat16_units_computes_in_bfloat16(machine, unit):
    machine({"avx2": True, unit: True})
    assert cpu_has_bfloat16_units()
    assert fast_precision() == "bfloat16"


def test_a_cpu_without_units_never_computes_in_bfloat16(machine, source, tmp_path):
    machine({"avx2": True, "avx512_f": True, "avx512_bf16": False})
    assert fast_precision() == "float32"
    arguments = training_arguments(source, tmp_path, fast=True)
    assert (arguments.bf16, arguments.fp16, arguments.use_cpu) == (False, False, True)


@pytest.mark.parametrize(("bfloat16", "precision"), [(True, "bfloat16"), (False, "float16")])
def test_a_gpu_computes_in_half_precision(machine, bfloat16, precision):
    machine({}, gpu=True, gpu_bfloat16=bfloat16)
    assert fast_precision() == precision


@pytest.mark.parametrize("bfloat16", [True, False])
def test_fast_arguments_use_a_gpu_in_half_precision(machine, bfloat16):
    machine({}, gpu=True, gpu_bfloat16=bfloat16)
    # Not as TrainingArguments, which look for the GPU themselves.
    arguments = _fast_arguments()
    assert (arguments["use_cpu"], arguments["dataloader_pin_memory"]) == (False, True)
    assert (arguments["bf16"], arguments["fp16"]) == (bfloat16, not bfloat16)
    assert arguments["optim"] == "adamw_torch_fused"
    assert arguments["per_device_eval_batch_size"] == 64


def test_fast_arguments_choose_bfloat16_where_there_are_units(machine, source, tmp_path):
    machine({"amx_bf16": True})
    assert training_arguments(source, tmp_path, fast=True).bf16


@pytest.mark.parametrize(("switch", "stays_on_the_cpu"), [("1", False), ("", True)])
def test_a_mac_s_gpu_is_used_only_if_asked_for(
    machine, source, tmp_path, monkeypatch, switch, stays_on_the_cpu
):
    machine({"asimd": True}, mps=True)
    monkeypatch.setenv("COURSE_MPS", switch)
    arguments = training_arguments(source, tmp_path, fast=True)
    assert (arguments.use_cpu, arguments.bf16) == (stays_on_the_cpu, False)


def test_what_is_asked_for_comes_before_what_is_fast(machine, source, tmp_path):
    machine({"amx_bf16": True})
    assert not training_arguments(source, tmp_path, fast=True, bf16=False).bf16


def test_without_fast_the_arguments_are_the_same_on_every_machine(machine, source, tmp_path):
    machine({"amx_bf16": True})
    arguments = training_arguments(source, tmp_path)
    assert (arguments.bf16, arguments.use_cpu) == (False, True)
