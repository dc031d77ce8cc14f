"""Laws of the forms in which a config may be given."""

import json
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from mag.config.sources import read_source
from mag.errors import ConfigError, YamlError


def test_json_of_any_text(tmp_path: Path) -> None:
    """A JSON file means what Python's writer of JSON put there, characters beyond the first plane included."""
    config = {"name": "\U0001f600", "tab": "\t", "deep": {"list": [1, 2.5, None, True]}}
    (tmp_path / "config.json").write_text(json.dumps(config))

    assert read_source(tmp_path / "config.json") == config


def test_broken_json(tmp_path: Path) -> None:
    """A broken JSON file is named with its line."""
    (tmp_path / "config.json").write_text('{\n"a": }')

    with pytest.raises(YamlError, match=r"config\.json:2"):
        read_source(str(tmp_path / "config.json"))


@pytest.mark.parametrize(("name", "text"), [("x.json", "[1]"), ("x.yaml", "- 1"), ("x.json", "5")])
def test_no_mapping(tmp_path: Path, name: str, text: str) -> None:
    """A config is a mapping."""
    (tmp_path / name).write_text(text)

    with pytest.raises(YamlError, match="mapping"):
        read_source(tmp_path / name)


def test_config_of_omegaconf_is_resolved() -> None:
    """What refers to another value gets it."""
    assert read_source(OmegaConf.create({"a": 1, "b": "${a}"})) == {"a": 1, "b": 1}


def test_no_config() -> None:
    """Anything else is refused by its type."""
    with pytest.raises(ConfigError, match="type int"):
        read_source(5)
