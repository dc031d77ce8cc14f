"""A search is as good as Optuna's own loop: on standard functions, the best values over 20 seeds are alike."""

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mag.config.composition.programs import make_composer
from mag.plans.override_files import read_overrides
from mag.plans.resolver import Resolver
from mag.plans.samplers.searchers import make_searcher
from mag.plans.search import Search, plan_search
from mag.plans.shapes import read_shape
from mag.record.paths import StorePaths
from mag.run.tasks import Outcome
from mag.settings import Settings

optuna = pytest.importorskip("optuna")
stats = pytest.importorskip("scipy.stats")
TRIALS = 30


def rosenbrock(point: dict[str, Any]) -> float:
    """Return the value of the banana valley, on the unit square."""
    x, y = 4 * point["u"] - 2, 4 * point["v"] - 1
    return math.log1p((1 - x) ** 2 + 100 * (y - x * x) ** 2)


def mixed(point: dict[str, Any]) -> float:
    """Return a value that depends on a kind, too."""
    u, v, kind = float(point["u"]), float(point["v"]), "abc".index(point["kind"])
    return (u - 0.2 * kind) ** 2 + abs(v - 0.7) + 0.1 * (kind == 0)


def noisy(point: dict[str, Any]) -> float:
    """Return a value with noise, always the same for a point."""
    return float((point["u"] - 0.3) ** 2 + (point["v"] - 0.6) ** 2) + random.Random(repr(point)).gauss(0, 0.02)


def search(objective: Callable[[dict[str, Any]], float], seed: int, trials: int = TRIALS) -> float:
    """Return the best value that a search finds."""
    texts = ["+u=interval(0,1)", "+v=interval(0,1)", *(["+kind=a,b,c"] if objective is mixed else [])]
    shape = read_shape({"trials": trials, "metric": "loss", "direction": "min", "seed": seed}, None)
    known = read_overrides(texts), make_composer(None, None), StorePaths("nowhere"), Settings(), shape
    asking = plan_search(*known, resolver=Resolver(), most=0).search
    assert isinstance(asking, Search)
    losses = []
    while (one := asking.ask()) is not None:
        losses.append(objective(one.resolved))
        asking.tell(Outcome(one.index, one.identifier, "completed", results={"loss": losses[-1]}))
    return min(losses)


def search_alone(objective: Callable[[dict[str, Any]], float], seed: int) -> float:
    """Return the best value that Optuna's own loop finds."""

    def measure(trial: Any) -> float:
        point = {name: trial.suggest_float(name, 0, 1) for name in "uv"}
        if objective is mixed:
            point["kind"] = trial.suggest_categorical("kind", ["a", "b", "c"])
        return objective(point)

    study = optuna.create_study(sampler=make_searcher("tpe", str(seed)))
    study.optimize(measure, TRIALS)
    return float(study.best_value)


@pytest.mark.torture
@pytest.mark.parametrize("objective", [rosenbrock, mixed, noisy])
def test_the_best_values_are_alike(
    objective: Callable[[dict[str, Any]], float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A two-sided rank test does not tell the searches of 20 seeds from Optuna's own."""
    monkeypatch.chdir(tmp_path)
    own = [search(objective, seed) for seed in range(20)]
    alone = [search_alone(objective, seed) for seed in range(100, 120)]
    assert stats.mannwhitneyu(own, alone).pvalue > 0.01
