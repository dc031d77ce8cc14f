"""The laws of what overrides ask of config groups."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mag.config.composition.groups import Library
from mag.config.composition.selection import read_selection, selects_option
from mag.config.documents.entries import Entry
from mag.config.language.grammar import parse_override
from mag.errors import OverrideError

WriteConfigs = Callable[[dict[str, str]], Path]


@pytest.fixture
def library(write_configs: WriteConfigs) -> Library:
    """Return a library with one group, `db`."""
    return Library((write_configs({"db/mysql": "", "db/3": "", "db/sub/x": "", "config": ""}),))


@pytest.mark.parametrize(
    ("text", "selects"),
    [
        ("db=mysql", True),
        ("db=mysql,lite", True),
        ("db@b=mysql", True),
        ("~db", True),
        ("~db/mysql", True),
        ("db={port:1}", False),
        ("db={port:1},{port:2}", False),
        ("seed=1", False),
        ("db.port=1", False),
        ("~seed", False),
    ],
)
def test_a_folder_s_name_is_a_group(library: Library, text: str, selects: bool) -> None:
    """An override of a group chooses an option, unless it gives a mapping of values."""
    assert selects_option(parse_override(text), library) is selects


def test_every_form_of_a_choice(library: Library) -> None:
    """Changed, added and deleted choices are told apart, and the later of two counts."""
    texts = ["db=lite", "db=[mysql,sub/x]", "+db@b=mysql", "+db@=mysql", "~db@c", "~db@d=mysql"]
    selection = read_selection([parse_override(text) for text in texts], library)
    assert selection.chosen == {"db": ("mysql", "sub/x")}
    assert selection.added == (
        Entry("/db", "mysql", package="_global_.b"),
        Entry("/db", "mysql", package="_global_._global_"),
    )
    assert selection.deleted == {"db@c": None, "db@d": "mysql"}


def test_a_file_may_have_a_number_for_its_name(library: Library) -> None:
    """`db=3` chooses db/3.yaml, whatever 3 is elsewhere."""
    assert read_selection([parse_override("db=3")], library).chosen == {"db": "3"}


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["++db=mysql"], r"type db=mysql to change .*, \+db=mysql to add"),
        (["db=4"], "db is a config group; its options are: 3, mysql"),
        (["db=null"], "type '~db'"),
        (["db=[1.5]"], "db is a config group"),
        (["db=../x"], "'../x' is no name of an option"),
        (["~db", "db=mysql"], "both chosen and deleted"),
        (["~db@b", "+db@b=mysql"], "db@b is both chosen and deleted"),
    ],
)
def test_what_no_group_takes_is_refused(library: Library, texts: list[str], message: str) -> None:
    """An override that a group cannot follow is an error that says what to type."""
    with pytest.raises(OverrideError, match=message):
        read_selection([parse_override(text) for text in texts], library)
