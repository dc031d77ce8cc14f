"""Laws of constants: what is worked out is what running the module would give, and nothing is run."""

import ast
from pathlib import Path

import pytest

from mag.app.constants import Constants

MODULE = """\
import os, pathlib
import os.path as p
from pathlib import Path
from os.path import join
ROOT = Path(__file__).parent
NAME = "con" + "f"
TWICE = "a"
TWICE = "b"
raise SystemExit
"""


def evaluate(text: str, file: Path) -> object:
    """Return what an expression comes to in the module above."""
    return Constants(ast.parse(MODULE), file).evaluate(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a'", "a"),
        ("None", None),
        ("NAME", "conf"),
        ("f'{NAME}/x'", "conf/x"),
        ("os.path.join('..', NAME)", "../conf"),
        ("join('a', 'b')", "a/b"),
        ("p.join('a', 'b')", "a/b"),
        ("str(ROOT / 'c')", "/x/c"),
        ("ROOT.parents[0].joinpath('c')", Path("/c")),
        ("os.path.dirname(os.path.abspath(__file__))", "/x"),
        ("str(pathlib.Path(__file__).parent.parent)", "/"),
    ],
)
def test_values(text: str, value: object) -> None:
    """Texts and paths, joined in the usual ways."""
    assert evaluate(text, Path("/x/train.py")) == value


@pytest.mark.parametrize("text", ["TWICE", "os.getcwd()", "open('x')", "unknown", "os.environ['A']", "list('ab')"])
def test_what_has_to_be_run(text: str) -> None:
    """Whatever depends on more than the text of the module has no value."""
    with pytest.raises(ValueError, match=r"."):
        evaluate(text, Path("/x/train.py"))
