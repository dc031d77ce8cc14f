"""Scripts: repeat an experiment made with `Experiment` or `mag.sweep` by running its script again."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mag.app.command_line import read_command
from mag.code.checkouts import transfer
from mag.code.repository import LEFT_ASIDE
from mag.config.secrets import MASK
from mag.errors import RecordError, UsageError
from mag.record.paths import ExperimentPaths, StorePaths
from mag.record.records import Record, read_record
from mag.record.repetition import VARIABLE, Repetition
from mag.run.interruption import name_signal
from mag.run.relocation import transfer_path
from mag.run.supervisor import describe_record
from mag.run.tasks import Answer, Conditions, Outcome, Question, Task
from mag.sweeps.codebase import Codebase

_LOOK_SECONDS = 0.05
"""Between looks at whether the experiment is there."""
_LEAVE_SECONDS = 1.0
"""How long a script has to end by itself when the experiment is there."""


def names_script(record: Record) -> bool:
    """Tell whether a script ran an experiment, with `Experiment` or `mag.sweep`, and no app."""
    file, _, function = (record.app or "").rpartition(":")
    is_app = function.isidentifier() and file not in {"", "__main__"}
    return not is_app and read_command(record.app or "") is None


def find_script(record: Record, folder: Path, moved: Mapping[Path, Path]) -> list[str]:
    """Return the words after `python` that run the script of an experiment where its code is now.

    Raises:
        UsageError: It is no script that can be run again.
    """
    program, *words = record.command or ("",)
    if program != "python" or not words or not (words[0] == "-m" or _find_file(words[0], record, folder, moved)):
        raise UsageError(
            f"{record.identifier!r} was run by {record.app or 'a program'}, which is neither an app with @mag.main nor "
            f"a script among its code: `mag restore` brings the code back; run it there."
        )
    if any(MASK in word for word in words):
        raise UsageError(
            f"{record.identifier!r} was run by a command with a masked secret ({' '.join(record.command)}): "
            f"`mag restore` brings the code back; run it there with the secret."
        )
    return words if words[0] == "-m" else [_find_file(words[0], record, folder, moved) or "", *words[1:]]


def _find_file(word: str, record: Record, folder: Path, moved: Mapping[Path, Path]) -> str | None:
    """Return how a script is named in the folder: as it was, if that still leads to it."""
    file = transfer(os.path.join(record.directory or folder, word), moved)
    inside = not moved or any(file.is_relative_to(place) for place in moved.values())
    if not inside or file.suffix != ".py" or not file.is_file():
        return None
    return word if os.path.abspath(folder / word) == os.path.abspath(file) else str(file)


class ScriptServer:
    """Stands in for the fork server where a script is run again: it imports nothing, the script does."""

    kept: Sequence[str] = ()
    files: Sequence[str] = ()
    remark: str | None = None

    def __init__(self, words: Sequence[str], original: Record, code: Codebase) -> None:
        self._words = words
        self._original = original
        self._code = code

    def prepare(self) -> None:
        """Do nothing: the script loads what it needs."""

    def expect(self, threads: int | None) -> None:
        """Do nothing: the script starts as it does by itself."""

    def start(self, threads: int | None = None, import_seed: int | None = None) -> int | None:  # noqa: ARG002
        """Do nothing: the script starts with its experiment."""
        return threads

    def ask(self, question: Question[Answer], *, keep: bool = False) -> Answer:  # noqa: ARG002
        """Refuse: a script has no app that could be asked.

        Raises:
            UsageError: Always.
        """
        raise UsageError("A script that is run again cannot be asked for its configs.")

    def wait_until_ready(self) -> None:
        """Return: there is nothing to wait for."""

    def hire(self, conditions: Conditions) -> "ScriptSupervisor":
        """Return what runs the script."""
        return ScriptSupervisor(self._words, self._original, self._code, conditions)

    def close(self) -> None:
        """There is nothing to end."""


class ScriptSupervisor:
    """Runs a script again until it has made one experiment.

    Attributes:
        begun: Always None: what the script did is read from the record.
        pid: The script's process; 0 before it starts.
    """

    begun: str | None = None

    def __init__(self, words: Sequence[str], original: Record, code: Codebase, conditions: Conditions) -> None:
        self._words = words
        self._original = original
        self._code = code
        self._conditions = conditions
        self._kill: threading.Timer | None = None
        self.pid = 0

    def run(self, task: Task, started: Callable[[str], None]) -> Outcome:
        """Run the script; return what became of the experiment."""
        folder = self._code.folder or self._code.source
        directory = StorePaths(self._conditions.store).experiment(task.name).directory
        with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
            repetition = Repetition(
                identity=task.identity,
                name=self._original.identifier,
                directory=directory,
                origin=self._original.directory or str(folder),
                folder=str(folder),
                moved={str(top): str(place) for top, place in self._code.moved.items()},
                scratch=scratch,
                provenance=self._conditions.provenance.fields(),
                seed=self._conditions.seed,
            )
            file = Path(scratch, "repetition.json")
            repetition.write(file)
            started(task.name)
            code = self._run(self._choose_variables(folder) | {VARIABLE: str(file)}, scratch, directory)
        return self._read_outcome(task, code)

    def _choose_variables(self, folder: Path) -> dict[str, str]:
        """Return the environment that the script gets: this one, with what was recorded."""
        given = dict(self._code.variables)
        if "PYTHONPATH" in given:
            given["PYTHONPATH"] = transfer_path(given["PYTHONPATH"], folder, self._code.moved)
        return {name: value for name, value in os.environ.items() if name not in LEFT_ASIDE} | given

    def _run(self, variables: Mapping[str, str], cwd: str, directory: str) -> int:
        """Run the script, its output to standard error, until it ends or has published; return how it ended.

        Whoever published: with a pool the script itself may wait for ever for the worker that did.
        """
        command = [sys.executable, "-m", "mag.run.script", *self._words]
        process = subprocess.Popen(
            command, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True
        )
        self.pid = process.pid
        try:
            while not _is_published(directory):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(_LOOK_SECONDS)
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(_LEAVE_SECONDS)
            return 0
        finally:
            if self._kill is not None:
                self._kill.cancel()
            self._signal(signal.SIGKILL)  # what it left running
            process.wait()

    def stop(self, *, at_once: bool = False) -> None:
        """Interrupt the script, and kill it after the grace period; or kill it at once."""
        self._signal(signal.SIGKILL if at_once else signal.SIGINT)
        if not at_once:
            self._kill = threading.Timer(self._conditions.grace, self._signal, (signal.SIGKILL,))
            self._kill.start()

    def close(self) -> None:
        """There is nothing to end."""

    def _signal(self, number: int) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def _read_outcome(self, task: Task, code: int) -> Outcome:
        name, script = self._original.identifier, " ".join(self._words)
        how = f"was ended by {name_signal(-code)}" if code < 0 else f"exited with code {code}"
        paths = StorePaths(self._conditions.store).experiment(task.name)
        try:
            record = read_record(paths)
        except FileNotFoundError:
            why = f"{script} {how} before it came to {name!r}, whose config it makes itself, maybe from something "
            return Outcome(
                task.index, task.name, "unstarted", message=f"{why}that is gone (arguments, variables, files)"
            )
        if record.status == "running":
            return Outcome(task.index, task.name, "unstarted", message=f"{script} {how} in the middle of it")
        return describe_record(task, record)._replace(name=task.name)


def _is_published(directory: str) -> bool:
    """Tell whether an attempt of an experiment has come to its end."""
    with contextlib.suppress(OSError, RecordError):
        return read_record(ExperimentPaths(directory)).status != "running"
    return False
