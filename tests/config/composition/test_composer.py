"""The laws of composition."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError

from mag.config.composition.composer import Composer, compose
from mag.config.language.grammar import parse_override
from mag.errors import ConfigError, OverrideError, YamlError

WriteConfigs = Callable[[dict[str, str]], Path]
FILES = {
    "config": "defaults: [model: svm, data: iris, _self_]\nseed: 1\nout: ${model.name}-${data.name}\n",
    "model/svm": "name: svm\nC: 1.0",
    "model/mlp": "name: mlp\nlayers: [10, 10]",
    "data/iris": "name: iris",
    "exp/big": "# @package _global_\ndefaults: [override /model: mlp]\nmodel: {layers: [99]}\nseed: 7",
}


@pytest.fixture
def composer(write_configs: WriteConfigs) -> Composer:
    """Return a composer of a small tree."""
    return Composer(write_configs(FILES), "config")


def run(composer: Composer, *overrides: str) -> dict[str, Any]:
    """Compose with overrides as they are typed."""
    return composer.compose([parse_override(text) for text in overrides])


def test_files_and_overrides_make_a_config(composer: Composer) -> None:
    """Groups are chosen, files merged, values assigned, and interpolations left as they are."""
    assert run(composer, "model=mlp", "model.layers.0=5", "+new=1") == {
        "model": {"name": "mlp", "layers": [5, 10]},
        "data": {"name": "iris"},
        "seed": 1,
        "out": "${model.name}-${data.name}",
        "new": 1,
    }


def test_an_experiment_changes_choices_and_values(composer: Composer) -> None:
    """A file of overrides is added like any option, and what is typed outweighs it, in any order."""
    assert run(composer, "+exp=big")["model"] == {"name": "mlp", "layers": [99]}
    assert run(composer, "seed=8", "+exp=big")["seed"] == 8


def test_every_config_is_the_caller_s_own(composer: Composer) -> None:
    """Changing one config changes no other."""
    first = run(composer)
    first["model"]["C"] = 5
    first["data"].clear()
    assert run(composer)["model"]["C"] == 1.0
    assert run(composer)["data"] == {"name": "iris"}


def test_files_are_read_once(composer: Composer, write_configs: WriteConfigs) -> None:
    """What is edited while a composer lives does not reach its configs."""
    run(composer)
    write_configs({"model/svm": "C: 99", "config": "seed: 99"})
    assert run(composer, "model=svm", "seed=1")["model"]["C"] == 1.0


def test_making_a_composer_touches_no_file() -> None:
    """A folder that is not there is an error when a config is wanted."""
    composer = Composer(Path("/nowhere"), "config")
    with pytest.raises(ConfigError, match=r"^the config folder /nowhere is not there$"):
        run(composer)


@pytest.mark.parametrize(("path", "name"), [(None, "config"), (None, None)])
def test_without_files_there_is_an_empty_config(path: Path | None, name: str | None) -> None:
    """Overrides alone make a config."""
    composer = Composer(path, name)
    assert (run(composer), run(composer, "+a=1"), composer.choices([])) == ({}, {"a": 1}, {})


def test_without_a_primary_config_there_are_still_groups(write_configs: WriteConfigs) -> None:
    """A group can be added to nothing."""
    assert run(Composer(write_configs(FILES), None), "+model=svm") == {"model": {"name": "svm", "C": 1.0}}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("confg", "no config 'confg' in .*, did you mean 'config'"),
        ("../x", "'../x' is no name of a config"),
        ("l", "is a list"),
    ],
)
def test_a_primary_config_must_be_there(write_configs: WriteConfigs, name: str, message: str) -> None:
    """A name that leads nowhere is answered with what there is."""
    with pytest.raises(ConfigError, match=message):
        run(Composer(write_configs(FILES | {"l": "[1]"}), name))


def test_a_primary_config_may_lie_in_a_group(write_configs: WriteConfigs) -> None:
    """Its group is its package; `.yaml` may be said."""
    assert run(Composer(write_configs(FILES), "model/svm.yaml")) == {"model": {"name": "svm", "C": 1.0}}


def test_what_is_chosen_can_be_asked(composer: Composer) -> None:
    """Choices, their options, and the files with their places are known without composing."""
    overrides = [parse_override(text) for text in ("model=[svm,mlp]", "+data@d2=iris")]
    assert composer.choices(overrides) == {"data": "iris", "data@d2": "iris", "model": ["svm", "mlp"]}
    assert [(part.document.path.stem, part.package) for part in composer.parts(overrides)] == [
        ("svm", "model"),
        ("mlp", "model"),
        ("iris", "data"),
        ("config", ""),
        ("iris", "d2"),
    ]
    assert (composer.is_group("model"), composer.is_group("seed"), composer.options("model")) == (
        True,
        False,
        ("mlp", "svm"),
    )
    assert [composer.is_group_override(parse_override(text)) for text in ("model=svm", "model.C=1")] == [True, False]


def test_many_choices_keep_the_memory_small(composer: Composer) -> None:
    """Trees that were not used for long are forgotten, and built again when asked for."""
    for number in range(300):
        run(composer, f"+data@d{number}=iris")
    assert len(composer._trees) <= 128
    assert run(composer, "+data@d0=iris")["d0"] == {"name": "iris"}


@pytest.mark.parametrize("text", ["model=svm,mlp", "seed=range(3)", "model=glob(*)", "+x=interval(0,1)"])
def test_a_sweep_is_not_one_config(composer: Composer, text: str) -> None:
    """Several values are an error where one config is wanted."""
    with pytest.raises(OverrideError, match="stands for several values"):
        run(composer, text)


def test_a_broken_file_is_only_an_error_where_it_is_used(composer: Composer, write_configs: WriteConfigs) -> None:
    """A mistake in an option that is not chosen harms nobody."""
    write_configs({"model/broken": "a: [1"})
    run(composer)
    with pytest.raises(YamlError, match=r"model/broken\.yaml:\d: "):
        run(composer, "model=broken")


def test_the_public_function_returns_a_closed_config(write_configs: WriteConfigs) -> None:
    """`compose` gives an unresolved `DictConfig` that refuses unknown keys."""
    config = compose(["seed=2"], config_path=write_configs(FILES))
    assert isinstance(config, DictConfig)
    assert (config.out, OmegaConf.to_container(config)["out"]) == ("svm-iris", "${model.name}-${data.name}")  # type: ignore[call-overload, index]
    with pytest.raises(ConfigAttributeError):
        config.sed = 3


def test_the_public_function_refuses_what_omegaconf_cannot_read() -> None:
    """A malformed interpolation is an error of mag's own."""
    with pytest.raises(ConfigError, match="cannot be read by OmegaConf"):
        compose(["+a='${'"])
