"""The laws of YAML scalars."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mag.config.documents.scalars import read_scalar


@given(st.text("0123456789._eE+-:xb~nul", min_size=1, max_size=7))
def test_plain_scalars_are_typed_as_omegaconf_types_them(text: str) -> None:
    """Config files that were written for OmegaConf keep their meaning."""
    try:
        theirs = OmegaConf.to_container(OmegaConf.create(f"k: {text}\n"))
    except Exception:  # noqa: BLE001 - what it cannot read has no meaning to keep
        return
    assert isinstance(theirs, dict)
    if "k" in theirs and not (isinstance(theirs["k"], float) and math.isinf(theirs["k"])):
        ours = read_scalar(text)
        assert repr(ours) == repr(theirs["k"])


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-5", 1e-5), ("1E5", 1e5), ("0x1F", 31), ("-0b11", -3), ("1:30.5", 90.5), ("-.inf", -math.inf), ("-.5", "-.5")],
)
def test_numbers_of_every_spelling(text: str, value: object) -> None:
    """YAML 1.1's numbers are read, and a sign before a bare fraction makes a text, as ever."""
    assert read_scalar(text) == value


def test_a_date_stays_a_text() -> None:
    """No value is of a type that JSON does not have."""
    assert read_scalar("2020-01-01") == "2020-01-01"


def test_an_overflow_is_no_infinity() -> None:
    """A number that Python cannot hold is refused, not replaced."""
    with pytest.raises(ValueError, match=r"1e400 is beyond the largest float, write \.inf"):
        read_scalar("1e400")
