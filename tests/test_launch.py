"""How the program is started and what is read of it; notebook 11 starts it and kills it."""

import sys

import pytest

from helpers import launch
from helpers.launch import LaunchError, Run, finetune, kill_at

FAILS = [sys.executable, "-c", "import sys; sys.exit('There is no folder for the model')"]


def test_the_result_is_the_last_line_of_the_output():
    assert Run(0, 'first\n{"accuracy": 0.5}\n', "").result == {"accuracy": 0.5}


def test_a_program_that_fails_says_why():
    with pytest.raises(LaunchError, match=r"code 1:\nThere is no folder for the model"):
        finetune(program=FAILS[1:])


def test_a_program_that_ends_before_the_step_is_not_taken_for_killed(monkeypatch):
    monkeypatch.setattr(launch, "_command", lambda arguments: FAILS)
    with pytest.raises(LaunchError, match=r"ended before step 3:\nThere is no folder"):
        kill_at(3)


def test_another_program_is_started_in_place_of_the_course_s(tmp_path):
    program = tmp_path / "other.py"
    program.write_text("import json, sys\nprint(json.dumps({'arguments': sys.argv[1:]}))\n")
    run = finetune("--seed=1", program=[str(program)])
    assert run.result == {"arguments": ["--seed=1"]}


def test_another_program_is_what_a_launcher_starts():
    command = launch._command(("--seed=1",), ("torch.distributed.run", "--standalone"), ("x.py",))
    assert command[1:] == ["-m", "torch.distributed.run", "--standalone", "x.py", "--seed=1"]


def test_each_process_has_the_threads_that_were_asked_for(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert launch._environment(2)["OMP_NUM_THREADS"] == "2"
    assert launch._environment(None)["OMP_NUM_THREADS"] == "7"


def test_the_steps_of_the_training_are_told_from_those_of_an_evaluation():
    seen = b"\r  6%| | 1/18 [00:00<00:14]\r 11%| | 2/18 [00:01<00:13]\r 90%| | 9/10 [00:00<00:00]"
    assert launch._training_step(seen) == 2
    assert launch._training_step(b"loading") == 0
