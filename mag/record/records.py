"""The record: what is remembered of an experiment and of how it ran.

`record.json` is the one file that decides. It holds the config and the results too, so that a single rename
publishes all of it at once and a single read shows a state that really was; `config.json` and `results.json`
beside it are copies for people and other tools.
"""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from mag.config.identity import compute_identity
from mag.disk import files, locks, values
from mag.errors import RecordError
from mag.record.paths import ExperimentPaths
from mag.record.seeds import derive_seed
from mag.record.soundness import check_inner

Status = Literal["running", "completed", "failed", "killed", "timeout", "interrupted", "pruned", "imported"]
"""What a record can say. A reader adds `lost`: running by its record, but nobody holds its lock.

`pruned` is what returned when `experiment.should_stop()` had said so.
`imported` is what another program ran and left files of, but not whether it completed.
"""

FAULTY = ("failed", "killed", "timeout", "interrupted", "lost", "imported")
"""How an experiment that has run and is not known to have completed may stand."""

BROKEN = tuple(status for status in FAULTY if status not in {"interrupted", "imported"})
"""Those of them that nobody wanted."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One experiment as it is remembered on disk.

    Attributes:
        identity: What the experiment is: SHA-256 of its visible config.
        identifier: Its readable name, which is its directory's.
        status: How it stands.
        config: The resolved config, secrets masked.
        composed: The config as it was composed, interpolations as they are written, secrets masked; None where there
            are none, or where an older mag did not keep it.
        choices: What was chosen from each config group.
        rules: By which rules the identity was made of the config (`describe_rules`); None of an older mag's.
        seed: What `experiment.seed` is. It is settled at the first attempt, and stays.
        former: What the experiment was before each migration, the oldest first: identity, config and the like.
        results: What it registered.
        left_out: What was in its results and could not be stored.
        attempt: How often it has been started.
        since: The first attempt whose files are there: later ones went on with them, or began with an empty directory.
        overrides: What was typed for this one experiment.
        command: The command that started it, secrets masked.
        app: `file.py:function`, or the script that opened it.
        configs: Which configs were typed in the place of the app's, or besides: path, name, further; empty for none.
        sweep: Id of the sweep it ran in; None outside a sweep.
        directory: The working directory of the command.
        commit: The code that ran: hash, branch, dirty, remote, snapshot, what that leaves out; or why it is not known.
        host: Where it ran: name, process number.
        versions: Of mag, Python, the platform.
        environment: The digest under which the rest of it is stored, recorded variables, the seed of string hashes.
        random: The seed of its random generators, that of the app's import, and the libraries whose states that set.
        started: When this attempt began, ISO 8601 in UTC.
        ended: When it ended.
        seconds: How long it took, by a clock that is never set.
        exit: Exit code or signal, CPU seconds, peak memory in bytes.
        error: Type, message and place of what ended it.
    """

    identity: str
    identifier: str
    status: Status
    config: dict[str, Any]
    composed: dict[str, Any] | None = None
    choices: dict[str, Any] = dataclasses.field(default_factory=dict)
    rules: str | None = None
    seed: int | None = None
    former: tuple[dict[str, Any], ...] = ()
    results: dict[str, Any] = dataclasses.field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    attempt: int = 1
    since: int | None = None
    overrides: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    app: str | None = None
    configs: dict[str, Any] = dataclasses.field(default_factory=dict)
    sweep: str | None = None
    directory: str | None = None
    commit: dict[str, Any] = dataclasses.field(default_factory=dict)
    host: dict[str, Any] = dataclasses.field(default_factory=dict)
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    environment: dict[str, Any] = dataclasses.field(default_factory=dict)
    random: dict[str, Any] = dataclasses.field(default_factory=dict)
    started: str | None = None
    ended: str | None = None
    seconds: float | None = None
    exit: dict[str, Any] = dataclasses.field(default_factory=dict)
    error: dict[str, Any] | None = None

    @property
    def written(self) -> dict[str, Any]:
        """The config as it was composed, with its interpolations as far as they are known."""
        return self.config if self.composed is None else self.composed

    @property
    def original(self) -> "Record":
        """The record with the config that the experiment ran with, before it was migrated."""
        if not self.former:
            return self
        kept = {name: value for name, value in self.former[0].items() if name in FORMER}
        overrides = tuple(self.former[0].get("overrides", self.overrides))
        return self.replace(former=(), overrides=overrides, **kept)

    def replace(self, **changes: Any) -> "Record":
        """Return the same record with some fields changed."""
        return dataclasses.replace(self, **changes)


class Ending(NamedTuple):
    """The part of a record that is known only when an attempt ends; the fields are those of `Record`."""

    status: Status
    results: dict[str, Any]
    left_out: Sequence[str]
    commit: dict[str, Any]
    ended: str | None
    seconds: float | None
    exit: Mapping[str, Any]
    error: Mapping[str, Any] | None


_FIELDS = tuple(field.name for field in dataclasses.fields(Record))
_FIRST_FIELDS = tuple(name for name in _FIELDS if name not in Ending._fields)
_ORDER = ("version", *_FIRST_FIELDS, *Ending._fields)
FORMER = ("identity", "identifier", "config", "composed", "choices", "rules")
"""What a record keeps of an experiment as it was before a migration, beside what was typed."""
_ENCODED = ("config", "composed", "choices", "former")
_REQUIRED = ("identity", "identifier", "status", "config")
_DEEPEST = 200
_CONTAINERS = {dict, list}
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("identity", "identifier", "status"), (str,)),
    **dict.fromkeys(("config", "choices", "results", "commit", "host"), (dict,)),
    **dict.fromkeys(("configs", "versions", "environment", "random", "exit"), (dict,)),
    **dict.fromkeys(("former", "left_out", "overrides", "command"), (list,)),
    "composed": (dict, type(None)),
    "seed": (int, type(None)),
    **dict.fromkeys(("rules", "app", "sweep", "directory", "started", "ended"), (str, type(None))),
    "attempt": (int,),
    "since": (int, type(None)),
    "seconds": (int, float, type(None)),
    "error": (dict, type(None)),
}


