"""Laws of arguments: what a script is given is read without running it."""

from pathlib import Path

import pytest

from mag.app.arguments import Argument, Arguments, read_arguments
from mag.errors import UsageError

TYPED = """
import argparse
raise SystemExit("nobody runs this")
parser = argparse.ArgumentParser()
parser.add_argument("data")
group = parser.add_argument_group("model")
group.add_argument("-l", "--learning-rate", type=float, default=0.1)
parser.add_argument("--fast", action="store_true")
parser.add_argument("--sizes", nargs="+", default=(1, 2))
parser.add_argument("--seed", default=compute(), dest="number")
parser.add_argument("--name")
options = parser.parse_args()
"""


def read(tmp_path: Path, text: str) -> Arguments:
    """Return what a script of that text is given."""
    (tmp_path / "fit.py").write_text(text)
    return read_arguments(tmp_path / "fit.py")


def test_argparse(tmp_path: Path) -> None:
    """Keys, defaults and options are those of argparse; what no command line of mag can say has no option."""
    assert read(tmp_path, TYPED) == Arguments(
        (
            Argument("data", "???", ""),
            Argument("learning_rate", 0.1, "--learning-rate"),
            Argument("fast", False),
            Argument("sizes", [1, 2]),
            Argument("number", "???", "--seed"),
            Argument("name", None),
        ),
        "options",
        12,
        is_typed=True,
    )


def test_the_command_line(tmp_path: Path) -> None:
    """Positional arguments come first, and a file's name is quoted."""
    assert read(tmp_path, TYPED).write_command("my fit.py") == (
        "python 'my fit.py' {data} --learning-rate {learning_rate} --seed {number}"
    )


def test_a_dict_of_constants(tmp_path: Path) -> None:
    """The largest dict of plain values at the top counts."""
    found = read(tmp_path, "NAMES = {'a': 1}\nC = {'lr': 0.1, 'sizes': [1]}\nC2 = {'f': open}\n")
    assert (found.known, found.name, found.line) == ((Argument("lr", 0.1), Argument("sizes", [1])), "C", 2)


def test_constants(tmp_path: Path) -> None:
    """Names in capitals are keys in small letters."""
    found = read(tmp_path, "import os\nLR: float = 0.1\nEPOCHS = 3\nother = 4\nHOME = os.environ\n")
    assert (found.known, found.name) == ((Argument("lr", 0.1), Argument("epochs", 3)), "")


@pytest.mark.parametrize(("text", "said"), [("print(1)", "neither"), ("def", "no Python"), ("\0", "no Python")])
def test_nothing_to_read(text: str, said: str, tmp_path: Path) -> None:
    """A script without either, or that is no Python, is named."""
    with pytest.raises(UsageError, match=said):
        read(tmp_path, text)
