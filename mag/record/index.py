"""The index: which directories of a store hold which identity, whatever they are called.

`.mag/index.sqlite` keeps what was read of each record, with the stamp of its file. It is a cache: where it is missing,
stale, garbled or cannot be used, the records are read again, and the answer is the same.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from mag.config.identity import USUAL, Visibility, compute_identity, describe_rules
from mag.config.secrets import MASK
from mag.disk import files, values
from mag.errors import MagError
from mag.record.paths import StorePaths

FEW = 300
"""In a store of so many experiments, reading all records is quicker than keeping an index."""
_MANY = 10_000
"""Beyond so many, the directory's time of change stands for the stamps of all records."""
_SETTLED_SECONDS = 2.0
_PATIENCE_SECONDS = 0.5
_VERSION = "2"
_TABLES = """
create table facts (name text primary key, value text);
create table experiments (name text primary key, stamp text, identity text, current text, status text) without rowid;
create index currents on experiments (current) where current is not null;
"""
_INDEX = "create index if not exists identities on experiments (identity)"  # once the table is full: much quicker
_FIND = "select * from experiments where identity = ? or current = ?"


class IndexEntry(NamedTuple):
    """An experiment as the index knows it.

    Attributes:
        name: Its directory's name.
        stamp: What tells its record from others that were in its place.
        identity: The identity in its record.
        current: The one that its config has by today's rules.
        status: What its record says.
    """

    name: str
    stamp: str
    identity: str
    current: str
    status: str


class Index:
    """Finds experiments by identity. Nothing is read until the first question, and then what has changed.

    Args:
        store: The store.
        visibility: By which rules identities are made today.
    """

    def __init__(self, store: StorePaths, visibility: Visibility = USUAL) -> None:
        self._store = store
        self._visibility = visibility
        self._rules = describe_rules(visibility)
        self._found: dict[str, list[IndexEntry]] | None = None
        self._database: sqlite3.Connection | None = None
        self._is_checked = False

    def find(self, identity: str) -> list[IndexEntry]:
        """Return the experiments of an identity: those that completed first, then those that began to exist first."""
        found = self._look_up(identity)
        if not self._is_checked and any(self._stamp(entry.name) != entry.stamp for entry in found):
            self._read_all(trusting=False)
            found = self._look_up(identity)
        return sorted(found, key=self._rank)

    def _rank(self, entry: IndexEntry) -> tuple[bool, bool, str]:
        is_link = os.path.islink(self._store.experiment(entry.name).directory)
        return entry.status != "completed", is_link, entry.name

    def list_entries(self) -> Iterator[IndexEntry]:
        """Yield all experiments."""
        self._read_all(trusting=False)
        yield from {entry.name: entry for found in (self._found or {}).values() for entry in found}.values()

    def _look_up(self, identity: str) -> list[IndexEntry]:
        if self._found is None and self._database is None:
            self._read_all(trusting=True)
        if self._found is not None:
            return self._found.get(identity, [])
        try:
            return self._query(identity)
        except sqlite3.Error:
            self._read_all(trusting=False)
            return self._look_up(identity)

    def _query(self, identity: str) -> list[IndexEntry]:
        assert self._database is not None
        return [_make_entry(row) for row in self._database.execute(_FIND, (identity, identity))]

    def _read_all(self, *, trusting: bool) -> None:
        """Bring what is known up to date; `trusting` may leave a large store that has not changed alone."""
        with contextlib.suppress(OSError), os.scandir(self._store.root) as listed:
            names = [entry.name for entry in listed if not entry.name.startswith(".")]
            database = self._open() if len(names) > FEW else None
            changed = _read_time(self._store.root)
            if trusting and database is not None and len(names) > _MANY and _is_current(database, changed, len(names)):
                self._database = database
                return
            known = _load(database)
            self._keep({name: entry for name in names if (entry := self._read(name, known.get(name)))})
            if database is not None and known != self._by_name:
                _save(database, known, self._by_name)
            if database is not None:
                _note_current(database, changed, len(names))
                database.close()
            return
        self._keep({})

    def _keep(self, entries: dict[str, IndexEntry]) -> None:
        self._by_name = entries
        self._found, self._database, self._is_checked = {}, None, True
        for entry in entries.values():
            self._found.setdefault(entry.identity, []).append(entry)
            if entry.current != entry.identity:
                self._found.setdefault(entry.current, []).append(entry)

    def _read(self, name: str, known: IndexEntry | None) -> IndexEntry | None:
        """Return what the record of a directory says, from the index where it has not changed since."""
        path = f"{self._store.root}/{name}/.mag/record.json"  # as `StorePaths` has it: this is done very often
        stamp = _read_stamp(path)
        if stamp is None or (known is not None and known.stamp == stamp):
            return known if stamp else None
        try:
            found = files.read_json(path)
        except (OSError, MagError):
            return None
        identity, status = found.get("identity"), found.get("status")
        if type(identity) is not str or type(status) is not str:
            return None
        is_current = found.get("rules") == self._rules
        return IndexEntry(
            name, stamp, identity, identity if is_current else find_current(found, self._visibility), status
        )

    def _stamp(self, name: str) -> str | None:
        return _read_stamp(self._store.experiment(name).record)

    def _open(self) -> sqlite3.Connection | None:
        """Return the database, empty where what was there cannot be used; None where there can be none."""
        path = self._store.index_file
        if os.path.islink(path) or os.path.islink(os.path.dirname(path)):
            return None
        for _ in range(2):
            try:
                return _connect(path, f"{_VERSION} {self._rules}")
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):  # locked, read-only, a full disk
                    return None
                with contextlib.suppress(OSError):
                    os.unlink(path)
        return None


