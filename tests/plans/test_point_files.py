"""Laws of tables of points."""

from pathlib import Path

import pytest

from mag.errors import SpaceError
from mag.plans.point_files import read_points


def read(tmp_path: Path, text: str, name: str = "p.csv") -> list[list[str]]:
    """Return the overrides of each row of a table."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    return [[override.text for override in row] for _, row in read_points(str(tmp_path / name))]


def test_a_row_is_a_point(tmp_path: Path) -> None:
    """A cell is read as what is typed after the `=`; an empty one gives its key no value."""
    table = 'lr,model.layers,name\n0.1,"[8, 16]",svm\n1e-3,,"a, b"\n'

    assert read(tmp_path, table) == [["lr=0.1", "model.layers=[8,16]", "name=svm"], ["lr=0.001", "name='a, b'"]]


def test_a_list_of_objects(tmp_path: Path) -> None:
    """In JSON the values are what they are."""
    assert read(tmp_path, '[{"lr": 0.1, "k": "1"}]', "p.json") == [["lr=0.1", "k='1'"]]


def test_facts_of_a_listing_are_left_out(tmp_path: Path) -> None:
    """What `mag ls --csv` writes beside the keys is no part of a point."""
    assert read(tmp_path, "name,lr,status\n1|2,0.1,completed\n") == [["lr=0.1"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lr,seed\n0.1,2\n0.2\n", "line 3: cells: 1, keys: 2"),
        ("lr,lr\n1,2\n", "line 1: each column needs a key of its own"),
        ("lr\n", "has no rows"),
        ("lr,seed\n,\n", "line 2: the row assigns no key"),
        ("a=b\n1\n", "line 2: 'a=b' is no key"),
    ],
)
def test_a_wrong_row(tmp_path: Path, text: str, said: str) -> None:
    """The error names the line."""
    with pytest.raises(SpaceError, match=said):
        read(tmp_path, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The error names the one that was probably meant."""
    (tmp_path / "trials.csv").write_text("lr\n1\n")
    with pytest.raises(SpaceError, match=r"did you mean .*trials\.csv"):
        read_points(str(tmp_path / "trails.csv"))


@pytest.mark.parametrize(("name", "text"), [("p.txt", "x"), ("p.json", "{"), ("p.json", '{"lr": 1}')])
def test_what_is_no_table(tmp_path: Path, name: str, text: str) -> None:
    """A file of another kind is refused."""
    with pytest.raises(SpaceError, match=r"must end in|is no JSON|must be a list"):
        read(tmp_path, text, name)
