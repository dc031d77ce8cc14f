"""The laws of overrides that were meant otherwise."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mag.config.composition import Composer
from mag.config.grammar import parse_override
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
