"""Laws of a report's data."""

import json
import math
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mag.compare.columns import collect_columns
from mag.compare.report import build_report, thin
from mag.compare.rows import Row

MakeRow = Callable[..., Row]


def build(*rows: Row) -> dict[str, Any]:
    """Return the columns of a report by their names."""
    report = build_report(rows, collect_columns(rows), title="t", made="now")
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    return dict(zip([column["key"] for column in report["columns"]], report["values"], strict=True)) | report


def test_columns_are_what_differs_then_results(make_row: MakeRow) -> None:
    """A key that all share is no column but a constant; results and facts follow."""
    report = build(make_row({"C": 1, "k": "rbf"}, {"acc": 0.5}), make_row({"C": 10, "k": "rbf"}, {"acc": 0.75}))

    assert (report["C"], report["acc"], report["constants"]) == ([1, 10], [0.5, 0.75], {"k": "rbf"})


def test_a_choice_is_not_shown_twice(make_row: MakeRow) -> None:
    """A key that only repeats the option chosen, such as `model.name`, is left out."""
    rows = [make_row({"model": {"name": name}}, choices={"model": name}) for name in ("svm", "mlp")]
    report = build(*rows)

    assert report["model"] == ["svm", "mlp"]
    assert "model.name" not in report


def test_what_json_lacks_is_a_text(make_row: MakeRow) -> None:
    """NaN and infinities reach the page as texts, what is missing as null."""
    report = build(make_row({"C": 1}, {"acc": math.nan}), make_row({"C": 2}, {"acc": math.inf}), make_row({"C": 3}))

    assert report["acc"] == ["nan", "inf", None]


def test_an_experiment_that_cannot_be_read(make_row: MakeRow, corrupt_row: Row) -> None:
    """A corrupt experiment has a line, and no values."""
    report = build(make_row({"C": 1}), corrupt_row)

    assert report["status"] == ["completed", "corrupt"]


@given(st.lists(st.integers()), st.integers(2, 50))
def test_thinned_curves_keep_their_ends(points: list[int], most: int) -> None:
    """A thinned curve is part of the curve, in order, and ends where it ended."""
    thinned = thin(points, most)

    assert len(thinned) == min(len(points), most)
    assert thinned[:1] + thinned[-1:] == points[:1] + points[-1:]
