"""Laws of results: what can be stored comes back, the rest is named, and nothing that was computed is lost."""

import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.disk.values import decode, dump_json
from mag.errors import ResultError
from mag.record.paths import ExperimentPaths
from mag.record.results import ResultEncoder, read_results

FLOATS = st.floats(allow_nan=True, allow_infinity=True)
TEXTS = st.text("a=1né\0") | st.sampled_from(["nan", "inf", "=nan", "=1"])  # none that looks secret
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


class Color(enum.Enum):
    """Something to choose from."""

    RED = object()


@dataclasses.dataclass
class Best:
    """A result with parts."""

    loss: float
    model: object = None


def encode(value: object) -> Any:
    """Return what is stored of a result."""
    return ResultEncoder().encode({"x": value})["x"]


@given(VALUES)
def test_round_trip(value: object) -> None:
    """What is stored is read back the same, NaN and infinities included, and texts that read like them."""
    assert repr(decode(json.loads(dump_json(encode(value))))) == repr(value)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (np.float64(0.5), 0.5),
        (np.int32(3), 3),
        (np.bool_(True), True),
        (np.array([1.0, math.inf]), [1.0, "inf"]),
        ((1, 2), [1, 2]),
        (np.str_("a"), "a"),
        (Path("a/b"), "a/b"),
        (dt.timedelta(hours=10), "10:00:00"),
        (dt.datetime(2026, 12, 1, 8, 30, tzinfo=dt.UTC), "2026-12-01T08:30:00+00:00"),
        (dt.date(2026, 12, 1), "2026-12-01"),
        (Color.RED, "RED"),
        (decimal.Decimal("0.10"), "0.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({3, 1}, [1, 3]),
        (frozenset({"a", 1}), ["a", 1]),
        (Best(0.5, Path("m")), {"loss": 0.5, "model": "m"}),
        ({1: 2, None: 3, Color.RED: 4, 0.5: 5}, {"1": 2, "null": 3, "RED": 4, "0.5": 5}),
    ],
)
def test_what_has_an_obvious_form_is_stored_as_that(value: object, stored: object) -> None:
    """NumPy's values become plain data; paths, dates, enums, dataclasses and sets texts, mappings and lists."""
    assert encode(value) == stored
    assert type(encode(value)) is type(stored)


@pytest.mark.parametrize("value", [object(), b"x", 1j, print])
def test_anything_else_is_refused_by_name(value: object) -> None:
    """What JSON cannot hold is an error that names the result."""
    with pytest.raises(ResultError, match="'loss' is of type"):
        ResultEncoder().encode({"loss": value})


def test_the_rest_is_stored() -> None:
    """Inside of a result, what cannot be stored is left out and named; a list keeps its length."""
    encoder = ResultEncoder()
    stored = encoder.encode({"best": {"acc": 0.9, "model": object(), "1": 1, 1: 2, (1, 2): 3}, "all": [1, object()]})
    assert stored == {"best": {"acc": 0.9, "1": 1}, "all": [1, None]}
    assert encoder.left_out == ["best.model (object)", "best.1 (int)", "best.(1, 2) (int)", "all[1] (object)"]


def test_what_holds_itself_is_an_error() -> None:
    """So is what is nested without end."""
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ResultError, match="'x' contains itself"):
        encode(endless)


def test_they_are_read_as_they_were_stored(tmp_path: Path) -> None:
    """What stands in the file is encoded once, however often it is read."""
    paths = ExperimentPaths(str(tmp_path))
    stored = ResultEncoder().encode({"text": "nan", "loss": math.inf, "=a": {"=1": "=inf"}})
    Path(paths.results).write_bytes(dump_json(stored))
    assert read_results(paths) == stored
