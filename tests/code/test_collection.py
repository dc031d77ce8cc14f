"""Laws of what is kept and named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mag.code.collection import drop, list_kept, list_named, list_stores, note_store
from mag.code.commit import read_commit
from mag.code.omissions import Rules
from mag.code.repository import Repository

Git = Callable[..., str]


def test_every_record_names(tmp_path: Path) -> None:
    """Records, those of attempts and reruns, and manifests name commits, even where they cannot be read."""
    places = (
        "a/.mag/record.json",
        "a/.mag/attempts/1/record.json",
        "a/.mag/reruns/1/.mag/record.json",
        "b/.mag/record.json",
        ".mag/sweeps/x.json",
    )
    for number, place in enumerate(places):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text('{"snapshot": "' + str(number) * 40 + '", "torn')

    assert list_named(str(tmp_path)) == {str(number) * 40 for number in range(len(places))}
    assert list_named(str(tmp_path / "nothing")) is None


@pytest.mark.parametrize("how", ["not there", "not mounted", "linked", "not readable"])
def test_what_cannot_be_seen_names_nothing_for_sure(how: str, tmp_path: Path) -> None:
    """Of a store that is not there now, or only in part, nobody knows what it names."""
    store = tmp_path / "store"
    if how != "not there":
        store.mkdir()
    if how == "linked":
        (store / ".mag").mkdir()
        (store / "1").symlink_to("nowhere")
    elif how == "not readable":
        (store / "1" / ".mag" / "record.json").mkdir(parents=True)
        (store / ".mag").mkdir()

    assert list_named(str(store)) is None


def test_stores_are_noted_once(code: Path, tmp_path: Path) -> None:
    """A store is noted when code is kept for it, once."""
    for _ in range(2):
        read_commit(code, store=tmp_path / "runs", rules=Rules())
    with Repository(code) as repository:
        note_store(repository, tmp_path / "more")
        assert list_stores(repository) == [str(tmp_path / "runs"), str(tmp_path / "more")]


def test_what_is_dropped(code: Path, git: Git) -> None:
    """What is dropped is gone from the refs, and nothing else is."""
    (code / "train.py").write_text("x = 2\n")
    read_commit(code, rules=Rules())
    git("tag", "mine")
    with Repository(code) as repository:
        kept = list_kept(repository)
        drop(repository, kept)
        assert (len(kept), list_kept(repository)) == (1, [])

    assert git("for-each-ref", "--format=%(refname)") == "refs/heads/main\nrefs/tags/mine"
