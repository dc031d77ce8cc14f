"""Laws of plans: which points of a space are planned, under which names, and what they keep."""

import itertools
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mag
from mag.config.identity import compute_identity
from mag.errors import ConfigError, MagError, SpaceError

Plan = Callable[..., list[dict[str, Any]]]
KEYS = ("C", "gamma", "seed")
SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))
MODELS = {"svm": "kernel: rbf\nC: 1\n", "mlp": "hidden: 8\n"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of configs: three values, and a group of two models of different keys."""
    folder = tmp_path_factory.mktemp("configs")
    (folder / "config.yaml").write_text("defaults: [model: svm, _self_]\nC: 1\ngamma: 0.5\nseed: 0\n_device: cpu\n")
    (folder / "model").mkdir()
    for name, text in MODELS.items():
        (folder / "model" / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def plan(folder: Path) -> Plan:
    """Return a function that plans, and returns the configs."""

    def plan_configs(*texts: str, **shaping: Any) -> list[dict[str, Any]]:
        return [each.resolved for each in mag.plan(texts, config_path=folder, experiments_dir="nowhere", **shaping)]

    return plan_configs


def sweep(sizes: tuple[int, int, int]) -> list[str]:
    """Return overrides of so many values of each key."""
    return [f"{key}=range({size})" for key, size in zip(KEYS, sizes, strict=True)]


def values(configs: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return the swept values of configs."""
    return [tuple(config[key] for key in KEYS) for config in configs]


def product(sizes: tuple[int, int, int]) -> list[tuple[int, ...]]:
    """Return every combination, in order."""
    return list(itertools.product(*map(range, sizes)))


@given(SIZES)
def test_the_grid_is_the_product(plan: Plan, sizes: tuple[int, int, int]) -> None:
    """Every combination is planned once, in order of first appearance, the last key fastest."""
    assert values(plan(*sweep(sizes))) == product(sizes)


@given(SIZES, st.integers(0, 3), st.integers(0, 3))
def test_where_is_its_definition(plan: Plan, sizes: tuple[int, int, int], low: int, other: int) -> None:
    """What is planned is what fulfils all conditions, in the same order."""
    kept = [(c, g, s) for c, g, s in product(sizes) if c >= low and (g != s or c == other)]
    wheres = [f"C >= {low}", f"gamma != seed or C == {other}"]
    if kept:
        assert values(plan(*sweep(sizes), where=wheres)) == kept
        return
    with pytest.raises(SpaceError, match="no point is left"):
        plan(*sweep(sizes), where=wheres)


@given(SIZES, SIZES)
def test_exclude_is_its_definition(plan: Plan, sizes: tuple[int, int, int], out: tuple[int, int, int]) -> None:
    """What is planned is all but the points that have every one of the values."""
    kept = [point for point in product(sizes) if point[:2] != out[:2] and point[2] != out[2]]
    excludes = [f"C={out[0]},gamma={out[1]}", f"seed={out[2]}"]
    if kept:
        assert values(plan(*sweep(sizes), exclude=excludes)) == kept


@given(st.integers(1, 4), st.integers(1, 3))
def test_zip_is_its_definition(plan: Plan, zipped: int, other: int) -> None:
    """Zipped keys advance together, crossed with the others."""
    expected = [(value, value, s) for value in range(zipped) for s in range(other)]
    assert values(plan(*sweep((zipped, zipped, other)), zip="C,gamma")) == expected


@given(SIZES, st.integers(1, 60), st.integers(0, 5), st.booleans())
def test_sample_is_a_subset(plan: Plan, sizes: tuple[int, int, int], count: int, seed: int, filtered: bool) -> None:
    """A sample is as many different points of those that pass as were asked for, the same ones for the same seed."""
    where = ["gamma <= C"] if filtered else []
    survivors = {point for point in product(sizes) if not filtered or point[1] <= point[0]}
    drawn = values(plan(*sweep(sizes), where=where, sample=count, seed=seed))
    assert len(drawn) == len(set(drawn)) == min(count, len(survivors))
    assert set(drawn) <= survivors
    assert drawn == values(plan(*sweep(sizes), where=where, sample=count, seed=seed))


def test_a_larger_sample_begins_with_the_smaller(plan: Plan) -> None:
    """More of the same sample are planned after those that were, so that nothing is run in vain; the seed is 0."""
    few = values(plan(*sweep((4, 4, 3)), sample=5))
    assert values(plan(*sweep((4, 4, 3)), sample=9, seed=0))[:5] == few
    assert values(plan(*sweep((4, 4, 3)), sample=5, seed=1)) != few


def test_sample_is_uniform(plan: Plan) -> None:
    """Over many seeds every point that passes is drawn about equally often."""
    counts = dict.fromkeys([(0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 1, 0), (1, 1, 0), (2, 2, 0)], 0)
    for seed in range(300):
        for point in values(plan(*sweep((3, 3, 1)), where="gamma <= C", sample=2, seed=seed)):
            counts[point] += 1
    assert all(70 < count < 130 for count in counts.values())  # 100 expected, deviation 8


def test_a_sample_of_a_huge_space_comes_at_once(plan: Plan) -> None:
    """A thousand of a billion points are planned in well under the time that counting them would take."""
    began = time.process_time()
    drawn = values(plan(*sweep((1000, 1000, 1000)), sample=1000))
    assert len(set(drawn)) == 1000
    assert time.process_time() - began < 5


def test_a_sample_that_hardly_anything_passes(plan: Plan) -> None:
    """Where so few points pass that a sample would take too long to find, the error says how many were found."""
    with pytest.raises(SpaceError, match=r"of 100,\d\d\d points drawn at random none passed the filters"):
        plan(*sweep((1000, 1000, 1000)), sample=3, where="C == 1 and gamma == 2 and seed == 3")


def test_conditional_keys(plan: Plan, tmp_path: Path) -> None:
    """One file sweeps each model over the keys that it alone has; what a point does not have is null."""
    text = "grid: [{model: svm, model.C: [1, 2]}, {model: mlp, model.hidden: [8, 16]}]"
    (tmp_path / "s.yaml").write_text(text)
    space = tmp_path / "s.yaml"
    assert [config["model"] for config in plan(space=space)] == [
        {"kernel": "rbf", "C": 1},
        {"kernel": "rbf", "C": 2},
        {"hidden": 8},
        {"hidden": 16},
    ]
    assert [c["model"] for c in plan(space=space, where="model.hidden > 8")] == [{"hidden": 16}]
    assert len(plan(space=space, where="not model.hidden > 8")) == 3
    assert len(plan(space=space, where="model.hidden == null")) == 2
    assert len(plan(space=space, exclude="model.hidden=null")) == 2
    assert len(plan("seed=1,2", space=space, where="model.kernel")) == 4


def test_groups_are_keys(plan: Plan) -> None:
    """A group's name stands for the option that is chosen, where no value has that name."""
    assert [config["model"] for config in plan("model=svm,mlp", where='model == "mlp"')] == [{"hidden": 8}]
    assert [config["model"] for config in plan("model=svm,mlp", exclude="model=svm")] == [{"hidden": 8}]


def test_what_cannot_be_composed_may_be_filtered_out(plan: Plan) -> None:
    """A point that cannot be composed is an error, unless what was typed for it is filtered out anyway."""
    sweeps = ["model=svm,mlp", "model.hidden=1,2"]
    assert [c["model"] for c in plan(*sweeps, exclude="model=svm")] == [{"hidden": 1}, {"hidden": 2}]
    assert len(plan(*sweeps, where='model != "svm"')) == 2
    with pytest.raises(ConfigError, match=r"there is no key model\.hidden"):
        plan(*sweeps, where="model.hidden > 1")


@pytest.mark.parametrize(
    ("shaping", "said"),
    [
        ({"where": "C > 5"}, "no point is left: --where 'C > 5' leaves out all 2"),
        (
            {"exclude": ["C=1", "C=2"]},
            "'C=1' leaves out 1 and --exclude 'C=2' leaves out 1; each leaves some",
        ),
        ({"where": ["C > 1", "C < 2"]}, "together they leave none"),
        ({"where": "CC > 1"}, "--where 'CC > 1': no point has a key CC, did you mean C?"),
        (
            {"where": "x or true"},
            """no point has a key x; if the text is meant type --where '"x" or true'; there are: C, """,
        ),
        ({"where": "C == rbf"}, "no point is left: --where 'C == rbf' leaves out all"),
        ({"where": "C=rbf"}, "no point is left: --where 'C=rbf' leaves out all"),
        ({"exclude": "model.hiden=1"}, "no point has a key model.hiden"),
        ({"exclude": "CC=1", "sample": 1}, "no point has a key CC"),
        ({"where": 'C < "a"'}, "cannot be decided for the point 'C=1': 1 and 'a' cannot be ordered"),
    ],
)
def test_refused_filters(plan: Plan, shaping: dict[str, Any], said: str) -> None:
    """Filters that leave nothing, contradict, or ask for keys that no point has are refused."""
    with pytest.raises(SpaceError) as error:
        plan("C=1,2", **shaping)
    assert said in str(error.value)


def test_one_filter_may_guard_another(plan: Plan) -> None:
    """What one filter leaves out need not be decided by the others, in whichever order they stand."""
    for wheres in (["C != a", "C > 1"], ["C > 1", "C != a"]):
        quoted = [where.replace("a", '"a"') for where in wheres]
        assert [config["C"] for config in plan("C=1,2,a", where=quoted)] == [2]


def test_a_key_of_points_that_were_not_drawn(plan: Plan) -> None:
    """A key that only points have which were not drawn is known all the same."""
    assert len(plan("model=svm,mlp", "seed=range(500)", sample=1, where="not model.hidden > 5000")) == 1
    for seed in range(5):
        assert len(plan("model=svm,mlp", sample=1, seed=seed, where="not model.hidden > 5000")) == 1


def test_duplicates(folder: Path) -> None:
    """The same experiment, asked for more than once, is planned once, and counted."""
    planned = mag.plan(["C=1,1,2", "gamma=1,1.0"], config_path=folder)
    assert [each.overrides for each in planned] == [("C=1", "gamma=1"), ("C=2", "gamma=1")]
    assert planned.duplicates == 4


def test_counts(folder: Path) -> None:
    """A plan tells how many points filters left out, and how many a sample lacks."""
    planned = mag.plan(["C=1,2,3"], config_path=folder, where="C > 1", sample=5)
    assert (len(planned), planned.left_out, planned.missing) == (2, 1, 3)


def test_the_plan_is_frozen(tmp_path: Path) -> None:
    """What a planned experiment's config is does not change with the files that it was composed from."""
    (tmp_path / "model").mkdir()
    files = {"config": "defaults: [model: a]\nC: 1\nname: x-${C}\n", "model/a": "x: 1\n", "model/b": "x: 2\n"}
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    planned = mag.plan(["model=a,b", "C=1,2,3"], config_path=tmp_path)
    for name in files:
        (tmp_path / f"{name}.yaml").write_text("C: 99\n")
    configs = [each.resolved for each in planned]
    assert [compute_identity(config) for config in configs] == [each.identity for each in planned]
    assert configs[4] == {"model": {"x": 2}, "C": 2, "name": "x-2"}
    assert dict(planned[4].config) == {"model": {"x": 2}, "C": 2, "name": "x-2"}


def test_secrets(tmp_path: Path) -> None:
    """The overrides of a planned experiment mask secrets; its config has them."""
    (tmp_path / "config.yaml").write_text("password: x\n")
    planned = mag.plan(["password=a,b"], config_path=tmp_path)
    assert [each.overrides for each in planned] == [("password=***",)] * 2
    assert [each.resolved["password"] for each in planned] == ["a", "b"]


@given(st.lists(st.sampled_from(["1", "1.0", "true", "null", "'1'", "a", "[1]", "nan", "-0.0"]), min_size=1))
def test_names_differ(folder: Path, texts: list[str]) -> None:
    """Different experiments of one plan have different names, compared as any file system would."""
    planned = mag.plan([f"gamma={','.join(texts)},x"], config_path=folder)
    assert len({each.identifier.casefold() for each in planned}) == len({each.identity for each in planned})


def test_memory(folder: Path) -> None:
    """A plan keeps less than a kilobyte for each of its points."""
    import tracemalloc

    tracemalloc.start()
    planned = mag.plan(["C=range(100)", "gamma=range(100)"], config_path=folder)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / len(planned) < 1000


def test_no_points(tmp_path: Path, plan: Plan) -> None:
    """A space file that asks for nothing is refused."""
    (tmp_path / "s.yaml").write_text("include: []")
    with pytest.raises(SpaceError, match="the sweep has no points"):
        plan(space=str(tmp_path / "s.yaml"))


def test_errors_name_the_grid(tmp_path: Path, plan: Plan) -> None:
    """A point of a space file that cannot be composed is an error that names the grid."""
    (tmp_path / "s.yaml").write_text("grid: [{C: [1, 2]}, {D: [1, 2]}]")
    with pytest.raises(MagError, match=r"s\.yaml: grid 2: D=1: there is no key D"):
        plan(space=str(tmp_path / "s.yaml"))


def test_nan_is_one_experiment(plan: Plan) -> None:
    """A value that does not equal itself is the same experiment all the same."""
    configs = plan("gamma=nan,nan")
    assert len(configs) == 1
    assert math.isnan(configs[0]["gamma"])


@pytest.mark.parametrize(
    "case",
    [
        (["_device=cpu,cuda"], "", r'differ only by _device, .* write visible = \["_device"\] into the settings'),
        (["C=1,2", "_device=cpu,cuda"], "", "'C=1 _device=cpu' and 'C=1 _device=cuda' differ only by _device"),
        (["gamma=0.1,0.2"], 'hidden = ["g*"]', r'or take gamma out of hidden = \["g\*"\]'),
        (["+l=[{_a: 1}],[{_a: 2}]"], "", "differ only by l,"),
    ],
)
def test_points_that_differ_by_what_is_hidden_are_an_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[list[str], str, str]
) -> None:
    """None of them vanishes without a word; the error names the setting that tells them apart, and that works."""
    texts, setting, said = case
    (tmp_path / "mag.toml").write_text(setting)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpaceError, match=said):
        mag.plan(texts, config_path=folder)
    (tmp_path / "mag.toml").write_text('visible = ["_device", "l.*._a"]')
    assert len(mag.plan(texts, config_path=folder)) == 2 ** len(texts)


def test_the_same_twice_is_no_error_and_a_hidden_value_may_show_elsewhere(folder: Path) -> None:
    """`lr=1,1.0` is one experiment where the default is a float; a hidden key that a visible one names tells apart."""
    assert len(mag.plan(["gamma=1,1.0", "C=1,1"], config_path=folder)) == 1
    assert len(mag.plan(["_device=cpu,cuda", "+d=${_device}"], config_path=folder)) == 2


@pytest.mark.parametrize(
    "where", ["2nd == true", "m.20s.k > 1", r"k.a\.b == 1", "k.a.b == 1", "m.'1' == 2", "m.1 == 2"]
)
def test_conditions_know_all_keys(where: str) -> None:
    """What can be typed on the left of an override can be named in a condition."""
    texts = ["+2nd=true", "+m.20s.k=2", r"+k.a\.b=1", "+m.'1'=2"]
    assert len(mag.plan(texts, config_name=None, where=where)) == 1
