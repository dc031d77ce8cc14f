"""Output folders of Hydra's, taken into a store as experiments, to be listed beside those of mag's own."""

import datetime as dt
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mag.config.composition.keys import KeyPath
from mag.config.composition.merging import copy_value
from mag.config.composition.resolution import resolve_known
from mag.config.documents.document import read_document
from mag.config.identity import compute_identity, describe_rules, read_visibility
from mag.errors import NotFoundError, RecordError
from mag.record.claims import claim_directory, write_config
from mag.record.names import Names, name_config
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record, Status, write_record
from mag.settings import Settings

_FAILURES = ("Traceback (most recent call last)", "Error executing job")
_LONGEST_LOG = 1 << 24


class Taken(NamedTuple):
    """What became of one of Hydra's folders.

    Attributes:
        source: The folder.
        paths: The experiment.
        is_new: Whether it was not in the store before.
    """

    source: Path
    paths: ExperimentPaths
    is_new: bool


def find_folders(top: Path) -> list[Path]:
    """Return the output folders below a folder, itself included: one of a run, or all of a multirun.

    Raises:
        NotFoundError: There is none.
    """
    found = sorted({file.parent.parent for file in top.rglob(".hydra/config.yaml")})
    if not found:
        raise NotFoundError(f"No folder of Hydra's is in {top}: none has a file .hydra/config.yaml.")
    return found


def take_folders(folders: list[Path], store: StorePaths, settings: Settings) -> Iterator[Taken]:
    """Copy output folders of Hydra's into a store; one whose experiment is there already is left alone.

    Raises:
        ConfigError: A file in one of them cannot be read.
        RecordError: The store cannot be written.
    """
    names = Names(store, settings)
    for folder in folders:
        record = _read_record(folder, settings)
        place = names.choose(record.identifier, record.identity)
        paths = store.experiment(place.name)
        if place.found is not None:
            yield Taken(folder, paths, is_new=False)
            continue
        claim = claim_directory(store, place.name, record.identity, separator=settings.separator)
        try:
            _copy(folder, claim.paths, record)
        except OSError as error:
            raise RecordError(f"Cannot copy {error.filename or folder}: {error.strerror or error}.") from error
        finally:
            claim.lock.release()
        yield Taken(folder, claim.paths, is_new=True)


def _copy(folder: Path, paths: ExperimentPaths, record: Record) -> None:
    shutil.copytree(folder, paths.directory, dirs_exist_ok=True, symlinks=True)
    write_config(paths, record.config)
    with open(paths.log, "wb") as log:
        log.writelines(file.read_bytes() for file in _list_logs(folder))
    write_record(paths, record, durable=True)


def _list_logs(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.log") if file.is_file())


def _read_record(folder: Path, settings: Settings) -> Record:
    """Return a record made from Hydra's files; whether the job ended well, only its log may show."""
    config, hydra = _read(folder, "config"), _read(folder, "hydra").get("hydra", {})
    job, runtime = hydra.get("job", {}), hydra.get("runtime", {})
    chosen = runtime.get("choices") or {}
    choices = {group: option for group, option in chosen.items() if not group.startswith("hydra/")}
    known = {"hydra": {"runtime": {"choices": choices}, "job": {"name": job.get("name"), "config_name": None}}}
    resolution = resolve_known(config, known)
    resolved = resolution.config
    visibility = read_visibility(settings)
    identity = compute_identity(resolved, choices, visibility)
    status, error = _judge(folder)
    began, ended = _tell_times(folder)
    return Record(
        identity=identity,
        identifier=name_config(_leave_out(resolved, resolution.late) or resolved, identity, settings),
        status=status,
        config=resolved,
        composed=config,
        choices=choices,
        rules=describe_rules(visibility),
        overrides=tuple((hydra.get("overrides") or {}).get("task") or ()),
        command=("hydra", str(folder)),
        app=f"{job['name']}.py" if job.get("name") else None,
        directory=runtime.get("cwd"),
        commit={"hash": None, "reason": f"imported from Hydra's folder {folder}"},
        versions={"hydra": str(runtime.get("version"))},
        started=began,
        ended=ended,
        error=error,
    )


def _leave_out(config: dict[str, Any], paths: Iterable[KeyPath]) -> dict[str, Any]:
    """Return a config without some values; those in lists stay."""
    kept: dict[str, Any] = copy_value(config)
    for path in paths:
        holder: Any = kept
        for name in path[:-1]:
            holder = holder[name]
        if isinstance(holder, dict):
            del holder[path[-1]]
    return kept


def _read(folder: Path, name: str) -> dict[str, Any]:
    document = read_document(folder / ".hydra" / f"{name}.yaml")
    return document.content if document is not None and isinstance(document.content, dict) else {}


def _judge(folder: Path) -> tuple[Status, dict[str, Any] | None]:
    """Return `failed` where a log shows an error, else `imported`: Hydra does not write down that a job completed."""
    for file in _list_logs(folder):
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - _LONGEST_LOG))
            text = stream.read().decode("utf-8", "replace")
        if any(mark in text for mark in _FAILURES):
            last = next((line for line in reversed(text.splitlines()) if line.strip()), "")
            return "failed", {"type": "logged", "message": last.strip()[:200], "where": str(file)}
    return "imported", None


def _tell_times(folder: Path) -> tuple[str, str]:
    """Return when a job seems to have begun and ended: Hydra writes its config first, and the app what it writes."""
    began = (folder / ".hydra" / "config.yaml").stat().st_mtime
    ended = max((file.stat().st_mtime for file in folder.rglob("*") if file.is_file()), default=began)
    first, last = (
        dt.datetime.fromtimestamp(each, dt.UTC).isoformat(timespec="microseconds") for each in (began, ended)
    )
    return first, last
