"""Laws of importance: the numbers are Optuna's."""

from collections.abc import Callable
from random import Random

import pytest

from mag.compare.columns import Column
from mag.compare.importance import estimate_importances
from mag.compare.rows import Row

optuna = pytest.importorskip("optuna")
pytest.importorskip("sklearn")
MakeRow = Callable[..., Row]
METRIC = Column("results", "y")
KEYS = [Column("config", key) for key in ("x", "lr", "n", "kind")]


def make_rows(make_row: MakeRow, number: int = 60) -> list[Row]:
    """Return experiments at random points of a space of which `x` matters most and `kind` not at all."""
    random = Random(1)
    points = [
        {
            "x": random.random(),
            "lr": 10 ** random.uniform(-4, 0),
            "n": random.randint(1, 9),
            "kind": random.choice("ab"),
        }
        for _ in range(number)
    ]
    points[0] |= {"x": 0.0, "lr": 1e-4, "n": 1, "kind": "a"}
    points[1] |= {"x": 1.0, "lr": 1.0, "n": 9, "kind": "b"}
    return [make_row(p, {"y": 5 * float(str(p["x"])) + 0.1 * int(str(p["n"])) + float(str(p["lr"]))}) for p in points]


def test_shares_are_those_of_optuna(make_row: MakeRow) -> None:
    """They are what Optuna's evaluator says of a study of the same points."""
    rows = make_rows(make_row)
    distributions = {
        "0": optuna.distributions.FloatDistribution(0.0, 1.0),
        "1": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
        "2": optuna.distributions.IntDistribution(1, 9),
        "3": optuna.distributions.CategoricalDistribution(["'a'", "'b'"]),
    }
    study = optuna.create_study()
    for row in rows:
        params = {"0": row.config["x"], "1": row.config["lr"], "2": row.config["n"], "3": repr(row.config["kind"])}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=row.results["y"]))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    wanted = optuna.importance.get_param_importances(study, evaluator=evaluator)
    found = estimate_importances(rows, METRIC, KEYS)
    assert {str(KEYS.index(column)): share for column, share in found.shares.items()} == wanted
    assert next(iter(found.shares)) == KEYS[0]
    assert sum(found.shares.values()) == pytest.approx(1)


def test_keys_that_some_lack_are_named(make_row: MakeRow) -> None:
    """A key that only some experiments have is not compared; too few experiments say nothing."""
    rows = make_rows(make_row, 20)
    found = estimate_importances([*rows, make_row({"x": 0.5}, {"y": 1.0})], METRIC, KEYS)
    assert (list(found.shares), found.dropped, found.number) == ([KEYS[0]], tuple(KEYS[1:]), 21)
    assert estimate_importances(rows[:2], METRIC, KEYS).shares == {}
