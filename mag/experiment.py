"""`Experiment`: one config with a home.

    from mag.experiment import Experiment

    with Experiment(config=dict(C=10, gamma=0.01)) as experiment:
        score = fit(experiment.config.C)
        experiment.register_result("accuracy", score)

leaves `experiments/10|0.01/` with `config.json`, the `log` of all that was printed, `results.json` and the record.
"""

import contextlib
import dataclasses
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from mag.clock import tell_time
from mag.config.identity import compute_identity, describe_rules, read_visibility
from mag.config.secrets import mask
from mag.config.view import make_view
from mag.disk import values
from mag.errors import ConfigError, ExistsError, RecordError, ResultError
from mag.record import claims, failures
from mag.record.attempts import Attempt
from mag.record.capture import Capture
from mag.record.failures import Redaction
from mag.record.log import flush_streams, open_log
from mag.record.metrics import read_all_metrics
from mag.record.names import Names, check_name, name_config
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.provenance import Provenance, describe_host
from mag.record.records import Record, derive_seed
from mag.record.repetition import Repetition
from mag.record.store import Store, StoredExperiment
from mag.settings import Settings, find_settings
from mag.suggestion import name_nearest

if TYPE_CHECKING:
    from omegaconf import DictConfig

IfExists = Literal["error", "resume", "rerun", "skip"]
_LEAVING = {"error", "skip"}


