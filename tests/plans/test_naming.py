"""Laws of naming many configs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mag
from mag.config.identifier import build_identifier
from mag.errors import UsageError
from mag.plans.naming import Naming
from mag.record.names import TypedWords, name_config
from mag.settings import Settings

VALUES = st.none() | st.booleans() | st.integers(0, 1) | st.floats() | st.sampled_from(["1", "a|b", ""]) | st.just([1])
CONFIGS = st.dictionaries(st.sampled_from(["a", "b.c", "password"]), VALUES)


@given(
    st.lists(CONFIGS, min_size=1, max_size=5),
    st.sampled_from([None, ("b.c", "a", "b.c", "z", "password")]),
    st.sampled_from("|-"),
)
def test_agrees(configs: list[dict[str, object]], keys: tuple[str, ...] | None, separator: str) -> None:
    """One config after the other gets the name that it would get alone: what is remembered never shows."""
    naming = Naming(Settings(separator=separator, identifier=keys, secrets=("b.*",)))
    for config in configs:
        parts = [naming.encode(key, config[key]) for key in naming.choose(config)]
        name = naming.join(parts, "0" * 64, config.get, lambda: None)
        assert name == build_identifier(config, "0" * 64, separator=separator, keys=keys, secrets=("b.*",))


def test_separator() -> None:
    """A separator that could not stand in a file name is refused before anything is named."""
    with pytest.raises(UsageError, match="separator"):
        Naming(Settings(separator="/"))


BIG = "\n".join(f"a{number}: {'x' * 12}" for number in range(30))
TREE = {
    "config": f"defaults: [model: svm, data: iris, server: a, _self_]\nseed: 1\nref: ${{seed}}\n{BIG}",
    "model/svm": "name: svm\nlr: 0.1",
    "model/mlp": "name: mlp\nlr: 0.1\nlayers: [1, 2]",
    "data/iris": "n: 1",
    "data/cifar": "n: 2",
    "server/a": "defaults: [db: x, _self_]\nhost: h",
    "server/b": "defaults: [db: y, _self_]\nhost: i",
    "server/db/x": "q: 1",
    "server/db/y": "q: 2",
    "server/db/z": "q: 3",
    "experiment/big": "# @package _global_\ndefaults: [override /model: mlp, override /data: cifar]\nmodel: {lr: 0.5}",
}
Name = Callable[..., list[str]]


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Name:
    """Return a function that names the points of overrides over a large tree."""
    for file, text in TREE.items():
        path = tmp_path / "configs" / f"{file}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)

    def name_points(*texts: str, settings: str = "") -> list[str]:
        (tmp_path / "mag.toml").write_text(settings)
        return [each.identifier for each in mag.plan(texts, config_path=tmp_path / "configs")]

    return name_points


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        ([], ["default"]),
        (["seed=1,2,3"], ["default", "seed=2", "seed=3"]),
        (["+experiment=big", "seed=1,2"], ["experiment=big", "experiment=big|seed=2"]),
        (["+experiment=big", "model.lr=0.1"], ["experiment=big|model.lr=0.1"]),
        (["model=mlp,svm", "seed=2"], ["model=mlp|seed=2", "seed=2"]),
        (["server=b"], ["server=b"]),
        (["server=b", "server/db=z,y"], ["server=b|server.db=z", "server=b"]),
        (["model=mlp", "model.layers=[1,2],[3]"], ["model=mlp", "model=mlp|model.layers=3"]),
        (["~ref", "+new=true", "+_hidden=1"], ["new=true|no_ref"]),
    ],
)
def test_a_long_name_is_what_distinguishes(name: Name, texts: Sequence[str], names: list[str]) -> None:
    """The choices and values in which a config differs from the one without overrides, and nothing that follows."""
    assert name(*texts) == names


@pytest.mark.parametrize(
    "spellings",
    [
        (["model={lr: 3}"], ["model.lr=3"], ["++model.lr=3.0", "seed=1"]),
        (["+experiment=big"], ["+experiment=big", "model=mlp"], ["data=cifar", "+experiment=big", "model.lr=0.5"]),
        (["server=b"], ["server/db=y", "server=b"]),
    ],
)
def test_the_same_config_has_the_same_name_however_it_was_typed(name: Name, spellings: Sequence[list[str]]) -> None:
    """Overrides that change nothing show nowhere."""
    assert len({found for texts in spellings for found in name(*texts)}) == 1


def test_a_long_distinction_is_cut_at_a_value_and_gets_the_identity(name: Name) -> None:
    """The digits that distinguish are never lost."""
    found = name(*(f"a{number}=yyyyyyyyyyyyyy" for number in range(9)), "seed=1,2,3")
    assert all(each.startswith("a0=yyyyyyyyyyyyyy|a1=") and each[-11] == "~" for each in found)
    assert len(set(found)) == 3


@pytest.mark.parametrize(
    ("template", "texts", "names"),
    [
        ("{model.name}-lr{model.lr}-s{seed}", ["model=svm,mlp", "seed=7"], ["svm-lr0.1-s7", "mlp-lr0.1-s7"]),
        ("{model}/{seed}", ["seed=1,2"], ["svm%2F1", "svm%2F2"]),
        ("{{x}}{seed}", ["seed=1"], ["{x}1"]),
    ],
)
def test_a_template_writes_the_name(name: Name, template: str, texts: Sequence[str], names: list[str]) -> None:
    """With the values of keys, and with what is chosen from groups."""
    assert name(*texts, settings=f"identifier = {template!r}") == names


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{lr}", "names {lr}, which is no visible key"),
        ("{_x}", "names {_x}, which is no visible key"),
        ("{seed", "cannot be read"),
        ("{}", "must hold keys alone"),
        ("{seed:3}", "must hold keys alone"),
    ],
)
def test_a_template_that_no_config_fills_is_refused(name: Name, template: str, said: str) -> None:
    """In one sentence, before anything starts."""
    with pytest.raises(UsageError, match=said):
        name("+_x=1", settings=f"identifier = {template!r}")


def test_points_with_one_name_are_told_apart_by_their_identities(name: Name) -> None:
    """As wherever two experiments would have one name."""
    first, second = name("seed=1,2", settings="identifier = 'run'")
    assert first == "run"
    assert second.startswith("run~")


def test_a_stored_config_gets_its_name_from_what_was_typed() -> None:
    """Its tree may be gone; a template is filled as in a plan."""
    config: dict[str, Any] = {"seed": 2, **{f"a{number}": "x" * 12 for number in range(30)}}
    named = TypedWords({"model": "mlp"}, ("seed=2", "model=mlp", "_x=1"))
    assert name_config(config, "0" * 64, Settings(separator="|"), named) == "model=mlp|seed=2"
    assert name_config(config, "0" * 64, Settings(identifier="{model}-{seed}"), named) == "mlp-2"
    assert name_config(config, "0" * 64, Settings(), TypedWords()) == "default"
    assert name_config(config, "0" * 64, Settings(separator="|"), named._replace(name="seed=2")) == "seed=2"
    assert name_config(config, "0" * 64, Settings(separator="|"), named._replace(name="x")) == "model=mlp|seed=2"
    assert name_config(config, "0" * 64, Settings()).endswith("~" + "0" * 10)
    with pytest.raises(UsageError, match=r"did you mean \{seed\}"):
        name_config(config, "0" * 64, Settings(identifier="{sed}"), named)
