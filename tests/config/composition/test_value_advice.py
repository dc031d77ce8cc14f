"""The laws of overrides that were meant otherwise."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mag.config.composition.composer import Composer
from mag.config.language.grammar import parse_override
from mag.errors import OverrideError

WriteConfigs = Callable[[dict[str, str]], Path]
FILES = {
    "config": "defaults: [model: svm, db@src: my]\noptimizer: none",
    "model/svm": "C: 1\nsched: {k: 1}",
    "model/optimizer/adam": "lr: 1",
    "model/optimizer/sgd": "lr: 2",
    "model/sched/cosine": "k: 2",
    "optimizer/adam": "lr: 1",
    "db/my": "port: 1",
    "db/lite": "port: 2",
}


def compose(root: Path, *overrides: str) -> object:
    """Compose one config."""
    return Composer(root, "config").compose([parse_override(text) for text in overrides])


@pytest.mark.parametrize(
    ("override", "advice"),
    [
        ("model.optimizer=adam", "+model/optimizer=adam"),
        ("model.optimizer=adm", "+model/optimizer=adam"),
        ("+model.optimizer=adam", "+model/optimizer=adam"),
        ("model.sched=cosine", "+model/sched=cosine"),
        ("src=lite", "db@src=lite"),
        ("model/C=2", "model.C=2"),
        ("~model/optimiser", ""),
        ("+model/optimiser=adam", "+model/optimizer=adam"),
        ("modle@b=svm", "+model@b=svm"),
        ("model/sched/k@x=5", "model.sched.k=5"),
        ("train/port=2", "src.port=2"),
        ("~train/port", "~src.port"),
        ("hydra.run.dir=x", ""),
    ],
)
def test_the_form_that_was_meant_is_named(write_configs: WriteConfigs, override: str, advice: str) -> None:
    """A text for a group, a slash for a dot and their like are errors that say what to type, and that works."""
    root = write_configs(FILES)
    with pytest.raises(OverrideError) as caught:
        compose(root, override)
    if advice:
        group = re.split("[=@]", advice.lstrip("+"))[0]
        assert group in str(caught.value)
        compose(root, advice)


def test_a_text_may_be_forced_where_a_group_is(write_configs: WriteConfigs) -> None:
    """`++` means the text, and a key that holds a text already is a value."""
    root = write_configs(FILES)
    with pytest.raises(OverrideError, match=r"\+\+model\.optimizer=adam if the text is meant"):
        compose(root, "model.optimizer=adam")
    assert "'optimizer': 'adam'" in str(compose(root, "++model.optimizer=adam"))


def test_groups_are_listed_where_none_is_near(write_configs: WriteConfigs) -> None:
    """An unknown group is answered with the known ones."""
    with pytest.raises(OverrideError, match="no config group zzz/yyy; there are: db, model, model/optimizer"):
        compose(write_configs(FILES), "+zzz/yyy=1")


@pytest.mark.parametrize(
    ("override", "advice"),
    [
        ("sched=cosine", "+model/sched=cosine"),
        ("database=lite.x", ""),
        ("database=lite", "db@src=lite"),
        ("optimizer.x=1", ""),
        ("src.host=h", "db@src=lite src.host=h"),
        ("model.width=3", "model=mlp model.width=3"),
        ("model.optimizer=adam.yaml", "+model/optimizer=adam"),
        ("src=lit", "db@src=lite"),
        ("src=lite.yaml", "db@src=lite"),
    ],
)
def test_a_key_of_another_option_is_found(write_configs: WriteConfigs, override: str, advice: str) -> None:
    """A key that only another option has, or the last part of a group, says what to type, and that works."""
    root = write_configs(FILES | {"model/mlp": "width: 1", "model/tree": "width: 2", "db/lite": "host: x"})
    with pytest.raises(OverrideError) as caught:
        compose(root, override)
    typed = re.search(r"type (\S+=\S+(?: [^ ()]+=\S+)?)(?: to| in|;|$)", str(caught.value))
    if advice:
        assert typed is not None
        assert typed[1].rstrip(",") == advice
        compose(root, *advice.split())


def test_other_options_that_would_do_are_named(write_configs: WriteConfigs) -> None:
    """Where several options have the key, the first is advised and the others are named; a broken one is passed by."""
    root = write_configs(
        FILES | {"model/mlp": "width: 1", "model/tree": "width: 2", "model/bad": "width: [", "model/list": "[1]"}
    )
    with pytest.raises(OverrideError, match=r"model=mlp has one \(so have tree\), type model=mlp model\.width=3$"):
        compose(root, "model.width=3")


@pytest.mark.parametrize(
    ("override", "message"),
    [("@x=1", "a config group is missing before '@'; there are: db, model"), ("=1", "a key is missing before '='")],
)
def test_an_empty_key_says_what_is_missing(write_configs: WriteConfigs, override: str, message: str) -> None:
    """Nothing before the sign is not called a key that is not there."""
    with pytest.raises(OverrideError, match=message):
        compose(write_configs(FILES), override)
