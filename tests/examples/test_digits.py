"""The laws of examples/digits.py."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mag

ROOT = Path(__file__).parents[2]


def run_digits(tmp_path: Path, *overrides: str) -> mag.Experiment:
    """Run the example in a directory of its own and return its experiment."""
    train: Any = runpy.run_path(str(ROOT / "examples" / "digits.py"))["train"]
    config = mag.compose(list(overrides), config_path=str(ROOT / "configs"), config_name="digits")
    with mag.Experiment(config=config, experiments_dir=tmp_path) as experiment:
        train(experiment.config, experiment)
    return experiment


@pytest.mark.parametrize(
    "override", ["model=svm", "model=forest", "model=logistic", "model/kernel=poly", "model/kernel=linear"]
)
def test_every_model_reads_digits(tmp_path: Path, override: str) -> None:
    """What a model's config holds is what its class takes."""
    assert run_digits(tmp_path, override).results["accuracy"] > 0.85


def test_the_confusion_is_kept_in_the_experiments_directory(tmp_path: Path) -> None:
    """A quarter of 600 digits was judged, and each of them counted."""
    experiment = run_digits(tmp_path)
    confusion = np.loadtxt(experiment.directory / "evaluation" / "confusion.csv", delimiter=",")
    assert confusion.shape == (10, 10)
    assert confusion.sum() == 150
    assert confusion.trace() / 150 == pytest.approx(experiment.results["accuracy"])


def test_the_seed_is_hidden_but_counts(tmp_path: Path) -> None:
    """Another `_seed` is the same experiment, with another split of the data."""
    one, other = run_digits(tmp_path / "one", "_seed=1"), run_digits(tmp_path / "other", "_seed=2")
    assert one.identity == other.identity
    confusions = [(each.directory / "evaluation" / "confusion.csv").read_text() for each in (one, other)]
    assert confusions[0] != confusions[1]
