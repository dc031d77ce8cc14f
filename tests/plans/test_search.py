"""Laws of searches: what is known counts, nothing is asked for twice, and a break changes nothing."""

import importlib.util
import math
import os
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mag.config.composition.programs import make_composer
from mag.config.identity import compute_identity
from mag.errors import SpaceError
from mag.plans.override_files import read_overrides
from mag.plans.plan import make_plan
from mag.plans.resolver import Resolver
from mag.plans.samplers.searchers import SEARCHERS, make_searcher
from mag.plans.search import Search, plan_search
from mag.plans.shapes import SpaceOptions, read_shape
from mag.record.paths import StorePaths
from mag.record.records import Record, Status, write_record
from mag.run.tasks import Outcome
from mag.settings import Settings

optuna = pytest.importorskip("optuna")
NEEDED = {"gp": "torch", "cmaes": "cmaes"}
Objective = Callable[[dict[str, float]], float]
SPACE = ("+x=interval(0,1)", "+y=log(1e-3,1)", "+kind=a,b,c")


@pytest.fixture(params=SEARCHERS)
def sampler(request: pytest.FixtureRequest) -> str:
    """Return the name of a sampler of which all parts are installed."""
    name = str(request.param)
    if name in NEEDED and importlib.util.find_spec(NEEDED[name]) is None:
        pytest.skip(f"{NEEDED[name]} is not installed")
    return name


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an empty folder the current one."""
    monkeypatch.chdir(tmp_path)


def open_search(overrides: tuple[str, ...] = SPACE, **shaping: Any) -> Search:
    """Return a search in the store `experiments`."""
    options: SpaceOptions = {"trials": 12, "metric": "loss", "direction": "min", **shaping}  # type: ignore[typeddict-item]
    shape = read_shape(options, None)
    composer = make_composer(None, None)
    known = read_overrides(overrides), composer, StorePaths("experiments"), Settings(), shape
    search = plan_search(*known, resolver=Resolver(), most=0).search
    assert isinstance(search, Search)
    return search


def measure(config: dict[str, float]) -> float:
    """Return how far a point is from the best one."""
    return (config["x"] - 0.3) ** 2 + (math.log10(config["y"]) + 2) ** 2 + 0.1 * ("abc".index(str(config["kind"])))


def run(search: Search, most: int = 1000, objective: Objective = measure) -> list[dict[str, float]]:
    """Run what a search asks for, one after the other, and return the configs."""
    configs: list[dict[str, float]] = []
    while len(configs) < most and (one := search.ask()) is not None:
        config = one.resolved
        loss = objective(config)
        paths = StorePaths("experiments").experiment(one.identifier)
        os.makedirs(paths.private, exist_ok=True)
        status: Status = "failed" if math.isnan(loss) else "completed"
        started = f"{len(os.listdir('experiments')):09}"
        record = Record(identity=one.identity, identifier=one.identifier, status=status, config=config, started=started)
        write_record(paths, record.replace(results={"loss": loss}, overrides=one.overrides), durable=False)
        search.tell(Outcome(one.index, one.identifier, status, results={"loss": loss}))
        configs.append(config)
    return configs


def test_nothing_is_asked_for_twice(sampler: str) -> None:
    """A search asks for as many points as it may, all different, and the same line again for none."""
    configs = run(open_search(sampler=sampler))
    assert len({repr(config) for config in configs}) == 12
    assert open_search(sampler=sampler).left == 0


def test_the_same_seed_asks_for_the_same(sampler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two searches of one seed and one history are alike, those of different seeds are not."""
    found = []
    for number, seed in enumerate((1, 1, 2)):
        (tmp_path / str(number)).mkdir()
        monkeypatch.chdir(tmp_path / str(number))
        found.append(run(open_search(sampler=sampler, seed=seed)))
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_break_changes_nothing(sampler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that begins again after each few points asks for what one without a break asks for."""
    whole = run(open_search(sampler=sampler, trials=20))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    pieces = [config for _ in range(4) for config in run(open_search(sampler=sampler, trials=20), most=5)]
    assert pieces == whole


def test_what_a_grid_ran_counts() -> None:
    """Experiments of a sweep before are known to a search of which they are points, and others are not."""
    grid = make_plan(
        read_overrides(["+x=0.1,0.2", "+y=0.01,2.0", "+kind=a"]),
        make_composer(None, None),
        StorePaths("experiments"),
        Settings(),
    )
    for one in grid:
        paths = StorePaths("experiments").experiment(one.identifier)
        os.makedirs(paths.private)
        record = Record(identity=one.identity, identifier=one.identifier, status="completed", config=one.resolved)
        write_record(paths, record.replace(results={"loss": 1.0}), durable=False)
    assert open_search().known == 2  # y = 2 is outside


def test_failures_and_nan_are_no_reason_to_stop() -> None:
    """What diverges is known, and not asked for again."""
    run(open_search(trials=8), objective=lambda config: math.nan if config["x"] > 0.5 else measure(config))
    assert open_search(trials=8).left == 0


def test_conditions_hold() -> None:
    """Points that a condition leaves out are not asked for."""
    assert all(config["x"] < config["y"] for config in run(open_search(where="x < y")))


def test_a_small_space_is_exhausted() -> None:
    """A search ends where there are no more points."""
    search = open_search(("+a=1,2", "+b=1,2"), where="a != b")
    assert len(run(search, objective=lambda config: config["a"])) == 2
    assert search.is_exhausted


def test_keys_that_only_one_grid_has(tmp_path: Path) -> None:
    """A space file's grids are searched together; a key of one of them alone is asked for there alone."""
    (tmp_path / "space.yaml").write_text(
        "grid:\n- {+kind: [svm], +C: 'log(0.1,10)'}\n- {+kind: [mlp], +width: 'int(interval(1,9))'}\n"
    )
    configs = run(open_search((), space="space.yaml", trials=15), objective=lambda config: config.get("C", 5.0))
    assert {frozenset(config) for config in configs} == {frozenset({"kind", "C"}), frozenset({"kind", "width"})}
    assert open_search((), space="space.yaml", trials=15).left == 0


def test_another_runner_s_results_are_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two searches of one store share their points: together they ask for as many as each alone."""
    monkeypatch.setattr("mag.plans.search._LOOK_SECONDS", -1.0)
    searches = [open_search(trials=10), open_search(trials=10, seed=7)]
    configs = [config for _ in range(10) for search in searches for config in run(search, most=1)]
    assert len({repr(config) for config in configs}) == len(configs) == 10


@pytest.mark.parametrize(
    ("shaping", "said"),
    [
        ({"metric": None}, "--metric accuracy"),
        ({"direction": None}, "--direction max"),
        ({"direction": "up"}, "--direction up is none"),
        ({"trials": None}, "--trials N"),
        ({"sample": 5}, "without --sample"),
        ({"zip": "x,y"}, "one by one"),
    ],
)
def test_what_cannot_be_searched(shaping: dict[str, Any], said: str) -> None:
    """What is missing, or does not go together, is named."""
    with pytest.raises(SpaceError, match=said):
        open_search(**shaping)


def test_a_metric_that_nobody_registered() -> None:
    """A metric that no finished experiment has is an error before anything starts."""
    run(open_search(), most=2)
    with pytest.raises(SpaceError, match="did you mean 'loss'"):
        open_search(metric="los")


def branin(config: dict[str, float]) -> float:
    """Return the function of Branin, whose minimum is 0.398."""
    x, y = 15 * config["u"] - 5, 15 * config["v"]
    return (
        (y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10
    )


def test_it_is_as_good_as_optuna_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over ten seeds the best of 30 trials is what Optuna's own loop finds, and better than random ones."""

    def search_with(sampler: str, seed: int) -> float:
        (tmp_path / f"{sampler}{seed}").mkdir()
        monkeypatch.chdir(tmp_path / f"{sampler}{seed}")
        search = open_search(("+u=interval(0,1)", "+v=interval(0,1)"), sampler=sampler, seed=seed, trials=30)
        return min(map(branin, run(search, objective=branin)))

    def search_alone(seed: int) -> float:
        study = optuna.create_study(sampler=make_searcher("tpe", str(seed)))
        study.optimize(lambda trial: branin({name: trial.suggest_float(name, 0, 1) for name in "uv"}), 30)
        return float(study.best_value)

    own = statistics.median(search_with("tpe", seed) for seed in range(10))
    alone = statistics.median(search_alone(seed) for seed in range(10))
    random = statistics.median(search_with("random", seed) for seed in range(10))
    assert own < random
    assert own < 2.5 * alone


def test_identities_of_its_points_are_those_of_the_commands() -> None:
    """A point is the experiment that `mag run` makes of the same values."""
    one = open_search().ask()
    assert one is not None
    assert one.identity == compute_identity(one.resolved)


def test_constraints_are_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search that is told of a constraint asks for more points that fulfil it than one that is not."""
    found = []
    for number, constraint in enumerate(((), ("x >= 0.6",))):
        (tmp_path / str(number)).mkdir()
        monkeypatch.chdir(tmp_path / str(number))
        configs = run(open_search(("+x=interval(0,1)",), trials=40, constraint=constraint), objective=lambda c: c["x"])
        found.append(sum(config["x"] >= 0.6 for config in configs[10:]))
    assert found[0] < 10
    assert found[1] > 15


def test_a_constraint_that_cannot_be_read_is_refused() -> None:
    """It compares two numbers; without a search there is nothing that could learn from it."""
    with pytest.raises(SpaceError, match="compares no two numbers"):
        open_search(constraint="latency")
    with pytest.raises(SpaceError, match="add --trials N"):
        read_shape({"constraint": ["latency < 1"]}, None)
