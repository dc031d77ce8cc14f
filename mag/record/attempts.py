"""One execution of an experiment, from the process that carries it out."""

import contextlib
import os
import resource
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from mag.clock import count_seconds, tell_time
from mag.code.drift import survey_modules, tell_drift
from mag.disk import files, locks, values
from mag.errors import RecordError, ResultError
from mag.record import claims, records
from mag.record.claims import Claim
from mag.record.failures import NOTHING, Redaction
from mag.record.metrics import MetricsWriter
from mag.record.paths import ExperimentPaths
from mag.record.records import Ending, Record, Status
from mag.record.recovery import bring_back
from mag.record.results import ResultEncoder, read_results

_LARGEST = 64 << 20
_PATIENCE_SECONDS = 60.0
"""How long a process that registers waits for others of the same experiment that do."""
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


class RemovedError(RecordError):
    """The experiment's directory is gone."""


class TakenError(RemovedError):
    """Another machine runs the experiment now."""


class Attempt:
    """What one execution registers and how it ends.

    It can be sent to a fork of the same process, which is then to be given the lock's open file as well.

    Raises:
        RecordError: The first files cannot be written; the lock is free again.

    Attributes:
        paths: The experiment's files.
        redaction: What no file may hold.
        lock: What keeps others away.
        identity: What the experiment is.
        number: How often the experiment has been started, this time included.
        files: What earlier attempts left, which this one goes on with; known to the process that began it.
        seed: What its random numbers begin with.
        status: How it stands.
        results: What was registered so far, encoded.
        commit: The code that runs.
        random_seed: What random generators begin with.
    """

    done: Status = "completed"
    """How it stands when its function returns; "pruned" where that was advised to."""

    def __init__(
        self, claim: Claim, record: Record, *, keep: bool = False, clean: bool = False, redaction: Redaction = NOTHING
    ) -> None:
        self.paths: ExperimentPaths = claim.paths
        self.redaction = redaction
        self.lock = claim.lock
        self._began = count_seconds()
        self._before = measure_usage()
        self._metrics = MetricsWriter()
        self._owner = os.getpid()
        self._written: tuple[int, ...] | None = None
        self._turn_of: int | None = None
        self._changes = 0
        self._left_out: dict[str, None] = {}
        try:
            begun = claims.begin_attempt(claim, record, keep=keep, clean=clean)
        except BaseException:
            bring_back(claim.paths)
            claim.lock.release()
            raise
        self.identity, self.number = record.identity, begun.record.attempt
        self.seed, self.files = begun.record.seed, begun.files
        self.status: Status = "running"
        self.results: dict[str, Any] = values.encode(begun.record.results)
        self._beginning = begun.beginning
        self.commit = record.commit
        self.random_seed: int = record.random.get("seed", 0)
        survey_modules()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as plain data, so that the receiving process need not look up each class."""
        plain = {name: value for name, value in vars(self).items() if name in _SENT}
        return _restore, (plain, self.paths.directory, tuple(self.redaction.values), self.redaction.patterns)

    def note_process(self, pid: int) -> None:
        """Note which process carries the attempt out; there may be none for a while after the claim."""
        self._owner = pid
        self._before, self._began = measure_usage(), count_seconds()
        locks.write_holder(self.lock, pid)

    @property
    def is_own(self) -> bool:
        """Whether this process itself carries the attempt out, not a fork of it."""
        return self._owner == os.getpid()

    def register(self, results: Mapping[str, object]) -> None:
        """Add results; when this returns they are in `results.json`.

        Processes that the experiment has started may add some, too; those are its own as soon as it needs them.

        Raises:
            ResultError: A name is no string, or a value cannot be stored; nothing was added.
            RecordError: The file cannot be written.
        """
        for name in results:
            if not isinstance(name, str) or not name:
                raise ResultError(f"Result name {name!r} must be a string that is not empty, such as 'accuracy'.")
        encoder = ResultEncoder(self.redaction)
        encoded = encoder.encode(results)
        self.note_left_out(encoder.left_out)
        self.find_home()
        if self._turn_of == threading.get_ident():  # a signal's handler, which interrupted another registration
            self._add(encoded)
            return
        with locks.take_turn(self.paths.private, _PATIENCE_SECONDS) as taken:
            if not taken:
                raise RecordError(f"Cannot write {self.paths.results}: another process has held it for a minute.")
            self._turn_of = threading.get_ident()
            try:
                self.take_in()
                self._add(encoded)
            finally:
                self._turn_of = None

    def note_left_out(self, places: Sequence[str]) -> None:
        """Note in record and log which results could not be stored."""
        self._left_out |= dict.fromkeys(places)
        for place in places:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                sys.stderr.write(f"mag: left out of the results, since it cannot be stored: {place}\n")

    def _add(self, encoded: Mapping[str, Any]) -> None:
        """Write the results with some more; where that fails they are as before."""
        before = dict(self.results)
        self.results.update(encoded)
        self._changes += 1
        try:
            self._write_results(encoded)
        except BaseException:
            for name in encoded:
                self.results.pop(name)
            self.results.update({name: before[name] for name in encoded if name in before})
            raise

    def _write_results(self, added: Mapping[str, Any]) -> None:
        written = -1
        while written != self._changes:  # a signal's handler may have registered meanwhile
            written = self._changes
            content = values.dump_json(dict(self.results))
            if len(content) > _LARGEST:
                names = ", ".join(map(repr, added))
                raise ResultError(f"Results of more than {_LARGEST >> 20} MB cannot be stored: save {names} as a file.")
            files.write_file(self.paths.results, content, scratch=self.paths.private)
        self._written = _stamp(self.paths.results)

    def find_home(self) -> None:
        """Follow the experiment's directory if it was moved while in use.

        Raises:
            RemovedError: It is not there any more; what is in its place, if anything, is not this attempt's.
            TakenError: Another machine runs the experiment now.
        """
        lock = self.__dict__.get("lock")  # a worker process may have none
        if lock is None:
            return
        if locks.is_at(self.paths.lock, lock):
            if locks.has_lease(lock) and not files.read_file(self.paths.record).startswith(self._beginning):
                raise TakenError(
                    f"Cannot write in {self.paths.directory}: this machine was silent for so long that another runs "
                    f"the experiment now."
                )
            return
        place = locks.locate(lock)
        moved = [ExperimentPaths(os.path.dirname(os.path.dirname(place)))] if place else []
        for paths in (*moved, self.paths):  # the lock alone may be gone
            with contextlib.suppress(OSError):
                if files.read_file(paths.record).startswith(self._beginning):
                    self.paths = paths
                    return
        raise RemovedError(f"Cannot write in {self.paths.directory}: it was removed or replaced while it was in use.")

    def take_in(self) -> None:
        """Learn which results other processes of the experiment have added."""
        stamp = _stamp(self.paths.results)
        if stamp == self._written:
            return
        self._written = stamp
        self.results |= read_results(self.paths, self.redaction)

    def append_metrics(self, metrics: Mapping[str, object]) -> None:
        """Append one line to `metrics.jsonl`.

        Raises:
            ResultError: A value cannot be stored.
            RecordError: The file cannot be written.
        """
        line = values.dump_line(ResultEncoder(self.redaction).encode(metrics))
        if not self._metrics.is_open:
            self.find_home()
        self._metrics.append(self.paths.metrics, line)

    def publish(self, status: Status, *, ending: Mapping[str, Any], error: Mapping[str, Any] | None = None) -> None:
        """Write how the attempt ended; when this returns it survives a power cut.

        What was printed and logged is on its way to the disk by then, too, ahead of the record.

        Raises:
            RecordError: The file system refused.
        """
        self.find_home()
        self.take_in()
        found = Ending(
            status,
            self.results,
            tuple(self._left_out),
            tell_drift(self.commit),
            tell_time(),
            round(count_seconds() - self._began, 6),
            ending,
            error and {**error, "message": self.redaction.redact(error["message"])},
        )
        for path in (self.paths.log, self.paths.metrics):
            files.send_file_to_disk(path)
        records.publish(self.paths, self._beginning, found)
        self.status = status

    def measure_ending(self, code: int | None) -> dict[str, Any]:
        """Return what `publish` takes as `ending`, measured in the process that carries the attempt out."""
        usage = measure_usage()
        usage["cpu_seconds"] = round(usage["cpu_seconds"] - self._before["cpu_seconds"], 6)
        return {"code": code, "signal": None, **usage}

    def close(self, *, for_all: bool = False) -> None:
        """Let go of the lock: of this process's part, or for all processes that have it."""
        self._metrics.close()
        self.lock.free() if for_all else self.lock.release()


_SENT = {"identity", "number", "seed", "random_seed", "status", "results", "commit", "_beginning", "_began"}


_UNTOUCHED = {"_owner": 0, "_written": None, "_turn_of": None, "_changes": 0}


def _restore(plain: dict[str, Any], directory: str, secrets: tuple[str, ...], patterns: tuple[str, ...]) -> Attempt:
    attempt = object.__new__(Attempt)
    attempt.paths = ExperimentPaths(directory)
    attempt.redaction = Redaction(frozenset(secrets), patterns) if secrets or patterns else NOTHING
    # CPU time of a child counts from its fork
    vars(attempt).update(plain, _before={"cpu_seconds": 0.0}, **_UNTOUCHED, _metrics=MetricsWriter(), _left_out={})
    return attempt


def _stamp(path: str) -> tuple[int, ...] | None:
    """Return what tells a file's content from what was there before; None where there is no file."""
    if not os.access(path, os.F_OK):  # cheaper than an exception, to a process that was just forked
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def measure_usage() -> dict[str, Any]:
    """Return CPU seconds and peak memory in bytes of this process and the children it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu_seconds": own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
        "peak_memory_bytes": max(own.ru_maxrss, children.ru_maxrss) * _PEAK_UNIT,
    }
