"""Laws of `--stop-if`: what an experiment logs may end it, and a condition that asks in vain is told."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.disk import values
from mag.errors import UsageError
from mag.record.records import Record
from mag.run.stop_condition import StopCondition, check_condition

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]
APP = """\
import time
import mag

@mag.main
def train(config, experiment):
    for step in range(3):
        loss = float("nan") if config.bad and step else 0.5
        experiment.log_metrics(step=step, loss=loss)
    if config.bad:
        time.sleep(60)
"""


def log(path: Path, *lines: dict[str, Any]) -> None:
    """Append lines to a metrics file, as `log_metrics` does."""
    with path.open("a") as file:
        file.writelines(json.dumps(values.encode(line)) + "\n" for line in lines)


def follow(path: Path, text: str, *lines: dict[str, Any]) -> StopCondition:
    """Return a condition that has not looked yet at a file of these lines."""
    log(path, *lines)
    return StopCondition(text, str(path))


def test_ends_the_experiment_alone(project: Path, mag: Mag, read: Read) -> None:
    """Whose metrics fulfil the condition is ended and failed, and its record says which condition and which values."""
    (project / "train.py").write_text(APP)
    done = mag("sweep", "+bad=true,false", "--stop-if", "loss is nan", "--retries", "3")
    record = read("bad")

    assert (done.returncode, record.status, record.attempt, read("no_bad").status) == (1, "failed", 1, "completed")
    assert record.error == {"type": "stop-if", "message": "loss is nan (loss=nan, step=1)", "where": None}
    assert "stop-if: loss is nan (loss=nan, step=1)" in done.stderr


def test_what_an_earlier_attempt_logged_does_not_count(project: Path, mag: Mag) -> None:
    """Once the fault is mended the experiment completes, and its metrics are those of the last attempt alone."""
    (project / "train.py").write_text(APP)
    assert mag("sweep", "+bad=true", "--stop-if", "loss is nan").returncode == 1
    (project / "train.py").write_text(APP.replace("config.bad", "False"))
    done = mag("sweep", "+bad=true", "--stop-if", "loss is nan")

    assert (done.returncode, "held" in done.stderr) == (0, False)
    assert len(Path("experiments", "bad", "metrics.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_a_metric_that_never_came(project: Path, mag: Mag, command: str) -> None:
    """At the end it is said which metric was never logged, and what was meant; the advice is right."""
    (project / "train.py").write_text(APP)
    done = mag(command, "+bad=false", "--stop-if", "los is nan")

    assert done.returncode == 0
    assert (
        "1 experiment: --stop-if 'los is nan' asks for los, which was never logged; did you mean loss?" in done.stderr
    )
    assert "--stop-if" not in mag(command, "+bad=false", "--force", "--stop-if", "loss is nan").stderr


@pytest.mark.parametrize("text", ["loss <", "loss == nan", "1 > 2", "", "f(loss)"])
def test_mistakes(project: Path, mag: Mag, text: str) -> None:
    """A condition that cannot be read, or names no metric, is exit status 2 before anything starts."""
    done = mag("sweep", "C=1,2", "--stop-if", text)

    assert (done.returncode, "--stop-if" in done.stderr, (project / "experiments").exists()) == (2, True, False)


@given(losses=st.lists(st.floats(), max_size=8), cuts=st.lists(st.integers(0, 400), max_size=4))
def test_however_the_file_grows(tmp_path_factory: pytest.TempPathFactory, losses: list[float], cuts: list[int]) -> None:
    """It holds if one of the lines fulfils it, wherever the file was cut off at each look."""
    path = tmp_path_factory.mktemp("metrics") / "metrics.jsonl"
    content = "".join(json.dumps({"loss": values.encode(each)}) + "\n" for each in losses).encode()
    condition = StopCondition("not isfinite(loss) or loss > 1e6", str(path))
    found = False
    for end in [*sorted(min(cut, len(content)) for cut in cuts), len(content)]:
        path.write_bytes(content[:end])
        found = condition.look()

    assert found == any(not each <= 1e6 or each == float("-inf") for each in losses)


def test_values_are_those_logged_last(tmp_path: Path) -> None:
    """Metrics that are logged in lines of their own are looked at together, each with its latest value."""
    condition = follow(tmp_path / "m", "step > 100 and accuracy < 0.2", {"step": 101}, {"accuracy": 0.9})
    assert not condition.look()
    log(tmp_path / "m", {"accuracy": 0.1})

    assert condition.look()
    assert condition.describe() == "step > 100 and accuracy < 0.2 (step=101, accuracy=0.1)"


@pytest.mark.parametrize("text", ["not isfinite(loss)", "phase != 'train'", "not (loss < 1)"])
def test_what_was_not_logged_yet_decides_nothing(tmp_path: Path, text: str) -> None:
    """A condition is looked at from when its metrics have been logged; of an `or` each part by itself."""
    assert not follow(tmp_path / "m", text, {"step": 1}).look()
    assert StopCondition(f"{text} or step == 1", str(tmp_path / "m")).look()


def test_nested_metrics(tmp_path: Path) -> None:
    """A value inside of a logged dict has a dotted name."""
    assert follow(tmp_path / "m", "val.loss > 1", {"val": {"loss": 2}}).look()


def test_a_condition_that_cannot_be_decided(tmp_path: Path) -> None:
    """Values that do not go together end nothing, and are told."""
    condition = follow(tmp_path / "m", "loss > 1", {"loss": "high"})

    assert not condition.look()
    assert "could not be decided: 'high' and 1 cannot be ordered" in (condition.remark(completed=False) or "")


def test_a_condition_that_held_too_late(tmp_path: Path) -> None:
    """An experiment that completed all the same stays completed, and that is told."""
    assert "held, but" in (follow(tmp_path / "m", "loss > 1", {"loss": 2}).remark(completed=True) or "")


def test_a_condition_without_metrics() -> None:
    """The error shows how one is written."""
    with pytest.raises(UsageError, match="'loss is nan'"):
        check_condition("1 > 2")
    assert check_condition("loss is nan").keys == ("loss",)


def test_a_word_is_a_metric_that_may_come(tmp_path: Path) -> None:
    """A single word waits to be logged; where it never is, the remark says how to write a text."""
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"phase": "warm", "loss": "nan"}\n')
    word = StopCondition("phase == warm", str(path))
    assert not word.look()
    assert 'if the text is meant write "warm"' in (word.remark(completed=True) or "")
    for text in ('phase == "warm"', "phase=warm", "phase=w*", "loss=nan"):
        assert StopCondition(text, str(path)).look()
