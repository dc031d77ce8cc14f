"""The laws of origins."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT, find_value
from mag.config.documents.scalars import format_yaml
from mag.config.inspection.origins import Explanation, Origins
from mag.config.language.grammar import parse_overrides

WriteConfigs = Callable[[dict[str, str]], Path]

FILES = {
    "config": "defaults:\n- model: svm\n- db@backup: a\n- _self_\nlr: 0.1\nname: ${model.name}-run\nmodel:\n  C: 2\n",
    "model/svm": "defaults:\n- kernel: rbf\n- _self_\nname: svm\nC: 1.0\nopts: {a: 1, b: '${lr}'}\n",
    "model/mlp": "name: mlp\nhidden: 8\n",
    "model/kernel/rbf": "gamma: 0.1\n",
    "model/kernel/poly": "degree: 3\n",
    "db/a": "port: 1\n",
    "experiment/x": "# @package _global_\ndefaults:\n- override /model: mlp\n- _self_\nlr: 0.5\n",
}
C = [("svm:5", 1.0), ("config:8", 2)]


@pytest.fixture
def origins(write_configs: WriteConfigs) -> Callable[..., Origins]:
    """Return a function that composes the files with some overrides and returns the origins."""
    root = write_configs(FILES)
    return lambda *overrides: Origins(Composer(root, "config"), parse_overrides(overrides))


def show(found: Explanation | None) -> list[tuple[str, Any]]:
    """Return the steps as (place or override, value)."""
    assert found is not None
    return [
        (f"{step.place.file.stem}:{step.place.line}" if step.place else str(step.override), step.value)
        for step in found.steps
    ]


@pytest.mark.parametrize(
    ("key", "overrides", "steps"),
    [
        ("lr", "", [("config:5", 0.1)]),
        ("lr", "+experiment=x lr=3", [("config:5", 0.1), ("x:5", 0.5), ("lr=3", 3)]),
        ("model.C", "", C),
        ("model.C", "model.C=3 ++model={C:4}", [*C, ("model.C=3", 3), ("++model={C:4}", 4)]),
        ("model.kernel.gamma", "", [("rbf:1", 0.1)]),
        ("model.opts.a", "", [("svm:6", 1)]),
        ("backup.port", "", [("a:1", 1)]),
        ("lr", "~lr", [("config:5", 0.1), ("~lr", ABSENT)]),
        ("extra.deep", "+extra.deep=1", [("+extra.deep=1", 1)]),
        ("backup", "backup.port=2", [("a:1", {"port": 1}), ("backup.port=2", 2)]),
    ],
)
def test_chains(key: str, overrides: str, steps: list[tuple[str, Any]], origins: Callable[..., Origins]) -> None:
    """A chain is every file and override that gave the key a value, first to last, with the value given there."""
    assert show(origins(*overrides.split()).explain(key)) == steps


def test_missing_values_hide_nothing(write_configs: WriteConfigs) -> None:
    """A `???` is a step only as long as nothing better stands there."""
    root = write_configs({"config": "defaults: [m: x, _self_]\na: ???\nm: {a: '???'}", "m/x": "a: 1"})
    found = Origins(Composer(root, "config"), [])
    assert [show(found.explain(key)) for key in ("a", "m.a")] == [[("config:2", "???")], [("x:1", 1)]]


def test_causes(origins: Callable[..., Origins]) -> None:
    """A file says why it is there: the choices that lead to it, and where each was made."""
    found = origins().explain("model.kernel.gamma")
    assert found is not None
    causes = [(cause.choice, cause.option, cause.decision.place) for cause in found.steps[0].causes]
    assert [(choice, option, place.file.stem, place.line) for choice, option, place in causes if place] == [
        ("model/kernel", "rbf", "svm", 2),
        ("model", "svm", "config", 2),
    ]


def test_typed_choices_are_causes(origins: Callable[..., Origins]) -> None:
    """An override that chose the option is named as typed."""
    found = origins("model=mlp").explain("model.hidden")
    assert found is not None
    assert [cause.decision.override for cause in found.steps[0].causes] == ["model=mlp"]


def test_interpolations_are_followed(origins: Callable[..., Origins]) -> None:
    """An interpolation is explained by what it comes to, and by the chain of what it names."""
    found = origins("model=mlp").explain("name")
    assert found is not None
    assert (found.value, found.resolved) == ("${model.name}-run", "mlp-run")
    assert [show(each) for each in found.refers] == [[("mlp:1", "mlp")]]


@pytest.mark.parametrize("text", ["${a}", "${b}", "${nothing}", "${oc.env:MAG_NOT_SET}", "${oc.decode:'[1'}"])
def test_what_cannot_be_resolved_says_so(text: str, write_configs: WriteConfigs) -> None:
    """An interpolation that comes to nothing, for that it names itself even, is explained all the same."""
    root = write_configs({"config": f"a: {text!r}\nb: ${{a}}\n"})
    found = Origins(Composer(root, "config"), []).explain("a")
    assert found is not None
    assert found.resolved is ABSENT
    assert "a is" in found.problem


def test_unknown_keys(origins: Callable[..., Origins]) -> None:
    """A key that never had a value has no explanation."""
    found = origins()
    assert [found.explain(key) for key in ("nothing", "lr.x", "name.x", "hydra.run")] == [None] * 4


@pytest.mark.parametrize(
    ("key", "overrides", "decisions"),
    [
        ("model", "", ["config:2 svm"]),
        ("model", "+experiment=x", ["config:2 svm", "x:3 mlp"]),
        ("model", "+experiment=x model=svm", ["config:2 svm", "x:3 mlp", "model=svm svm"]),
        ("model/kernel", "model/kernel=poly", ["svm:2 rbf", "model/kernel=poly poly"]),
        ("experiment", "+experiment=x", ["+experiment=x x"]),
        ("db@backup", "~db@backup", ["config:3 a", "~db@backup None"]),
    ],
)
def test_choices(key: str, overrides: str, decisions: list[str], origins: Callable[..., Origins]) -> None:
    """A choice is explained by the entries and overrides that made it, the one that counts last."""
    shown = [
        f"{f'{each.place.file.stem}:{each.place.line}' if each.place else each.override} {each.option}"
        for each in origins(*overrides.split()).choices.explain(key)
    ]
    assert shown == decisions


def test_several_options(write_configs: WriteConfigs) -> None:
    """A choice of several options is one decision, and each file has it as its cause."""
    root = write_configs({"config": "defaults:\n- site: [a, b]", "site/a": "x: 1", "site/b": "y: 1"})
    found = Origins(Composer(root, "config"), parse_overrides(["~site/a"]))
    assert [each.option for each in found.choices.explain("site")] == [("a", "b"), "a"]
    assert [step.causes[0].option for _, _, step in found.list_leaves() if step] == ["b"]


SCALARS = st.none() | st.integers(0, 3) | st.sampled_from(["x", "???"])
LEAVES = SCALARS | st.lists(SCALARS, max_size=2)
CONFIGS = st.dictionaries(
    st.sampled_from("abc"), st.recursive(LEAVES, lambda inner: st.dictionaries(st.sampled_from("abc"), inner))
)


@given(
    contents=st.lists(CONFIGS, min_size=2, max_size=3),
    override=st.sampled_from(["", "++a=7", "++a.b=7", "++b={c:7}", "++c=[7]"]),
)
def test_the_last_step_gives_the_value(
    contents: list[dict[str, Any]], override: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Law: whatever files and overrides do, every value of the config is the one that its last step gave."""
    root = tmp_path_factory.mktemp("configs")
    names = [f"part{number}" for number in range(len(contents))]
    (root / "config.yaml").write_text(f"defaults: {names}\n")
    for name, content in zip(names, contents, strict=True):
        (root / f"{name}.yaml").write_text(format_yaml(content))
    try:
        origins = Origins(Composer(root, "config"), parse_overrides(override.split()))
    except Exception:  # noqa: BLE001 - what cannot be composed has no origins
        return
    for key, value, step in origins.list_leaves():
        assert find_value(origins.config, key) == value
        assert step is not None
        assert step.value == value
