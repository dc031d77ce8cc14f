"""A config comes back as it was: from every form in which it may be given, through the record, to every reader."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mag.config.documents.document import read_yaml
from mag.config.documents.scalars import format_yaml
from mag.config.identity import compute_identity
from mag.config.sources import read_source
from mag.config.view import make_view
from mag.experiment import Experiment
from mag.record.paths import ExperimentPaths
from mag.record.records import read_record

TEXTS = st.text("ab1.'=-~ é${}\\", max_size=6) | st.sampled_from(["nan", "'inf'", "=nan", "1", "true", "null", "1e5"])
KEYS = st.text("ab1.'=-é", min_size=1, max_size=4) | st.sampled_from(["1", "true", "nan", "null"])
TYPED_KEYS = KEYS | st.integers(-3, 30) | st.floats(-9, 9).filter(lambda key: key % 1) | st.booleans()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TYPED_KEYS, inner, max_size=3)
)


def is_sane(value: Any) -> bool:
    """Tell whether OmegaConf 2.4 holds a value: 1 beside '1' in a mapping it does not."""
    if isinstance(value, dict):
        mixed = any(type(key) is int and str(key) in value for key in value)
        return not mixed and all(map(is_sane, value.values()))
    return all(map(is_sane, value)) if isinstance(value, list) else "${" not in str(value)


CONFIGS = st.dictionaries(KEYS | st.integers(0, 9), VALUES, min_size=1, max_size=4).filter(is_sane)


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Go to a folder for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def plain(config: Any) -> str:
    """Return a config as text that tells types apart; of the same order as it was written."""
    return repr(OmegaConf.to_container(config) if OmegaConf.is_config(config) else config)


@given(CONFIGS)
def test_yaml(config: dict[Any, Any]) -> None:
    """What mag prints as YAML is read as the same config."""
    assert plain(read_yaml(format_yaml(config), "x.yaml")) == plain(config)


@given(CONFIGS)
def test_forms(config: dict[Any, Any]) -> None:
    """A dict, a `DictConfig` and what the function sees are one config, with one identity."""
    assert plain(read_source(config)) == plain(config)
    assert plain(read_source(OmegaConf.create(config))) == plain(config)
    assert plain(make_view(config)) == plain(config)


@settings(max_examples=25)
@given(CONFIGS)
def test_records(tmp_path_factory: Any, config: dict[Any, Any]) -> None:
    """The record, and an experiment that is taken up again, have the config with every type and key."""
    with inside(tmp_path_factory.mktemp("store")):
        with Experiment(config=config) as experiment:
            assert plain(experiment.config) == plain(config)
        assert plain(read_record(ExperimentPaths(str(experiment.directory))).config) == plain(config)
        again = Experiment(resume_from=experiment.directory)
        assert plain(again.config) == plain(config)
        assert again.identity == compute_identity(config)
