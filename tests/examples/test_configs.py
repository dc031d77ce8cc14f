"""The laws of the demonstration's config tree."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

import mag

CONFIGS = Path(__file__).parents[2] / "configs"


def compose(*overrides: str, name: str = "digits") -> Any:
    """Return a composed config of the demonstration as plain dicts."""
    return OmegaConf.to_container(mag.compose(list(overrides), config_path=str(CONFIGS), config_name=name))


def test_iris_is_cost_and_gamma() -> None:
    """Two visible values make its names, as in `1|0.1`."""
    assert compose(name="iris") == {"C": 1, "gamma": 0.1, "_jobs": 1}


def test_digits_are_put_together_from_groups() -> None:
    """Each group's option stands under the group's name, the kernel's keys within the model's."""
    assert compose() == {
        "data": {"n_samples": 600, "test_size": 0.25},
        "model": {"name": "svm", "C": 10, "kernel": "rbf", "gamma": 0.1},
        "_seed": None,
        "_jobs": 1,
    }


@pytest.mark.parametrize("path", sorted((CONFIGS / "model").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_model_is_named_after_its_file(path: Path) -> None:
    """The name stands in the identifier, so that experiments can be told apart."""
    assert compose(f"model={path.stem}")["model"]["name"] == path.stem


@pytest.mark.parametrize("path", sorted((CONFIGS / "model/kernel").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_kernel_is_named_after_its_file(path: Path) -> None:
    """A nested group is chosen by its path, and relocated into the model."""
    assert compose(f"model/kernel={path.stem}")["model"]["kernel"] == path.stem


def test_a_group_and_its_values_can_be_overridden_together() -> None:
    """Values apply to the option that was chosen."""
    assert compose("data=full", "data.test_size=0.5")["data"] == {"n_samples": 1797, "test_size": 0.5}
