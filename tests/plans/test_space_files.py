"""Laws of space files."""

from pathlib import Path
from typing import Any

import pytest

from mag.errors import MagError, SpaceError, UsageError
from mag.plans.space_files import SpaceFile, find_space, read_space_file, read_values


def read(folder: Path, text: str) -> SpaceFile:
    """Return what a file of this text asks for."""
    (folder / "s.yaml").write_text(text)
    return read_space_file(folder / "s.yaml")


def test_every_part(tmp_path: Path) -> None:
    """Each part of a file is read."""
    parts = """\
grid: {C: [1, 10], gamma: "0.1,0.2"}
zip: [C, gamma]
include: [{C: 7, t: "1,2"}]
exclude: {C: 1, gamma: 0.1}
where: C < 100
sample: 3
seed: 4
"""
    file = read(tmp_path, parts)
    assert [[override.text for override in grid] for grid in file.grids] == [["C=1,10", "gamma=0.1,0.2"]]
    assert [[override.text for override in point] for point in file.include] == [["C=7", "t='1,2'"]]
    assert (file.zips, file.sample, file.seed) == ((("C", "gamma"),), 3, 4)
    assert [each.keys for each in file.filters] == [("C",), ("C", "gamma")]


@pytest.mark.parametrize(
    ("key", "value", "values"),
    [
        ("C", [1, 2.5, "1,2", None], (1, 2.5, "1,2", None)),
        ("C", [[8, 16], [8]], ([8, 16], [8])),
        ("C", "range(3)", (0, 1, 2)),
        ("C", "a,b", ("a", "b")),
        ("C", "svm", ("svm",)),
        ("C", [1], (1,)),
        ("C", 7, (7,)),
        ("+db@backup", ["x"], ("x",)),
    ],
)
def test_values(key: str, value: Any, values: tuple[Any, ...]) -> None:
    """A list is several values as they are, a text is read as it would be typed, all else is one value."""
    assert read_values(key, value).values == values


@pytest.mark.parametrize(
    ("text", "zips"),
    [
        ("zip: [a, b]", (("a", "b"),)),
        ("zip: a,b", (("a", "b"),)),
        ("zip: [[a, b], [c, d]]", (("a", "b"), ("c", "d"))),
    ],
)
def test_zips(tmp_path: Path, text: str, zips: Any) -> None:
    """One zip may stand alone, several in a list."""
    assert read(tmp_path, text).zips == zips


def test_conditions_alone(tmp_path: Path) -> None:
    """A file without grids and points shapes what is typed beside it."""
    assert read(tmp_path, "where: C < 3").grids == ((),)
    assert read(tmp_path, "include: [{C: 1}]").grids == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gird: {}", "s.yaml: gird is no part of a space file, did you mean grid?"),
        ("[1]", "s.yaml is a list"),
        ("grid: []", "s.yaml: grid: the list is empty"),
        ("grid: 5", "s.yaml: grid: 5 is not a mapping of keys to values"),
        ("grid: {C: []}", "s.yaml: grid: C has no values"),
        ("grid: {m: {C: [1]}}", "s.yaml: grid: m is a mapping; write m.C: ..."),
        ("grid: {C: '[1'}", "s.yaml: grid: cannot read C=[1"),
        ("grid: {C: 1,\n  C: 2}", "s.yaml:2: the key 'C' stands twice"),
        ("zip: 5", "s.yaml: zip: 5 is not a list of keys"),
        ("zip: [[a, 1]]", "s.yaml: zip: [[a,1]] is not a list of keys"),
        ("include: {C: [1]}\nwhere: 5", "s.yaml: where: 5 is not a condition"),
        ("include: [5]", "s.yaml: include: 5 is not a list of points"),
        ("where: C <", "s.yaml: where: cannot read the condition 'C <'"),
        ("exclude: {}", "s.yaml: exclude: an empty mapping would leave out every point"),
        ("exclude: C", "s.yaml: exclude: 'C' is no condition"),
        ("exclude: {+C: 1}", "s.yaml: exclude: {+C:1}: '+C=1' is no plain key=value"),
        ("sample: 0", "s.yaml: sample: 0 is no integer from 1 on"),
        ("sample: many", "s.yaml: sample: many is no integer from 1 on"),
        ("seed: true", "s.yaml: seed: true is no integer"),
    ],
)
def test_refusals(tmp_path: Path, text: str, said: str) -> None:
    """What cannot be used is refused in one sentence, which names the file and the part."""
    with pytest.raises(MagError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path}/{said}")


def test_find_by_name(tmp_path: Path) -> None:
    """A bare name is looked up beside the configs, then inside them; a file is named with its suffix."""
    configs = tmp_path / "configs"
    for folder, names in {"spaces": ["a"], "configs/spaces": ["a", "b"]}.items():
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / folder / f"{name}.yaml").write_text("grid: {}")
    assert find_space("a", configs) == tmp_path / "spaces" / "a.yaml"
    assert find_space("b", configs) == configs / "spaces" / "b.yaml"
    assert find_space(str(tmp_path / "spaces" / "a.yaml"), None) == tmp_path / "spaces" / "a.yaml"
    with pytest.raises(UsageError, match="there are: a, b"):
        find_space("nothing", configs)
    with pytest.raises(UsageError, match="there is no such file"):
        find_space("b.yaml", configs)
    with pytest.raises(UsageError, match="no configs"):
        find_space("b", None)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A file that is no text is refused."""
    (tmp_path / "s.yaml").write_bytes(b"\xff")
    with pytest.raises(MagError, match="not UTF-8"):
        read_space_file(tmp_path / "s.yaml")


def test_only_space_errors_of_parts(tmp_path: Path) -> None:
    """A part that cannot be read is an error of the space."""
    with pytest.raises(SpaceError):
        read(tmp_path, "grid: {'C=': 1}")
