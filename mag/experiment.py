"""`Experiment`: one config with a home.

    from mag.experiment import Experiment

    with Experiment(config=dict(C=10, gamma=0.01)) as experiment:
        score = fit(experiment.config.C)
        experiment.register_result("accuracy", score)

leaves `experiments/10|0.01/` with `config.json`, the `log` of all that was printed, `results.json` and the record.
"""

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from mag.config.view import make_view
from mag.disk import values
from mag.errors import ExistsError, RecordError, ResultError
from mag.record import failures
from mag.record.attempts import Attempt
from mag.record.capture import Capture
from mag.record.home import Home, make_directory
from mag.record.log import flush_streams, open_log
from mag.record.metrics import read_all_metrics
from mag.record.opening import LEAVING, IfExists, check_if_exists, open_attempt
from mag.record.pruning import Pruning, find_rule
from mag.record.repetition import Repetition
from mag.record.seeds import derive_seed
from mag.settings import Settings

if TYPE_CHECKING:
    from omegaconf import DictConfig


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
        self._home = Home(config, resume_from=resume_from, experiments_dir=experiments_dir, name=name)
        check_if_exists(if_exists)
        self._if_exists: IfExists = if_exists or ("error" if resume_from is None else "resume")
        self._config: DictConfig | None = None
        self._attempt: Attempt | None = None
        self._capture: Capture | None = None
        self._is_skipped = False
        self._pruning: Pruning | None = None

    @classmethod
    def adopt(
        cls, attempt: Attempt, config: dict[str, Any], settings: Settings, view: "DictConfig | None" = None
    ) -> Self:
        """Return the experiment of an attempt that is under way, as its child process sees it."""
        experiment = cls(config)
        experiment._home = Home.of_attempt(attempt.paths, config, settings)
        experiment._config = view
        experiment._attempt = attempt
        return experiment

    def __getstate__(self) -> dict[str, Any]:
        """Be sent to a worker process, which has its own output."""
        return {**vars(self), "_capture": None}

    @property
    def config(self) -> "DictConfig":
        """The resolved config: dot access, read-only; a misspelt key says what was meant."""
        if self._config is None:
            self._config = make_view(self._home.config)
        return self._config

    @property
    def identity(self) -> str:
        """SHA-256 of the visible config: what this experiment is."""
        if self._attempt is not None:
            return self._attempt.identity
        return self._home.identity

    @property
    def identifier(self) -> str:
        """The readable name: that of the directory; in a rerun that of the original."""
        return self._home.paths.name

    @property
    def directory(self) -> Path:
        """The experiment's directory."""
        return Path(self._home.paths.directory)

    @property
    def seed(self) -> int:
        """A 32-bit integer that is always the same for this config, and another for every other.

        It stays as it was at the first attempt, even if the config has been migrated since.
        """
        found = self._attempt.seed if self._attempt is not None else None
        if found is None:
            record = self._home.find_stored() or self._home.read_record()
            found = record.seed if record is not None and record.identity == self.identity else None
        return derive_seed(self.identity) if found is None else found

    @property
    def results(self) -> dict[str, Any]:
        """What was registered so far, in this attempt or, outside one, by the last."""
        if self._attempt is not None:
            self._attempt.take_in()
            found: dict[str, Any] = values.decode(self._attempt.results)
            return found
        record = self._home.read_record()
        return dict(record.results) if record else {}

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """What was logged with `log_metrics`, one dict a call.

        Of an experiment that went on after a failure it is what all attempts logged, each line with its `attempt`; what
        a later attempt logged for the same `step` counts.
        """
        return read_all_metrics(self._home.paths, self._home.read_record())

    @property
    def attempt(self) -> int:
        """How often it has been started: 2 and more go on with the files that are in the directory."""
        if self._attempt is not None:
            return self._attempt.number
        record = self._home.read_record()
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
        record = self._home.read_record()
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
        return make_directory(self._running().paths, name)

    def log_metrics(self, **metrics: object) -> None:
        """Append one line of named values to `metrics.jsonl`, such as `log_metrics(step=3, loss=0.2)`.

        Raises:
            ResultError: A value cannot be stored.
            RecordError: The experiment is not under way, or the file system refused.
        """
        self._running().append_metrics(metrics)

    def should_stop(self) -> bool:
        """Return whether the experiment does badly and is better stopped; ask after each `log_metrics(step=3, ...)`.

        The pruner of the sweep decides (`mag sweep ... --pruner median --metric loss --direction min`); without one it
        is always False. An experiment that was told to stop and returns is recorded as pruned, with the results that it
        registered.

        Raises:
            ResultError: What the sweep looks at was never logged.
            RecordError: The experiment is not under way.
        """
        attempt = self._running()
        if self._pruning is None and (rule := find_rule()) is not None:
            self._pruning = Pruning(rule, attempt.paths)
        if self._pruning is not None and self._pruning.decide():
            attempt.done = "pruned"
        return attempt.done == "pruned"

    def __enter__(self) -> Self:
        if self._attempt is not None:
            raise RecordError(f"Experiment {self.identifier!r} is under way already.")
        if (repetition := Repetition.find()) is not None:
            repetition.check_writable(self._home.paths)
        attempt = None if self.completed and self._if_exists in LEAVING else open_attempt(self._home, self._if_exists)
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
        if error is None and repetition is not None and repetition.is_over(attempt.paths):
            sys.exit()  # the script was run again for this alone

    def _end(self, attempt: Attempt, capture: Capture, error: BaseException | None) -> None:
        """Record how the block ended, and be as before, whatever fails."""
        try:
            flush_streams()
            if error is None:
                attempt.publish(attempt.done, ending=attempt.measure_ending(None))
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
