"""Laws of pruning: Optuna's pruners decide, by what the store's files say."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from mag.errors import ResultError, UsageError
from mag.experiment import Experiment
from mag.record.pruning import PRUNERS, VARIABLE, PruningRule, find_rule, make_pruner
from mag.record.store import Store

optuna = pytest.importorskip("optuna")
CURVES = [[1 / (step + 1) + offset for step in range(12)] for offset in (3, 1, 2, 5, 4, 0, 6, 0.5, 7)]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an empty folder the current one."""
    monkeypatch.chdir(tmp_path)


def run(number: int, losses: Sequence[float]) -> int:
    """Run an experiment that logs these values, and return after how many it was told to stop."""
    with Experiment(config={"number": number}, if_exists="rerun") as experiment:
        for step, loss in enumerate(losses):
            experiment.log_metrics(step=step, loss=loss)
            if experiment.should_stop():
                return step + 1
    return len(losses)


def run_by_optuna(pruner: str, *, maximize: bool, sign: int) -> list[int]:
    """Return after how many values Optuna itself stops each curve."""
    study = optuna.create_study(direction="maximize" if maximize else "minimize", pruner=make_pruner(pruner))
    lengths = []
    for losses in CURVES:
        trial = study.ask()
        for step, loss in enumerate(losses):
            trial.report(sign * loss, step)
            if trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, sign * losses[-1])
        lengths.append(step + 1)
    return lengths


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("pruner", PRUNERS)
def test_decides_as_optuna_does(pruner: str, maximize: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of experiments that run one after the other, those are stopped, and then, that Optuna stops in its own study."""
    sign = -1 if maximize else 1
    monkeypatch.setenv(VARIABLE, PruningRule(pruner, "loss", maximize).write())
    lengths = [run(number, [sign * loss for loss in losses]) for number, losses in enumerate(CURVES)]
    assert lengths == run_by_optuna(pruner, maximize=maximize, sign=sign)
    stopped = {int(one.name) for one in Store("experiments") if one.status == "pruned"}
    assert stopped == {number for number, length in enumerate(lengths) if length < len(CURVES[0])} != set()


def test_nothing_is_pruned_without_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of a sweep with a pruner, also with a variable that is no rule, no experiment is told to stop."""
    assert [run(number, losses) for number, losses in enumerate(CURVES)] == [12] * len(CURVES)
    monkeypatch.setenv(VARIABLE, '{"pruner": 1}')
    assert find_rule() is None


def test_a_metric_that_is_not_logged_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the sweep looks at must be among what is logged: else nothing would ever be pruned."""
    monkeypatch.setenv(VARIABLE, PruningRule("median", "accuracy", maximize=True).write())
    with pytest.raises(ResultError, match="'accuracy', which --metric names, is not among"):
        run(1, [0.5])


def test_garbled_lines_and_records_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another experiment could not write whole, or somebody crafted, ends no experiment."""
    for number in range(3):
        run(number, [1.0])
        metrics = Path(f"experiments/{number}/metrics.jsonl")
        lines = ["[1]", "{", json.dumps({"step": "x", "loss": 1}), json.dumps({"step": -1, "loss": "nan"})]
        metrics.write_text("\n".join(lines) + "\n")
    Path("experiments/0/.mag/record.json").write_text("{")
    monkeypatch.setenv(VARIABLE, PruningRule("halving", "loss", maximize=False).write())
    assert run(7, [1.0, 2.0]) in {1, 2}


def test_an_unknown_pruner_is_refused() -> None:
    """The nearest is named."""
    with pytest.raises(UsageError, match="did you mean median"):
        make_pruner("medain")
