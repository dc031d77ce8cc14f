"""The laws of layout."""

from hypothesis import given
from hypothesis import strategies as st

from mag.cli.layout import measure, shorten_texts
from mag.cli.output import Screen, align

KEYS = ["name", "model.name", "optimizer.lr", "optimizer.weight_decay", "trainer.batch_size", "seed", "accuracy"]


def draw(rows: list[list[object]], width: int, headers: list[str] | None = None) -> list[str]:
    """Return the lines of a table on a terminal of a width."""
    lines, _ = align(headers or KEYS, rows, Screen(width=width))
    assert all(measure(line) <= width for line in lines), lines
    return lines


@given(st.integers(40, 130))
def test_no_width_cuts_what_distinguishes(width: int) -> None:
    """Whatever the width, every number and short text of every column stands there whole."""
    rows: list[list[object]] = [
        [f"64|digits|0.1|cnn|{lr}|adam|0.0001|{seed}", "cnn", lr, 0.0001, 64, seed, 0.9 + seed / 100]
        for lr in (0.1, 0.001)
        for seed in (0, 1)
    ]
    shown = " ".join(draw(rows, width)).split()
    assert {"cnn", "0.1", "0.001", "0.0001", "64", "0", "1", "0.9", "0.91"} <= {*shown}
    names = [word for word in shown if word.endswith(("|0", "|1"))]
    assert len(set(names)) == len(rows)


def test_headers_shorten_to_what_is_unique() -> None:
    """A narrow terminal shows `lr` for optimizer.lr, but not `name` for one of two; a wide one has them in full."""
    headers = ["name", "optimizer.lr", "optimizer.name", "model.name", "loss"]
    rows: list[list[object]] = [["a", 0.1, "adam", "mlp", 1.5], ["b", 0.2, "sgd", "cnn", 2.5]]
    assert draw(rows, 60, headers)[0].split() == headers
    assert draw(rows, 48, headers)[0].split() == ["name", "lr", "optimizer.name", "model.name", "loss"]
    heads = ["C", "optimizer.lr=0.1", "optimizer.lr=0.01"]
    assert draw([[1, 0.5, 0.25]], 21, heads)[0].split() == ["C", "lr=0.1", "lr=0.01"]


def test_points_stand_in_line() -> None:
    """Decimal points of a column of numbers stand below each other."""
    places = {line.index(".") for line in draw([["a", 0.25], ["b", 10.5], ["c", 100.0]], 40, ["n", "x"])[1:]}
    assert len(places) == 1


@given(st.lists(st.text("ab|01", min_size=1, max_size=30), min_size=2, unique=True), st.integers(8, 20))
def test_shortened_texts_fit(texts: list[str], width: int) -> None:
    """Shortened texts are never too wide; a text that fits, where all do, stays as it is."""
    short = shorten_texts(texts, width)
    assert all(measure(text) <= width for text in short)
    assert short == texts or any(measure(text) > width for text in texts)


def test_names_are_cut_where_they_are_alike() -> None:
    """Names that differ at their ends keep these, and names that differ in the middle keep that."""
    ends = [f"64|digits|0.1|0.2|15|cnn|0.001|adam|{seed}" for seed in range(3)]
    assert [text[-1] for text in shorten_texts(ends, 12)] == ["0", "1", "2"]
    middles = [f"experiment|{letter}|of|the|same|long|ending" for letter in "xyz"]
    assert len(set(shorten_texts(middles, 12))) == 3


def test_what_is_expendable_goes_first() -> None:
    """Columns that tell nothing apart are left out before a second block is begun, and named."""
    rows = [["a" * 12, "completed", 0.5, "2026-11-30 12:00"]]
    lines, dropped = align(["name", "status", "loss", "started"], rows, Screen(width=24), expendable=[3])
    assert (lines[0].split(), dropped) == (["name", "loss"], ["started", "status"])
    _, dropped = align(["name", "status", "loss"], [["a", "failed", 1]], Screen(width=16))
    assert dropped == []