class Experiment:
    """One config with a home: a directory of its own, a log, results and a record.

    Making one touches no file; `with` claims the directory and runs the block as an attempt of the experiment.

    Args:
        config: A dict, `DictConfig`, dataclass, or the path of a JSON or YAML file.
        resume_from: Path, identifier or unique beginning of the identity of an experiment to go on with, instead of
            a config. Without `with` it is only read.
        experiments_dir: Where experiments are kept; `experiments` in the current directory, or what the project's
            settings say.
        name: The directory's name, instead of one made from the config.
        if_exists: What `with` does where this experiment completed before: "error" refuses (what it does if nothing is
            said), "resume" goes on with its results and log (what it does with `resume_from`), "rerun" sets all its
            files aside and starts anew, "skip" writes nothing and lets the block ask
            `experiment.completed`. One that failed or was interrupted is tried again without being asked.
    """

    def __init__(
        self,
        config: "Mapping[str, Any] | DictConfig | str | Path | object | None" = None,
        *,
        resume_from: str | Path | None = None,
        experiments_dir: str | Path | None = None,
        name: str | None = None,
        if_exists: IfExists | None = None,
    ) -> None:
        if (config is None) == (resume_from is None):
            raise ConfigError("An experiment needs either config=... or resume_from=..., and not both.")
        _check_texts(if_exists, name, resume_from)
        self._source = config
        self._resume_from = str(resume_from) if resume_from is not None else None
        self._experiments_dir = experiments_dir
        self._name = name
        self._if_exists: IfExists = if_exists or ("error" if resume_from is None else "resume")
        self._settings: Settings | None = None
        self._stored: StoredExperiment | None = None
        self._plain: dict[str, Any] | None = None
        self._config: DictConfig | None = None
        self._place: ExperimentPaths | None = None
        self._attempt: Attempt | None = None
        self._capture: Capture | None = None
        self._is_skipped = False

    @classmethod
    def adopt(
        cls, attempt: Attempt, config: dict[str, Any], settings: Settings, view: "DictConfig | None" = None
    ) -> Self:
        """Return the experiment of an attempt that is under way, as its child process sees it.

        Args:
            attempt: The attempt; its directory is claimed already.
            config: The resolved config, secrets included.
            settings: The project's.
            view: The same config as the user sees it, if that has been made.
        """
        experiment = cls(config)
        experiment._settings = settings
        experiment._plain = config
        experiment._config = view
        experiment._place = attempt.paths
        experiment._attempt = attempt
        return experiment

    def __getstate__(self) -> dict[str, Any]:
        """Be sent to a worker process, which has its own output."""
        return {**vars(self), "_capture": None}

    @property
    def config(self) -> "DictConfig":
        """The resolved config: dot access, read-only; a misspelt key says what was meant."""
        if self._config is None:
            self._config = make_view(self._load())
        return self._config

    @property
    def identity(self) -> str:
        """SHA-256 of the visible config: what this experiment is."""
        if self._attempt is not None:
            return self._attempt.identity
        stored = self._find_stored()
        visibility = read_visibility(self._project())
        return stored.identity if stored else compute_identity(self._load(), visibility=visibility)

    @property
    def identifier(self) -> str:
        """The readable name: that of the directory; in a rerun that of the original."""
        return self._locate().name

    @property
    def directory(self) -> Path:
        """The experiment's directory."""
        return Path(self._locate().directory)

    @property
    def seed(self) -> int:
        """A 32-bit integer that is always the same for this config, and another for every other.

        It stays as it was at the first attempt, even if the config has been migrated since.
        """
        found = self._attempt.seed if self._attempt is not None else None
        if found is None:
            record = self._find_stored() or self._read_record()
            found = record.seed if record is not None and record.identity == self.identity else None
        return derive_seed(self.identity) if found is None else found

    @property
    def results(self) -> dict[str, Any]:
        """What was registered so far, in this attempt or, outside one, by the last."""
        if self._attempt is not None:
            self._attempt.take_in()
            found: dict[str, Any] = values.decode(self._attempt.results)
            return found
        record = self._read_record()
        return dict(record.results) if record else {}

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """What was logged with `log_metrics`, one dict a call.

        Of an experiment that went on after a failure it is what all attempts logged, each line with its `attempt`; what
        a later attempt logged for the same `step` counts.
        """
        return read_all_metrics(self._locate(), self._read_record())

    @property
    def attempt(self) -> int:
        """How often it has been started: 2 and more go on with the files that are in the directory."""
        if self._attempt is not None:
            return self._attempt.number
        record = self._read_record()
        return record.attempt if record else 0

    @property
    def directories(self) -> dict[str, Path]:
        """The directories in the experiment's own, by name: those of `register_directory`, and others made there."""
        folders = (path for path in sorted(self.directory.glob("*")) if path.is_dir() and path.name != ".mag")
        return {path.name: path for path in folders}

    @property
    def completed(self) -> bool:
        """Whether the experiment is on record as completed."""
        if self._attempt is not None:
            return self._attempt.status == "completed"
        record = self._read_record()
        return record is not None and record.status == "completed"

    def register_result(self, name: str, value: object) -> None:
        """Store a result under a name; when this returns it is on disk. Worker processes may do so, too.

        Args:
            name: What it is called in tables, `accuracy`.
            value: A number, string, boolean, None, list or dict of them, or a numpy scalar or array.

        Raises:
            ResultError: The value cannot be stored.
            RecordError: The experiment is not under way, or the file system refused.
        """
        self._running().register({name: value})

    def register_returned(self, name: object, value: object) -> None:
        """Store a result that the experiment's function returned; what cannot be stored is left out, and noted.

        Raises:
            RecordError: The file system refused.
        """
        try:
            self.register_result(str(name), value)
        except ResultError:
            self._running().note_left_out([f"{name} ({type(value).__name__})"])

    def register_directory(self, name: str) -> Path:
        """Make a directory inside the experiment's and return it; one that is there is kept as it is.

        Raises:
            RecordError: The name leads out of the experiment's directory, or it cannot be made.
        """
        parts = Path(name).parts
        if not parts or Path(name).is_absolute() or ".." in parts or parts[0] == ".mag":
            raise RecordError(f"Directory {name!r} must lie inside the experiment's: use a name such as 'checkpoints'.")
        path = Path(self._running().paths.directory, name)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordError(f"Cannot make {path}: {error.strerror}.") from error
        return path

    def log_metrics(self, **metrics: object) -> None:
        """Append one line of named values to `metrics.jsonl`, such as `log_metrics(step=3, loss=0.2)`.

        Raises:
            ResultError: A value cannot be stored.
            RecordError: The experiment is not under way, or the file system refused.
        """
        self._running().append_metrics(metrics)

    def __enter__(self) -> Self:
        if self._attempt is not None:
            raise RecordError(f"Experiment {self.identifier!r} is under way already.")
        if (repetition := Repetition.find()) is not None:
            repetition.check_writable(self._locate())
        attempt = None if self.completed and self._if_exists in _LEAVING else self._open()
        if attempt is None and self._if_exists == "error":
            raise ExistsError(
                f"Experiment {self.identifier!r} completed already: pass if_exists='rerun' to run it again, 'resume' "
                f"to go on with it, 'skip' to leave it, or read it with Experiment(resume_from={self.identifier!r})."
            )
        self._is_skipped = attempt is None
        if attempt is not None:
            self._attempt, self._capture = attempt, Capture(attempt.paths.log)
            try:
                self._capture.start()
            except BaseException as error:
                self._end(attempt, self._capture, error)
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        attempt, capture = self._attempt, self._capture
        self._is_skipped = False
        if attempt is None or capture is None or not attempt.is_own:  # a fork, which leaves the block, too
            return
        self._end(attempt, capture, error)
        repetition = Repetition.find()
        if error is None and repetition is not None and repetition.is_wanted(attempt.paths) and _is_main():
            sys.exit()  # this is what the script was run again for; a worker of a pool must not, which waits for it

    def _end(self, attempt: Attempt, capture: Capture, error: BaseException | None) -> None:
        """Record how the block ended, and be as before, whatever fails."""
        try:
            flush_streams()
            if error is None:
                attempt.publish("completed", ending=attempt.measure_ending(None))
            else:
                self._log_traceback(error)
                ending = attempt.measure_ending(None)
                attempt.publish(failures.judge(error), ending=ending, error=self.describe_error(error))
        finally:
            self._attempt = self._capture = None
            try:
                capture.stop()
            finally:
                attempt.close(for_all=True)

    def describe_error(self, error: BaseException) -> dict[str, Any]:
        """Return type, message and place of an exception, without the config's secrets."""
        return failures.describe_exception(error, self._running().redaction)

    def format_error(self, error: BaseException) -> str:
        """Return the traceback of an exception, without the config's secrets and those of the environment."""
        return failures.format_traceback(error, self._running().redaction)

    def _log_traceback(self, error: BaseException) -> None:
        with contextlib.suppress(OSError), open(open_log(self._running().paths.log), "wb") as log:
            log.write(self.format_error(error).encode("utf-8", "backslashreplace"))

    def _running(self) -> Attempt:
        if self._is_skipped:
            raise RecordError(
                f"Experiment {self.identifier!r} was skipped, since it completed before, so nothing can be added: "
                f"ask `if not experiment.completed` in the block, or pass if_exists='resume' to go on with it."
            )
        if self._attempt is None:
            raise RecordError(
                f"Experiment {self.identifier!r} is not under way, so nothing can be added: use it in a `with` block."
            )
        return self._attempt

    def _open(self) -> Attempt | None:
        """Begin an attempt; None where the experiment has completed meanwhile, and is to be left as it is."""
        paths, secrets = self._locate(), self._project().secrets
        store = StorePaths(os.path.dirname(paths.directory))
        record = Record(
            identity=self.identity,
            identifier=os.path.basename(paths.directory),
            status="running",
            rules=describe_rules(read_visibility(self._project())),
            config=mask(self._load(), secrets),
            host=describe_host(),
            started=tell_time(),
            **self._gather().fields(),
        )
        redaction = Redaction.of(self._load(), secrets)
        claim = claims.claim_directory(store, record.identifier, self.identity, separator=self._project().separator)
        if claim.previous and claim.previous.status == "completed" and self._if_exists in _LEAVING:
            claim.lock.release()
            return None
        self._place = claim.paths
        record = record.replace(identifier=os.path.basename(claim.paths.directory))
        keep, clean = self._if_exists == "resume", self._if_exists == "rerun"
        return Attempt(claim, record, keep=keep, clean=clean, redaction=redaction)

    def _gather(self) -> Provenance:
        from mag.code.commit import read_commit  # noqa: PLC0415  (start-up)
        from mag.code.drift import list_code_files  # noqa: PLC0415
        from mag.code.elsewhere import complete_commit, complete_copied  # noqa: PLC0415
        from mag.code.environment import gather_environment  # noqa: PLC0415
        from mag.code.omissions import Rules  # noqa: PLC0415
        from mag.record.provenance import gather_provenance, locate_code, store_environment  # noqa: PLC0415

        if (repetition := Repetition.find()) is not None:
            known = Provenance(**repetition.provenance)
            commit = complete_copied(known.commit, list_code_files(), map(Path, repetition.moved.values()))
            return dataclasses.replace(known, commit=commit)
        store = Path(self._locate().directory).parent
        configs = (os.path.abspath(self._source),) if isinstance(self._source, str | Path) else ()

        def read(modules: tuple[str, ...] = ()) -> dict[str, Any]:
            return read_commit(locate_code(), store=store, rules=Rules.of(self._project(), configs, modules))

        commit = complete_commit(read(), list_code_files(), read)
        environment = gather_environment(self._project().root)
        store_environment(StorePaths(str(store)), environment)
        return gather_provenance(
            app=sys.argv[0] or None, commit=commit, environment=environment, secrets=self._project().secrets
        )

    def _locate(self) -> ExperimentPaths:
        if self._place is None:
            stored = self._find_stored()
            self._place = self._stored.paths if stored and self._stored else self._choose_place()
        return self._place

    def _choose_place(self) -> ExperimentPaths:
        settings, identity = self._project(), self.identity
        wanted = check_name(self._name) if self._name else name_config(self._load(), identity, settings)
        root = os.path.abspath(self._experiments_dir or settings.experiments_dir)
        store = StorePaths(root)  # absolute: the block may change the directory
        if (repetition := Repetition.find()) is not None:
            store, settled = repetition.place(root, identity, self._name)
            if settled is not None:
                return store.experiment(settled)
        return store.experiment(Names(store, settings).choose(wanted, identity).name)

    def _project(self) -> Settings:
        if self._settings is None:
            self._settings = find_settings(Path.cwd())
        return self._settings

    def _find_stored(self) -> Record | None:
        if self._resume_from is None:
            return None
        if self._stored is None:
            root = os.path.abspath(self._experiments_dir or self._project().experiments_dir)
            repetition = Repetition.find()
            find = Store(root).find if repetition is None else partial(repetition.look_up, root)
            self._stored = find(self._resume_from)
        if self._stored.record is None:
            raise RecordError(f"Experiment {self._resume_from!r} cannot be resumed. {self._stored.problem}")
        return self._stored.record

    def _read_record(self) -> Record | None:
        from mag.record.records import read_record  # noqa: PLC0415  (reads like a method)

        paths = self._locate()
        try:
            return read_record(paths)
        except (FileNotFoundError, RecordError):
            return None

    def _load(self) -> dict[str, Any]:
        if self._plain is None:
            from mag.config.sources import read_source  # noqa: PLC0415  (what is loaded before the fork, each child carries)

            stored = self._find_stored()
            self._plain = stored.config if stored else read_source(self._source)
        return self._plain


def _is_main() -> bool:
    """Tell whether this is the main thread of the script that `mag rerun` has started, in a session of its own."""
    import threading  # noqa: PLC0415 - start-up

    return os.getsid(0) == os.getpid() and threading.current_thread() is threading.main_thread()


def _check_texts(if_exists: object, name: str | None, resume_from: str | Path | None) -> None:
    """Refuse texts that could only be mistakes, before anything depends on them."""
    known = get_args(IfExists)
    if if_exists is not None and if_exists not in known:
        near = name_nearest(str(if_exists), known)
        hint = f"did you mean {near!r}?" if near else f"it is one of {', '.join(map(repr, known))}."
        raise ConfigError(f"if_exists={if_exists!r} is unknown: {hint}")
    if name == "":
        raise ConfigError("name='' cannot be an experiment's: leave it out, and one is made from the config.")
    if resume_from == "":
        raise ConfigError("resume_from='' names no experiment: pass a path, a name or the beginning of an identity.")
