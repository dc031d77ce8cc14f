"""The laws of the items of defaults lists."""

from typing import Any

import pytest

from mag.config.documents.entries import SELF, Entry, find_bad_path, join_package, read_entries
from mag.errors import ConfigError


def test_every_form_of_an_entry() -> None:
    """A group with an option, several, none or an open one; a file; a package; the two words."""
    entries = read_entries(
        [{"db": "mysql"}, {"optional db@b": ["x", "y"]}, {"/m": None}, "base@p", SELF, {"override /db": "???"}]
    )
    assert entries == (
        Entry("db", "mysql"),
        Entry("db", ("x", "y"), package="b", optional=True),
        Entry("/m"),
        Entry("base", is_group=False, package="p"),
        Entry(SELF, is_group=False),
        Entry("/db", "???", override=True),
    )


def test_the_file_itself_comes_last_where_it_is_not_named() -> None:
    """A list without `_self_` ends in it."""
    assert [entry.path for entry in read_entries([{"db": "x"}])] == ["db", SELF]


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ({"db": "x"}, "must be a list"),
        ("db", "must be a list"),
        ([5], "has the entry 5"),
        ([{}], "exactly one group"),
        ([{"a": "x", "b": "y"}], "start every entry with its own '-'"),
        ([{1: "x"}], "must be a text"),
        ([{"db": 3}], "option 3 of 'db', which must be a text or a list; quote it: '3'"),
        ([{"db": [3]}], "3 among the options of 'db'"),
        ([{"db": ["${a}"]}], "a list takes no interpolation"),
        ([{"maybe db": "x"}], "the word 'maybe'"),
        ([{"optional override db": "x"}], "cannot be combined"),
        (["optional db"], "needs a group and an option"),
        ([SELF, SELF], "names _self_ twice"),
        ([f"{SELF}@a"], "_self_ takes no package"),
        ([{"db": SELF}], "_self_ as an option"),
        (["???"], "write 'db: \\?\\?\\?'"),
        ([{"../db": "x"}], "needs a package, as in '../db@db'; or start it with /"),
        ([{"db": "../x"}], "cannot lead upwards"),
        ([{"db": "/x"}], "an empty part"),
        ([{"db/": "x"}], "an empty part"),
        ([{"db@a:b": "x"}], "cannot be renamed"),
        ([{"override db": "x"}, {"a": "y"}], "overrides must be its last entries"),
    ],
)
def test_what_is_no_entry_is_refused(defaults: Any, message: str) -> None:
    """A mistake in a defaults list is told with the entry that holds it."""
    with pytest.raises(ConfigError, match=message):
        read_entries(defaults)


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        (Entry("db"), "server.db"),
        (Entry("/db"), "server.db"),
        (Entry("db", package="_here_"), "server"),
        (Entry("db", package="b"), "server.b"),
        (Entry("db", package="_global_"), ""),
        (Entry("db", package="_global_.b"), "b"),
        (Entry("db", package="_group_"), "server.db"),
        (Entry("db/mysql", is_group=False), "server.db"),
        (Entry("base", is_group=False), "server"),
    ],
)
def test_the_content_goes_below_the_file_that_lists_it(entry: Entry, place: str) -> None:
    """A package is relative to its file's own, unless it starts with `_global_`."""
    assert entry.place("server", "server") == place


def test_the_list_s_package_goes_before_the_file_s_own() -> None:
    """`@package` in the list outweighs the header, which outweighs the group's name."""
    assert Entry("db", package="b").place("", "", "_global_.h") == "b"
    assert Entry("db").place("x", "x", "_global_.h") == "h"


def test_a_key_names_the_package_only_where_it_differs() -> None:
    """`db@db` is called `db`."""
    assert Entry("db", package="db").key("", "") == "db"
    assert Entry("db").key("server", "admin") == "server/db@admin.db"


@pytest.mark.parametrize("path", ["", "a//b", "a/", "..", "a/../b", "./a"])
def test_paths_stay_below_the_config_folder(path: str) -> None:
    """No group and no option leads out of the config folder."""
    assert find_bad_path(path)


def test_the_last_global_counts() -> None:
    """What stands before `_global_` is forgotten."""
    assert join_package("a._global_.b", "_global_.c.d") == "c.d"
