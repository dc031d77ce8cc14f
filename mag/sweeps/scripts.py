"""Scripts: an experiment that one made with `Experiment` or `mag.sweep`, once more, by running it again."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from mag.code.checkouts import transfer
from mag.code.environment import gather_environment
from mag.config.secrets import MASK
from mag.errors import RecordError, UsageError
from mag.launch.signals import stop_on_signals
from mag.record.claims import prepare_store
from mag.record.provenance import gather_provenance, store_environment
from mag.record.records import Record, read_record
from mag.record.repetition import VARIABLE, Repetition
from mag.run.supervisor import name_signal
from mag.sweeps.execution import Observer
from mag.sweeps.reruns import Recall


def names_script(record: Record) -> bool:
    """Tell whether no app ran an experiment, but a program with `Experiment`, or with `mag.sweep` of its own."""
    file, _, function = (record.app or "").rpartition(":")
    return file in {"", "__main__"} or not function.isidentifier()


def find_script(record: Record, folder: Path, moved: Mapping[Path, Path]) -> list[str]:
    """Return what follows `python` on the command line of the script that made an experiment, where its code is now.

    Raises:
        UsageError: It is no script that can be run again.
    """
    program, *words = record.command or ("",)
    if program != "python" or not words or not (words[0] == "-m" or _find_file(words[0], record, folder, moved)):
        raise UsageError(
            f"{record.identifier!r} was run by {record.app or 'a program'}, which is neither an app with @mag.main nor "
            f"a script among its code: `mag restore` brings the code back, to be run there."
        )
    if any(MASK in word for word in words):
        raise UsageError(
            f"{record.identifier!r} was run by a command of which a secret is masked ({' '.join(record.command)}): "
            f"`mag restore` brings the code back, to be run there with the secret."
        )
    return words if words[0] == "-m" else [_find_file(words[0], record, folder, moved) or "", *words[1:]]


def _find_file(word: str, record: Record, folder: Path, moved: Mapping[Path, Path]) -> str | None:
    """Return how a script is named in the folder: as it was, if that still leads to it."""
    file = transfer(os.path.join(record.directory or folder, word), moved)
    inside = not moved or any(file.is_relative_to(place) for place in moved.values())
    if not inside or file.suffix != ".py" or not file.is_file():
        return None
    return word if os.path.abspath(folder / word) == os.path.abspath(file) else str(file)


def repeat_script(
    recall: Recall, original: Record, words: Sequence[str], folder: Path, moved: Mapping[Path, Path]
) -> tuple[Record, int | None]:
    """Run a script again until it has made one experiment; return its record, and the signal that stopped it, if any.

    Raises:
        RecordError: The script ended without it.
    """
    variables = os.environ | dict(recall.variables)
    environment = gather_environment(recall.settings.root, variables)
    secrets = recall.settings.secrets
    provenance = gather_provenance(app=recall.app, commit=recall.commit, environment=environment, secrets=secrets)
    prepare_store(recall.store)
    store_environment(recall.home, environment)
    with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
        repetition = Repetition(
            identity=original.identity,
            name=original.identifier,
            directory=recall.paths.directory,
            origin=original.directory or str(folder),
            folder=str(folder),
            moved={str(top): str(place) for top, place in moved.items()},
            scratch=scratch,
            provenance=provenance.fields(),
        )
        file = Path(scratch, "repetition.json")
        repetition.write(file)
        code, stopped = _run(words, variables | {VARIABLE: str(file)}, scratch, recall.grace)
    return _read_outcome(recall, original, words, code), stopped


def _run(words: Sequence[str], variables: Mapping[str, str], cwd: str, grace: float) -> tuple[int, int | None]:
    """Run the script, its output to standard error; return how it ended, and the signal that stopped this command."""
    command = [sys.executable, "-m", "mag.run.script", *words]
    process = subprocess.Popen(
        command, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True
    )
    kill = threading.Timer(grace, _signal, (process.pid, signal.SIGKILL))

    def stop() -> None:
        if kill.ident is None:  # the first time
            kill.start()
            _signal(process.pid, signal.SIGINT)
        else:
            _signal(process.pid, signal.SIGKILL)

    try:
        with stop_on_signals(stop, Observer().interrupt) as interruption:
            code = process.wait()
    finally:
        kill.cancel()
        _signal(process.pid, signal.SIGKILL)  # what it left running
    return code, interruption.signal


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _read_outcome(recall: Recall, original: Record, words: Sequence[str], code: int) -> Record:
    how = f"was ended by {name_signal(-code)}" if code < 0 else f"exited with code {code}"
    try:
        record = read_record(recall.paths)
    except FileNotFoundError:
        raise RecordError(
            f"{' '.join(words)} {how} without having come to {original.identifier!r}: its config is made there, from "
            f"what may be there no more (arguments, variables, files)."
        ) from None
    if record.status == "running":
        raise RecordError(f"{' '.join(words)} {how} in the middle of {original.identifier!r}: see {recall.paths.log}.")
    return record