def _read_stamp(path: str) -> str | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"


def find_current(found: dict[str, Any], visibility: Visibility = USUAL) -> str:
    """Return the identity that the config in a record, not decoded, has by today's rules.

    Where the config was masked, or cannot be made an identity of, that is the recorded one.
    """
    recorded = str(found.get("identity"))
    config, choices = found.get("config"), found.get("choices")
    if not isinstance(config, dict) or found.get("rules") == describe_rules(visibility) or _has_masked(config):
        return recorded
    with contextlib.suppress(MagError, RecursionError, ValueError, TypeError):
        plain = values.decode(config)
        if isinstance(choices, dict) and choices:
            counted = values.decode(choices)
            if recorded in {compute_identity(plain, counted, each) for each in (USUAL, visibility)}:
                return compute_identity(plain, counted, visibility)
        return compute_identity(plain, visibility=visibility)
    return recorded


def _has_masked(value: Any) -> bool:
    if isinstance(value, str):
        return MASK in value
    if isinstance(value, dict):
        return any(map(_has_masked, value.values()))
    return isinstance(value, list) and any(map(_has_masked, value))


def _connect(path: str, version: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)
    try:
        database.execute("pragma synchronous = off")
        tables = {name for (name,) in database.execute("select name from sqlite_master")}
        if not tables >= {"facts", "experiments"} or _get_fact(database, "version") != version:
            _make_tables(database, tables, version)
    except BaseException:
        database.close()
        raise
    return database


def _make_tables(database: sqlite3.Connection, tables: set[str], version: str) -> None:
    drop = "".join(f"drop table {name};" for name in ("facts", "experiments") if name in tables)
    database.executescript(f"begin immediate; {drop} {_TABLES} commit;")
    database.execute("insert or replace into facts values ('version', ?)", (version,))


def _get_fact(database: sqlite3.Connection, name: str) -> str | None:
    row = database.execute("select value from facts where name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def _make_entry(row: tuple[Any, ...]) -> IndexEntry:
    name, stamp, identity, current, status = row
    return IndexEntry(name, stamp, identity, current or identity, status)


def _load(database: sqlite3.Connection | None) -> dict[str, IndexEntry]:
    if database is None:
        return {}
    with contextlib.suppress(sqlite3.Error, TypeError):
        found = {row[0]: _make_entry(row) for row in database.execute("select * from experiments")}
        if all(type(text) is str for entry in found.values() for text in entry):
            return found
    return {}


def _save(database: sqlite3.Connection, known: dict[str, IndexEntry], entries: dict[str, IndexEntry]) -> None:
    changed = [
        entry if entry.current != entry.identity else entry._replace(current=None)  # type: ignore[arg-type]
        for name, entry in entries.items()
        if known.get(name) != entry
    ]
    gone = [(name,) for name in known if name not in entries]
    with contextlib.suppress(sqlite3.Error):  # somebody else is writing, or the disk is full
        database.execute("begin immediate")
        database.executemany("delete from experiments where name = ?", gone)
        database.executemany("insert or replace into experiments values (?, ?, ?, ?, ?)", changed)
        database.execute(_INDEX)
        database.execute("commit")


def _read_time(path: str) -> int:
    return os.stat(path).st_mtime_ns


def _describe_state(changed: int, count: int) -> str:
    return f"{changed}:{count}"


def _is_current(database: sqlite3.Connection, changed: int, count: int) -> bool:
    with contextlib.suppress(sqlite3.Error):
        return _get_fact(database, "state") == _describe_state(changed, count)
    return False


def _note_current(database: sqlite3.Connection, changed: int, count: int) -> None:
    """Note for which state of the store's directory the index holds, unless that may have changed within a tick."""
    if time.time() - changed / 1e9 < _SETTLED_SECONDS:
        return
    with contextlib.suppress(sqlite3.Error):
        database.execute("insert or replace into facts values ('state', ?)", (_describe_state(changed, count),))
