"""The laws of charts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.cli.charts import can_draw, draw_curve, draw_line

FLOATS = st.lists(st.floats())


@given(FLOATS, st.integers(1, 30), st.booleans())
def test_a_line_fits(values: list[float], width: int, fancy: bool) -> None:
    """A chart of one line is never wider than asked for, whatever was logged, and plain where it must be."""
    line = draw_line(values, width, fancy=fancy)
    assert len(line) <= width
    assert fancy or line.isascii()


@given(st.lists(st.tuples(st.floats(), st.floats())), st.integers(1, 20), st.integers(1, 4))
def test_a_curve_has_its_size(points: list[tuple[float, float]], width: int, height: int) -> None:
    """A chart is a rectangle, whatever was logged."""
    assert [len(line) for line in draw_curve(points, width, height)] == [width] * height


def test_what_rises_rises() -> None:
    """A straight line goes from the lower left to the upper right."""
    assert draw_curve([(x, x) for x in range(100)], 4, 2) == ["⠀⠀⡠⠊", "⡠⠊⠀⠀"]
    assert draw_line(range(8), 8, fancy=True) == "▁▂▃▄▅▆▇█"


@pytest.mark.parametrize(
    ("locale", "term", "fancy"), [("C.UTF-8", "xterm", True), ("C", "xterm", False), ("C.UTF-8", "linux", False)]
)
def test_plain_where_the_terminal_cannot(monkeypatch: pytest.MonkeyPatch, locale: str, term: str, fancy: bool) -> None:
    """Only a terminal of a UTF-8 locale gets more than ASCII, and not the console of the kernel."""
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setenv("TERM", term)
    assert can_draw() is fancy
