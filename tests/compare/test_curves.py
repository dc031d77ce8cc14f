"""The laws of curves."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.compare.columns import collect_columns
from mag.compare.curves import Curve, peek_names, read_curves, split_name
from mag.compare.filters import apply_filters
from mag.compare.rows import Row
from mag.disk.values import encode_config

MakeRow = Callable[..., Row]
NUMBERS = st.lists(st.floats(allow_nan=False) | st.integers(-9, 9), min_size=1)


def write_lines(path: Path, lines: list[dict[str, Any]], rest: str = "") -> str:
    """Write a file of metrics, of which the last line may be torn, and return its path."""
    path.write_text("".join(json.dumps(encode_config(line)) + "\n" for line in lines) + rest)
    return str(path)


@given(NUMBERS)
def test_aspects(values: list[float]) -> None:
    """Last, extremes, mean and steps are what Python says of the values."""
    curve = Curve(tuple(range(len(values))), tuple(values))
    assert curve.ask("") == values[-1]
    assert (curve.ask("min"), curve.ask("max"), curve.ask("count")) == (min(values), max(values), len(values))
    assert values[int(curve.ask("min_step"))] == min(values)
    assert curve.ask("@0") == curve.ask("first") == values[0]
    assert curve.ask(f"@{len(values)}") is None


def test_the_mean_of_the_last(tmp_path: Path) -> None:
    """`mean2` is over the last two numbers; NaN is no number."""
    (curve,) = read_curves([write_lines(tmp_path / "m", [{"x": x} for x in (5, 1, math.nan, 3)])]).values()
    assert (curve.ask("mean2"), curve.ask("mean"), curve.ask("step")) == (2.0, 3.0, 3)


@pytest.mark.parametrize("rest", ["", '{"step": 2, "lo', "garbage\n", "[1]\n", '{"a": 1}, {"b": 2}\n'])
def test_what_is_torn_is_left_out(tmp_path: Path, rest: str) -> None:
    """A line that is cut off, or is no line of metrics, costs nothing else."""
    path = write_lines(tmp_path / "m", [{"step": 0, "loss": 2.0}, {"step": 1, "loss": 1.0}], rest)
    assert read_curves([path]) == {"loss": Curve((0, 1), (2.0, 1.0))}
    assert peek_names(path) == ["loss"]


def test_the_later_of_two_attempts_counts(tmp_path: Path) -> None:
    """Of a step that was logged twice the later value stays, and the last is the one that was logged last."""
    first = write_lines(tmp_path / "1", [{"step": step, "loss": 1.0} for step in range(3)])
    second = write_lines(tmp_path / "2", [{"step": step, "loss": 0.5} for step in (1, 2)])
    curve = read_curves([first, str(tmp_path / "none"), second])["loss"]
    assert dict(zip(curve.steps, curve.values, strict=True)) == {0: 1.0, 1: 0.5, 2: 0.5}


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("loss", ("loss", "")),
        ("loss.min", ("loss", "min")),
        ("loss@100", ("loss", "@100")),
        ("val.loss.mean10", ("val.loss", "mean10")),
        ("loss.median", None),
        ("acc.min", None),
    ],
)
def test_names(key: str, meant: tuple[str, str] | None) -> None:
    """A metric is asked for by its name, an aspect of it behind that."""
    assert split_name(key, ["loss", "val.loss"]) == meant


def test_metrics_are_results(make_row: MakeRow, tmp_path: Path) -> None:
    """What was logged can be filtered by and shown, unless a config key or result has that name."""
    rows = [make_row({"C": c}, name=str(tmp_path / str(c))) for c in (1, 2)]
    for row, scale in zip(rows, (1.0, 2.0), strict=True):
        folder = Path(row.experiment.paths.directory)
        folder.mkdir(parents=True)
        write_lines(folder / "metrics.jsonl", [{"step": step, "loss": scale * (9 - step)} for step in range(9)])
    catalog = collect_columns(rows)
    assert [catalog.find("loss.max").read(row) for row in rows] == [9.0, 18.0]
    assert apply_filters(rows, ["loss<2 and loss.max>5 and loss@3=6"], catalog) == rows[:1]
    assert apply_filters(rows, ["metrics.loss=2.0"], catalog) == rows[1:]


def test_ten_thousand_lines_take_no_time(tmp_path: Path) -> None:
    """Reading is far from being felt: 100,000 lines a second and more."""
    path = write_lines(tmp_path / "m", [{"step": step, "loss": 1 / (step + 1)} for step in range(10_000)])
    started = time.process_time()
    read_curves([path])
    assert time.process_time() - started < 0.1
