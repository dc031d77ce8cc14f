"""Laws of frozen configs: nobody changes one by mistake, and every copy can be changed."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from omegaconf import OmegaConf, open_dict
from omegaconf.errors import ReadonlyConfigError

from mag.config.view import make_view

PLAIN = {"lr": 1, "model": {"sizes": [1, {"x": 2}], "name": "svm"}}


def change(config: Any) -> Any:
    """Change a config in every place, and return it as plain data."""
    with open_dict(config):
        config.lr, config.new = 5, 1
    config.model.sizes.append(3)
    config.model.sizes[1].x = 4
    return OmegaConf.to_container(config)


@pytest.mark.parametrize("act", ["c.lr = 2", "c.model.name = 'mlp'", "c.model.sizes.append(1)", "del c['lr']"])
def test_a_change_is_refused_with_advice(act: str) -> None:
    """Changing it is an error that says what to do, which works."""
    config = make_view(PLAIN)

    with pytest.raises(ReadonlyConfigError, match=r"change a copy, config = copy\.deepcopy\(config\)"):
        exec(act, {"c": config})
    exec(act, {"c": copy.deepcopy(config)})
    assert config == PLAIN


@pytest.mark.parametrize(
    "make",
    [copy.deepcopy, copy.copy, lambda c: c.copy(), lambda c: OmegaConf.merge(c, {}), lambda c: OmegaConf.merge({}, c)],
    ids=["deepcopy", "copy", "method", "merged into", "merged"],
)
def test_copies_can_be_changed(make: Callable[[Any], Any]) -> None:
    """However a copy is made, all of it can be changed, and the config stays as it is."""
    config = make_view(PLAIN)
    _ = config.model.sizes[1].x, OmegaConf.is_readonly(config.model.sizes)  # OmegaConf keeps what it has found

    assert change(make(config)) == {"lr": 5, "model": {"sizes": [1, {"x": 4}, 3], "name": "svm"}, "new": 1}
    assert config == PLAIN


def test_copies_of_parts_can_be_changed() -> None:
    """So can a copy of a part, which still finds what its interpolations refer to."""
    part = copy.deepcopy(make_view({"lr": 1, "model": {"lr": "${lr}", "C": 2}}, [("model", "lr")]).model)
    part.C, part.new = 3, 4

    assert (part.C, part.lr) == (3, 1)


def test_it_crosses_processes_frozen() -> None:
    """What another process gets is as frozen."""
    config = pickle.loads(pickle.dumps(make_view(PLAIN)))

    with pytest.raises(ReadonlyConfigError):
        config.lr = 3
