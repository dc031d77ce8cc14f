"""The laws of composition."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError

from mag.config.composition.composer import Composer
from mag.config.composition.programs import compose, make_composer
from mag.config.language.grammar import parse_override, parse_overrides
from mag.errors import ConfigError, OverrideError, SchemaError, YamlError

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


@pytest.mark.parametrize(
    ("entry", "composed"),
    [
        ("../optim@optim: fsdp", {"server": {"optim": {"lr": 1}, "name": "a"}}),
        ("../optim@_global_.opt: fsdp", {"opt": {"lr": 1}, "server": {"name": "a"}}),
        (".@extra: other", {"server": {"extra": {"o": 1}, "name": "a"}}),
        ("./other@x", {"server": {"x": {"o": 1}, "name": "a"}}),
        ("../base@_here_", {"server": {"b": 1, "name": "a"}}),
        ("optional ../optim@o: nope", {"server": {"name": "a"}}),
        ("../../optim@o: fsdp", "leads out of the config folder"),
    ],
)
def test_defaults_may_lead_upwards_with_a_package(write_configs: WriteConfigs, entry: str, composed: Any) -> None:
    """As in Hydra 1.3, and never out of the config folder."""
    files = {"config": "defaults: [server: a]", "server/other": "o: 1", "optim/fsdp": "lr: 1", "base": "b: 1"}
    root = write_configs({**files, "server/a": f"defaults:\n- {entry}\n- _self_\nname: a"})
    if isinstance(composed, str):
        with pytest.raises(ConfigError, match=composed):
            Composer(root, "config").compose([])
    else:
        assert Composer(root, "config").compose([]) == composed


@pytest.mark.parametrize(("package", "composed"), [("__global__", {"z": 1}), ("__global__.a", {"a": {"z": 1}})])
def test_an_old_spelling_of_global_is_understood(write_configs: WriteConfigs, package: str, composed: Any) -> None:
    """Many files have it, copied from one another."""
    root = write_configs({"config": "defaults: [g: x]", "g/x": f"# @package {package}\nz: 1"})
    assert Composer(root, "config").compose([]) == composed


@pytest.mark.parametrize("text", ["defaults: [part]\nc: 1", "c: 1"])
def test_the_same_option_may_be_added_once_more_where_it_has_a_defaults_list(
    write_configs: WriteConfigs, text: str
) -> None:
    """As in Hydra; another option of the same choice is refused in any case."""
    root = write_configs({"config": "defaults: [g: x]", "g/x": text, "g/y": text, "g/part": "p: 1"})
    composer = Composer(root, "config")
    if "defaults" in text:
        assert composer.compose(parse_overrides(["+g=x"])) == {"g": {"p": 1, "c": 1}}
    else:
        with pytest.raises(ConfigError, match="g is a choice already"):
            composer.compose(parse_overrides(["+g=x"]))
    with pytest.raises(ConfigError, match="g is a choice already"):
        composer.compose(parse_overrides(["+g=y"]))


def test_a_schema_makes_an_option_without_a_file(write_configs: WriteConfigs) -> None:
    """Of a group that is a folder, and of one that is none; it can be chosen, listed and overridden like any other."""

    @dataclasses.dataclass
    class Onnx:
        """One that no file says anything of."""

        opset: int = 17

    root = write_configs({"config": "defaults: [backend: torch]", "backend/torch": "jit: true"})
    composer = make_composer(root, "config", None, {"backend/onnx": Onnx, "other/onnx": Onnx})
    assert composer.options("backend") == ("onnx", "torch")
    assert composer.groups() == ("backend", "other")
    overrides = parse_overrides(["backend=onnx", "backend.opset=18", "+other=onnx"])
    assert composer.compose(overrides) == {"backend": {"opset": 18}, "other": {"opset": 17}}
    with pytest.raises(SchemaError, match="is 'x', but must be int"):
        composer.compose(parse_overrides(["backend=onnx", "backend.opset=x"]))


def test_a_dataclass_says_of_which_type_keys_are(write_configs: WriteConfigs) -> None:
    """`weights.1=3` sets the number 1, whether the file or the command line has it."""

    @dataclasses.dataclass
    class Config:
        """Weights of classes."""

        weights: dict[int, float] = dataclasses.field(default_factory=lambda: {0: 1.0, 1: 10.0})

    composer = make_composer(write_configs({"config": "weights: {'2': 5}"}), "config", Config)
    assert composer.compose(parse_overrides(["weights.2=3"])) == {"weights": {2: 3.0}}
    bare = make_composer(None, None, Config)
    assert bare.compose(parse_overrides(["weights.1=3", "+weights.7=1"])) == {"weights": {0: 1.0, 1: 3.0, 7: 1.0}}
    with pytest.raises(SchemaError, match="weights: the key is 'x', but must be int"):
        bare.compose(parse_overrides(["+weights.x=3"]))