def encode_record(record: Record) -> bytes:
    """Return the bytes of `record.json`."""
    return encode_beginning(record) + encode_rest(record)


def encode_beginning(record: Record) -> bytes:
    """Return the first bytes of `record.json`: what is known when an attempt begins, and stays."""
    data = {"version": 1, **{name: getattr(record, name) for name in _FIRST_FIELDS}}
    for name in _ENCODED:
        data[name] = values.encode(data[name])
    return values.dump_line(data).removesuffix(b"}\n") + b", "


def encode_rest(record: Record) -> bytes:
    """Return the bytes of `record.json` that follow the first ones."""
    ending = Ending(*[getattr(record, name) for name in Ending._fields])
    return encode_ending(ending._replace(results=values.encode(record.results)))


def encode_ending(ending: Ending) -> bytes:
    """Return what `encode_rest` does, of results that are encoded already.

    Apart from the rest, since a child process, for which each page of memory that it touches is a dear one, writes this
    and nothing else anew.
    """
    return values.dump_line(ending._asdict()).removeprefix(b"{")


def decode_record(data: dict[str, Any], path: str) -> Record:
    """Return the record that `data`, read from the file `path`, spells out.

    Raises:
        RecordError: A field is missing or of the wrong kind, or nested without end.
    """
    known = files.pick_fields(data, _KINDS, path)
    for name in _REQUIRED:
        if name not in known:
            raise RecordError(f"Cannot read {path}: it lacks {name!r}.")
    _check_fields(known, path)
    known["config"] = _decode_config(known["config"], known["identity"])
    for name in {*_ENCODED[1:], "results"} & known.keys():
        known[name] = values.decode(known[name])
    if known.get("seed") is None:
        with contextlib.suppress(ValueError):  # somebody has edited it
            known["seed"] = derive_seed(known["identity"])
    known |= {name: tuple(known.get(name, ())) for name in ("former", "left_out", "overrides", "command")}
    return Record(**known)


def is_sound(data: Mapping[str, Any]) -> bool:
    """Tell whether a record that was read, and not decoded, has fields of the right kinds: quickly, for very many."""
    kinds = tuple(map(type, data.values()))
    return kinds in _sound or _has_sound_kinds(data, kinds)


_sound: set[tuple[type, ...]] = set()
"""The kinds that fields in the order in which mag writes them were seen to have, and may."""


def _has_sound_kinds(data: Mapping[str, Any], kinds: tuple[type, ...]) -> bool:
    found = dict(zip(data, kinds, strict=True))
    is_right = all(issubclass(kind, _KINDS[name]) for name, kind in found.items() if name in _KINDS)
    if not is_right or not found.keys() >= {*_REQUIRED}:
        return False
    if tuple(data) == _ORDER:
        _sound.add(kinds)
    return True


def _check_fields(known: dict[str, Any], path: str) -> None:
    """Refuse a record that a reader would stumble over."""
    if known["status"] not in get_args(Status):
        raise RecordError(f"Cannot read {path}: its status {known['status']!r} is none that this mag knows.")
    if {type(word) for name in ("left_out", "overrides", "command") for word in known.get(name, ())} - {str}:
        raise RecordError(f"Cannot read {path}: its command is of the wrong kind.")
    if {type(one) for one in known.get("former", ())} - {dict}:
        raise RecordError(f"Cannot read {path}: its former identities are of the wrong kind.")
    check_inner(known, path)
    level: list[Any] = [known.get(name) for name in (*_ENCODED, "results")]
    for _ in range(_DEEPEST):
        level = [one for one in level if type(one) in _CONTAINERS]
        if not level:
            return
        level = [item for one in level for item in (one.values() if type(one) is dict else one)]
    raise RecordError(f"Cannot read {path}: it is nested deeper than {_DEEPEST} levels.")


def _decode_config(config: dict[str, Any], identity: str) -> dict[str, Any]:
    """Decode a config: where an older mag left a text that could be a float, the identity says which of them it was."""
    decoded: dict[str, Any] = values.decode(config)
    if repr(decoded) == repr(config) or compute_identity(decoded) == identity or compute_identity(config) != identity:
        return decoded
    return config


def read_record(paths: ExperimentPaths) -> Record:
    """Return the record of an experiment.

    Raises:
        FileNotFoundError: It has none.
        RecordError: The record cannot be read.
    """
    return decode_record(files.read_json(paths.record), paths.record)


def write_record(paths: ExperimentPaths, record: Record, *, durable: bool) -> None:
    """Replace the record of an experiment in one step; `durable` waits for the disk.

    Raises:
        RecordError: The file system refused; the old record is still whole.
    """
    files.write_file(paths.record, encode_record(record), durable=durable)


def publish(paths: ExperimentPaths, beginning: bytes, ending: Ending) -> None:
    """Write how an attempt ended. When this returns, the experiment survives a power cut.

    Raises:
        RecordError: The file system refused; the record still says what it said before.
    """
    files.write_file(paths.record, beginning + encode_ending(ending), durable=True)


def derive_status(paths: ExperimentPaths, record: Record) -> str:
    """Return how the experiment really stands: `lost` if it says running and nobody runs it."""
    if record.status == "running" and not locks.is_held(paths.lock):
        return "lost"
    return record.status
