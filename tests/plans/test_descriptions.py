"""Laws of describing points."""

from importlib.metadata import version
from pathlib import Path

import pytest

from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT
from mag.config.language.grammar import parse_overrides
from mag.errors import ConfigError, MissingValueError
from mag.plans.descriptions import describe_point, find_choice, find_texts, make_tools
from mag.plans.grids import build_grid
from mag.settings import Settings

CHOICES = {"model": "svm", "server/db": "mysql", "log@a": "x", "log@b": "y", "out@main": "file"}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("model", "svm"),
        ("server/db", "mysql"),
        ("server.db", "mysql"),
        ("log@b", "y"),
        ("out", "file"),
        ("log", ABSENT),
        ("db", ABSENT),
        ("a", ABSENT),
    ],
)
def test_find_choice(key: str, found: object) -> None:
    """A group is found under its name, with dots for slashes, and without its package where only one is meant."""
    assert find_choice(CHOICES, key) is found


def test_find_texts() -> None:
    """Every text with an interpolation is found, with its path as an override would write it."""
    config = {"a": {1: ["x", {"b": "${c}"}]}, "d": "${e} f", "g": "h"}
    assert list(find_texts(config)) == [(("a", "1", "1", "b"), "${c}"), (("d",), "${e} f")]


def test_values_before_groups(tmp_path: Path) -> None:
    """A key is the value of that name, where there is one, before it is a group."""
    (tmp_path / "db").mkdir()
    (tmp_path / "config.yaml").write_text("defaults: [db@x: one]\ndb: 5\nmissing: ???\n")
    (tmp_path / "db" / "one.yaml").write_text("y: 2\n")
    composer = Composer(tmp_path, "config")
    point = next(iter(build_grid(parse_overrides(["missing=1"]), composer)))
    description, config = describe_point(point, make_tools(composer, Settings()))
    assert [description.find(key) for key in ("db", "db@x", "x.y", "nothing")] == [5, "one", 2, ABSENT]
    assert description.source.resolve(point) == config.resolved == {"x": {"y": 2}, "db": 5, "missing": 1}
    with pytest.raises(MissingValueError, match=r"missing \(.*config\.yaml:3\) must .* type missing=VALUE"):
        describe_point(next(iter(build_grid([], composer))), make_tools(composer, Settings()))


def test_two_keys_that_omegaconf_cannot_hold_are_an_error_before_anything_starts(tmp_path: Path) -> None:
    """Where it can, they are two."""
    (tmp_path / "config.yaml").write_text("m: {1: a, '1': b}")
    composer = Composer(tmp_path, "config")
    if version("omegaconf") < "2.4":
        assert describe_point(next(iter(build_grid([], composer))), make_tools(composer, Settings()))
    else:
        with pytest.raises(ConfigError, match=r"m\.'1' stands beside the same key of another type"):
            describe_point(next(iter(build_grid([], composer))), make_tools(composer, Settings()))
