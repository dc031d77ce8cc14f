"""The laws of the errors of defaults lists: each says what to write instead, and that works."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mag.config.composition.composer import Composer
from mag.config.language.grammar import parse_override
from mag.errors import ConfigError

WriteConfigs = Callable[[dict[str, str]], Path]
FILES = {
    "config": "defaults: [model: svm, db@src: my, many: [a, b], open: null]",
    "model/svm": "",
    "model/mlp": "",
    "db/my": "",
    "db/lite": "",
    "many/a": "",
    "many/b": "",
    "open/x": "",
    "exp/e": "",
    "spare/one": "",
}


def compose(root: Path, overrides: list[str]) -> None:
    """Compose one config, for its errors."""
    Composer(root, "config").compose([parse_override(text) for text in overrides])


@pytest.mark.parametrize(
    ("override", "advice"),
    [
        ("model=sv", "model=svm"),
        ("db=lite", "db@src=lite"),
        ("db@x=lite", "db@src=lite"),
        ("exp=e", "+exp=e"),
        ("exp=ee", "+exp=e"),
        ("exp@p=e", "+exp@p=e"),
        ("+model=mlp", "model=mlp"),
        ("~model=mlp", "~model"),
        ("~many=a", "~many"),
        ("~exp", ""),
        ("~db", "~db@src"),
    ],
)
def test_the_advice_for_a_choice_can_be_typed(write_configs: WriteConfigs, override: str, advice: str) -> None:
    """An override of a choice that leads nowhere names the one that was probably meant."""
    root = write_configs(FILES)
    with pytest.raises(ConfigError) as caught:
        compose(root, [override])
    said = str(caught.value)
    assert advice.partition("=")[0] in said
    assert advice.partition("=")[2] in said
    compose(root, [advice] if advice else [])


@pytest.mark.parametrize(
    ("written", "advice"),
    [
        ("override model: mlp", "override /model: mlp"),
        ("override /db: lite", "override /db@_global_.src: lite"),
        ("override db: lite", "override /db@_global_.src: lite"),
        ("override nope: mlp", "there is no config group"),
        ("override /spare: one", "without 'override'"),
    ],
)
def test_the_advice_for_an_experiment_s_override_can_be_written(
    write_configs: WriteConfigs, written: str, advice: str
) -> None:
    """An `override` that changes nothing names the entry that was probably meant."""
    for header in ("# @package _global_\n", ""):
        root = write_configs(FILES | {"exp/bad": f"{header}defaults: [{written}]"})
        with pytest.raises(ConfigError, match=r"exp/bad\.yaml:[12]: 'override' of") as caught:
            compose(root, ["+exp=bad"])
        if "write 'override" in str(caught.value):
            entry = str(caught.value).partition("write '")[2].rstrip("'")
            write_configs({"exp/bad": f"{header}defaults: [{{{entry}}}]"})
            compose(root, ["+exp=bad"])
            assert entry.replace("@_global_.model", "") == advice
        else:
            assert advice in str(caught.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"config": "defaults: [db: '???']"},
            r"config\.yaml:1 leaves the choice of db open; type db=lite, or another option, of: lite, my$",
        ),
        (
            {"config": "defaults: [db: lit]"},
            r"the config group db has no option 'lit', did you mean 'lite'\?; it has: lite",
        ),
        ({"config": "defaults: [modle: svm]"}, "there is no config group 'modle', did you mean 'model'"),
        ({"config": "defaults: [bse]", "base": ""}, "there is no config 'bse', did you mean 'base'"),
        ({"config": "defaults: [db/lit]"}, "there is no config 'db/lit', did you mean 'lite'.*; in db/ are: lite, my"),
        (
            {"exp/e": "defaults: [db/my]", "config": "defaults: [exp: e]"},
            "for the one in the config folder write '/db/my'",
        ),
        ({"config": "defaults: [db: my, db: lite]"}, "db is chosen twice, as my and as lite"),
        ({"config": "defaults: [db: my, x: '${dv}']"}, r"'\$\{dv\}' names dv, .* these are known: db$"),
        ({"config": "defaults: [db: my, x: '${db']"}, r"'\$\{db' names"),
        (
            {"config": "defaults: [db: my, exp: '${db}']", "exp/my": "defaults: [override /db: lite]"},
            "because an interpolation chose this file",
        ),
        (
            {"config": "defaults: [exp: e, db: my]", "exp/e": "# @package _global_\ndefaults: [override /db: lite]"},
            "before",
        ),
    ],
)
def test_every_mistake_in_a_file_has_its_sentence(
    write_configs: WriteConfigs, files: dict[str, str], message: str
) -> None:
    """The error names the file, what it says, and what is known."""
    with pytest.raises(ConfigError, match=message):
        compose(write_configs(FILES | files), [])
