"""Laws of instances: what a config describes is made as Hydra makes it."""

import functools
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest
from omegaconf import DictConfig, ListConfig, OmegaConf

import mag
from mag.config.instances import make_instance
from mag.errors import ConfigError

ME = "instances_under_test"


@dataclass
class Settings:
    """A structured config."""

    a: int = 1
    items: list[int] = field(default_factory=lambda: [1, 2])


class Thing:
    """What is made: it tells what it was given."""

    def __init__(self, *args: Any, **named: Any) -> None:
        self.args, self.named = args, named

    def __repr__(self) -> str:
        return f"Thing({show(self.args)}, {show(self.named)})"

    @staticmethod
    def double(x: int) -> int:
        """Return twice a number."""
        return 2 * x


def show(value: Any) -> str:
    """Return a value with the types of what it holds."""
    if isinstance(value, functools.partial):
        return f"partial({value.func.__qualname__}, {show(value.args)}, {show(value.keywords)})"
    if isinstance(value, dict | DictConfig):
        kind = str(OmegaConf.get_type(value)) if isinstance(value, DictConfig) else "dict"
        return f"{type(value).__name__}:{kind}{{" + ", ".join(f"{key!r}: {show(value[key])}" for key in value) + "}"
    if isinstance(value, list | tuple | ListConfig):
        return f"{type(value).__name__}[" + ", ".join(show(item) for item in value) + "]"
    return repr(value)


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this module importable by a name of its own."""
    monkeypatch.setitem(sys.modules, ME, sys.modules[__name__])


T = f"{ME}.Thing"
CONFIGS: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {
    "nothing": (None, (), {}),
    "plain": ({"_target_": T, "a": 1, "b": [1, {"c": 2}]}, (), {}),
    "positional": ({"_target_": T, "_args_": [1, {"x": 2}], "b": 3}, (), {}),
    "positional given": ({"_target_": T, "_args_": [1]}, (7, 8), {}),
    "named given": ({"_target_": T, "a": 1, "b": {"c": 2, "d": 3}}, (), {"a": 5, "b": {"c": 9}, "new": [1]}),
    "objects given": ({"_target_": T}, (), {"kind": int}),
    "interpolation": ({"_target_": T, "a": 1, "b": "${.a}"}, (), {"a": 4}),
    "nested": ({"_target_": T, "inner": {"_target_": T, "x": 1}, "many": [{"_target_": T}, 2]}, (), {}),
    "not recursive": ({"_target_": T, "_recursive_": False, "inner": {"_target_": T, "x": 1}}, (), {}),
    "partial": ({"_target_": T, "_partial_": True, "a": 1, "later": "???"}, (2,), {}),
    "nested partial": ({"_target_": T, "inner": {"_target_": T, "_partial_": True, "x": 1}}, (), {}),
    "a function": ({"_target_": f"{T}.double", "x": 4}, (), {}),
    "without target": ({"a": {"_target_": T}, "b": [1, {"_target_": T}]}, (), {}),
    "a list": ([{"_target_": T}, 1, {"x": {"_target_": T}}], (), {}),
    "a class": ({"_target_": dict, "a": 1}, (), {}),
    "structured": ({"_target_": T, "inner": Settings()}, (), {}),
    "null inside": ({"_target_": T, "inner": None, "many": [None]}, (), {}),
}
MIXED: dict[str, dict[str, Any]] = {
    "plain": {},
    "structured": {"s": Settings(), "l": [Settings()]},
    "deep": {"e": {"f": {"_target_": T, "g": {"h": 1}}}},
}
CONFIGS |= {
    f"convert {mode}, {name}": ({"_target_": T, "_convert_": mode, "a": {"b": [1]}, "c": [{"d": 1}], **more}, (), {})
    for mode in ("none", "partial", "object", "all")
    for name, more in MIXED.items()
}


@pytest.mark.parametrize("name", CONFIGS)
def test_as_hydra_makes_it(name: str) -> None:
    """Whatever the config, what is made is what Hydra makes, down to the types of what it is given."""
    theirs = pytest.importorskip("hydra.utils")
    config, args, overrides = CONFIGS[name]

    assert show(make_instance(config, args, overrides)) == show(theirs.instantiate(config, *args, **overrides))


def test_a_part_of_a_config_finds_the_rest() -> None:
    """Interpolations in the part that is instantiated refer to the whole config."""
    config = OmegaConf.create({"lr": 3, "thing": {"_target_": T, "lr": "${lr}"}})

    assert show(mag.instantiate(config.thing)) == show(Thing(lr=3))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"_target_": "nowhere.at.all"}, "nowhere.at.all cannot be found"),
        ({"_target_": f"{ME}.Nothing"}, "there is no 'Nothing'"),
        ({"_target_": f"{ME}.ME"}, "cannot be called"),
        ({"_target_": T, "_convert_": "some"}, "_convert_: some is unknown"),
        ({"_target_": T, "_partial_": "maybe"}, "must be true or false"),
        ({"_target_": T, "_args_": 3}, "must be a list"),
        ({"_target_": f"{T}.double"}, "raised TypeError when it was called"),
        (3, "is no config"),
    ],
)
def test_what_cannot_be_made(config: Any, message: str) -> None:
    """One sentence says which target it is about."""
    with pytest.raises(ConfigError, match=message):
        make_instance(config)
