"""The laws of columns."""

from collections.abc import Callable

import pytest

from mag.compare.columns import Column, collect_columns, find_varying
from mag.compare.rows import MISSING, Row
from mag.errors import UsageError

MakeRow = Callable[..., Row]


def test_a_key_is_found_by_its_end(make_row: MakeRow) -> None:
    """`C` means `model.C` where no other key ends so."""
    catalog = collect_columns([make_row({"model": {"C": 1}, "seed": 2})])
    assert catalog.find("C") == Column("config", "model.C")


def test_an_exact_key_wins_over_an_end(make_row: MakeRow) -> None:
    """`C` means `C` even if there is a `model.C`."""
    catalog = collect_columns([make_row({"model": {"C": 1}, "C": 2})])
    assert catalog.find("C") == Column("config", "C")


@pytest.mark.parametrize("key", ["lr", "loss"])
def test_an_ambiguous_key_is_refused_with_names_that_work(make_row: MakeRow, key: str) -> None:
    """Whatever the message offers in place of an ambiguous key is found."""
    catalog = collect_columns([make_row({"a": {"lr": 1}, "b": {"lr": 2, "loss": "hinge"}}, {"val": {"loss": 3}})])
    with pytest.raises(UsageError) as error:
        catalog.find(key)
    offered = str(error.value).partition("may mean ")[2].partition(":")[0].split(" or ")
    assert [catalog.label(catalog.find(name)) for name in offered] == offered


@pytest.mark.parametrize("key", ["lr", "C", "model.C"])
def test_a_config_that_was_registered_too_is_meant(make_row: MakeRow, key: str) -> None:
    """An experiment that returns its config makes no key ambiguous; what it returned can still be asked for."""
    config = {"lr": 1, "model": {"C": 2}}
    catalog = collect_columns([make_row(config), make_row(config, config)])
    full = key if key != "C" else "model.C"
    assert catalog.find(key) == Column("config", full)
    assert catalog.find(f"results.{full}") == Column("results", full)
    assert catalog.find(catalog.label(catalog.find(key))) == Column("config", full)


def test_an_unknown_key_names_the_nearest(make_row: MakeRow) -> None:
    """A misspelt key is answered with the one that was meant."""
    with pytest.raises(UsageError, match="did you mean 'accuracy'"):
        collect_columns([make_row({"C": 1}, {"accuracy": 1})]).find("acuracy")


def test_an_unlike_key_lists_what_is_known(make_row: MakeRow) -> None:
    """A key that is like no other is answered with all there are."""
    with pytest.raises(UsageError, match="known are C, score, name, status"):
        collect_columns([make_row({"C": 1}, {"score": 1})]).find("zzzzzz")


def test_facts_win_and_labels_tell(make_row: MakeRow) -> None:
    """`name` is the experiment's; a config key of that name is called, and found as, `config.name`."""
    row = make_row({"name": "svm"})
    catalog = collect_columns([row])
    assert catalog.find("name").read(row) == "svm"  # its name is made of its only value
    assert catalog.find("name").kind == "fact"
    assert catalog.label(Column("config", "name")) == "config.name"
    assert catalog.find("config.name") == Column("config", "name")


def test_varying_keys_are_those_that_differ(make_row: MakeRow) -> None:
    """A key varies if two rows differ in it, by type or by lacking it."""
    rows = [make_row({"same": 1, "type": 1, "value": 1, "list": [1], "one": 0}), make_row({"same": 1, "type": 1.0})]
    rows[1].config.update({"value": 2, "list": [1.0]})
    assert [column.key for column in find_varying(rows)] == ["list", "one", "type", "value"]


def test_corrupt_rows_do_not_make_keys_vary(make_row: MakeRow, corrupt_row: Row) -> None:
    """An experiment that cannot be read says nothing about which keys differ."""
    assert find_varying([corrupt_row, make_row({"C": 1}), corrupt_row, make_row({"C": 1})]) == []
    assert find_varying([corrupt_row]) == []


def test_a_column_reads_missing_where_a_row_lacks_it(make_row: MakeRow) -> None:
    """Lacking a key is no error."""
    assert Column("results", "accuracy").read(make_row({"C": 1})) is MISSING


def test_escapes_and_quotes_may_be_left_out_of_a_key(make_row: MakeRow) -> None:
    r"""`k.a.b` means `k.a\.b` where there is no nested one, and `m.1` the text `'1'` where there is no number."""
    catalog = collect_columns([make_row({"k": {"a.b": 1}, "m": {"1": 2}, "n": {"1": 3, 1: 4}})])
    assert catalog.find("k.a.b").key == r"k.a\.b"
    assert catalog.find("m.1").key == "m.'1'"
    assert catalog.find("n.1").key == "n.1"


def test_what_a_choice_settles_is_no_column(make_row: MakeRow) -> None:
    """Keys of a group that have one value for each option follow from the choice, which is shown instead."""
    kinds = [("svm", {"C": 1}), ("svm", {"C": 2}), ("mlp", {"width": 8})]
    rows = [make_row({"model": {"name": kind, **more}}, choices={"model": kind}) for kind, more in kinds]
    assert [(column.kind, column.key) for column in find_varying(rows)] == [("choices", "model"), ("config", "model.C")]


def test_only_keys_of_the_group_itself_follow_from_it(make_row: MakeRow) -> None:
    """A key elsewhere that happens to go along with a choice is shown, and so is one of another package."""
    rows = [make_row({"a": kind, "d": {"x": kind}}, choices={"b": kind, "c@d": kind}) for kind in "xy"]
    assert [column.key for column in find_varying(rows)] == ["b", "c@d", "a"]
