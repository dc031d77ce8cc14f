"""The laws of the library of config files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mag.config.composition.groups import Library
from mag.errors import ConfigError

WriteConfigs = Callable[[dict[str, str]], Path]


def test_making_one_touches_no_file() -> None:
    """A folder that is not there is only missed when something is asked of it."""
    library = Library((Path("/nowhere"),))
    assert (library.read("config"), library.has_group("db"), library.options("db"), library.groups()) == (
        None,
        False,
        (),
        (),
    )


def test_a_file_is_read_once(write_configs: WriteConfigs) -> None:
    """What was read stays as it was, whatever is edited meanwhile."""
    library = Library((write_configs({"config": "k: 1"}),))
    first = library.read("config")
    write_configs({"config": "k: 2"})
    assert library.read("config") is first


def test_groups_are_folders_and_options_their_files(write_configs: WriteConfigs) -> None:
    """A group lists its own files only, sorted; nested folders are groups of their own."""
    library = Library((write_configs({"db/b": "", "db/a": "", "db/sub/c": "", "config": ""}),))
    assert library.options("db") == ("a", "b")
    assert library.groups() == ("db", "db/sub")
    assert library.has_group("db/sub")
    assert not library.has_group("config")


def test_the_first_folder_wins(write_configs: WriteConfigs) -> None:
    """Further folders add what the earlier ones do not have."""
    root = write_configs({"one/db/a": "k: 1", "two/db/a": "k: 2", "two/db/b": "k: 2"})
    library = Library((root / "one",))
    assert library.read("db/b") is None
    library.extend((root / "two",))
    assert library.options("db") == ("a", "b")
    found = [library.read(name) for name in ("db/a", "db/b")]
    assert [document.content for document in found if document] == [{"k": 1}, {"k": 2}]


def test_a_file_of_the_other_suffix_is_named(tmp_path: Path) -> None:
    """A config that ends in .yml is not silently missing."""
    (tmp_path / "config.yml").write_text("k: 1")
    with pytest.raises(ConfigError, match=r"config\.yml would not be read: .* rename it to config\.yaml"):
        Library((tmp_path,)).read("config")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_an_impossible_name_is_no_group(tmp_path: Path, name: str) -> None:
    """No name of a group can break the look-up."""
    assert not Library((tmp_path,)).has_group(name)
