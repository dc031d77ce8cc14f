"""The laws of interpolation."""

import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
from omegaconf import OmegaConf

from mag.config.composition.interpolation import find_missing, resolve
from mag.errors import ConfigError, MissingValueError

IS_NEW = version("omegaconf") >= "2.4"
register_resolver = OmegaConf.register_resolver if IS_NEW else OmegaConf.register_new_resolver


def test_resolving_leaves_no_interpolation_and_no_trace() -> None:
    """The result is new, and the config is as it was."""
    config = {"a": {"k": 1}, "b": "${a}", "c": "${b.k}-x"}
    resolved = resolve(config)
    assert resolved == {"a": {"k": 1}, "b": {"k": 1}, "c": "1-x"}
    resolved["a"]["k"] = 2
    assert config == {"a": {"k": 1}, "b": "${a}", "c": "${b.k}-x"}


@pytest.mark.parametrize("config", ["{'a': 1}", "{'a': 1, 'b': '${a}', 'c': '${oc.env:HOME,x}'}"])
def test_what_needs_no_omegaconf_does_not_load_it(config: str) -> None:
    """References cost no import."""
    imports = "import sys; from mag.config.composition import interpolation as i"
    code = f"{imports}; i.resolve({config}); print('omegaconf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout == b"False\n"


def test_the_rest_of_the_language_is_omegaconf_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolvers, nested interpolations and escapes are resolved to plain data."""
    monkeypatch.setenv("MAG_TEST", "5")
    config = {"a": "${oc.decode:'[1, x]'}", "b": "${oc.env:${name}}", "name": "MAG_TEST", "c": r"\${a}", "d": "???"}
    assert resolve(config) == {"a": [1, "x"], "b": "5", "name": "MAG_TEST", "c": "${a}", "d": "???"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"model": {"C": 1}, "a": "${modle.C}"},
            r"^a is '\$\{modle\.C\}', but there is no value modle\.C, did you mean",
        ),
        ({"a": {"b": "${..c}"}}, r"^a\.b is '\$\{\.\.c\}', but there is no value \.\.c$"),
        ({"a": "${b}", "b": "x${a}"}, r"^a is '\$\{b\}', which leads back to itself: a -> b -> a$"),
        ({"a": {"b": "${a}"}}, r"^a\.b is '\$\{a\}', which leads back to itself"),
        (
            {"a": ["${oc.env:NOT_SET}"]},
            r"^a\.0 is '\$\{oc\.env:NOT_SET\}', but the environment variable NOT_SET is not",
        ),
        ({"a": ["${oc.env:${b}}"], "b": "NOT_SET"}, r"^a\.0 is .*, but the environment variable NOT_SET is not set"),
        ({"a": "${now:%Y}"}, r"^a is '\$\{now:%Y\}', but there is no resolver 'now'; there are oc\.env"),
        ({"a": {"b": "${modle[0]}"}, "model": [1]}, r"^a\.b is '\$\{modle\[0\]\}', but there is no value"),
        ({"a": "${"}, r"^a is '\$\{', which is not a complete interpolation: .*`mag config --explain a`"),
        ({"a": 1, "b": {"c": ["x", "${:x}"]}}, r"^b\.c\.1 is '\$\{:x\}', which is not a complete"),
        ({"a": "${b:"}, r"^a is '\$\{b:', which is not a complete"),
        ({"a": "${b c}", "b": 1}, r"^a is '\$\{b c\}', which is not a complete"),
        ({"a": "${b[0]}", "b": "${a}[0]"}, r"but recursive interpolation detected"),
    ],
)
def test_what_resolves_to_nothing_is_named(config: dict[str, Any], message: str) -> None:
    """The error names the key, what is written there, and what was probably meant."""
    with pytest.raises(ConfigError, match=message):
        resolve(config)


@pytest.mark.parametrize("text", ["${a.b}", "x${a.b}", "${a[b]}"])
def test_a_reference_to_an_open_value_says_which(text: str) -> None:
    """A `???` is told by the reference that needs it, in either language."""
    with pytest.raises(MissingValueError, match=r"c is .*, but .* still \?\?\?"):
        resolve({"a": {"b": "???"}, "c": text})


def test_a_long_chain_ends_in_an_error() -> None:
    """Python's stack is no limit that a user meets."""
    with pytest.raises(ConfigError, match="too many steps"):
        resolve({f"k{number}": f"${{k{number + 1}}}" for number in range(3000)} | {"k3000": 1})


def test_a_resolver_must_make_plain_data() -> None:
    """A tuple becomes a list; what no file can hold is an error that names the key."""
    register_resolver("mag_test_tuple", lambda: (1, 2))
    register_resolver("mag_test_object", object)
    assert resolve({"a": "${mag_test_tuple:}"}) == {"a": [1, 2]}
    with pytest.raises(ConfigError, match=r"^a\.b resolves to a object"):
        resolve({"a": {"b": "${mag_test_object:}"}})
    OmegaConf.clear_resolver("mag_test_tuple")
    OmegaConf.clear_resolver("mag_test_object")


def test_missing_values_are_found_everywhere() -> None:
    """Also in lists; a text that only contains `???` is a value."""
    assert find_missing({"a": "???", "b": {"c": [1, "???"]}, "d": "a???", "e": 1}) == ["a", "b.c.1"]
