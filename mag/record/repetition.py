"""Repetition: a script run again for the sake of one of the experiments that it makes.

`mag rerun` writes down what is wanted and names the file in an environment variable. `Experiment` asks for it: the one
that is wanted goes beside its original, and every other into a temporary folder, so that nothing in a store is touched.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from mag.errors import NotFoundError, RecordError
from mag.record.paths import ExperimentPaths, StorePaths

if TYPE_CHECKING:
    from mag.record.store import StoredExperiment

VARIABLE = "MAG_REPETITION"


class Repetition(NamedTuple):
    """What a script is run again for.

    Attributes:
        identity: The experiment that is wanted.
        name: What its directory is called.
        directory: Where it goes.
        origin: The working directory of the command that it ran in.
        folder: What stands for that, with the code that was brought back.
        moved: The tops of work trees, and the directories that stand for them.
        scratch: A temporary folder for all other experiments.
        provenance: What their records say of where results come from.
        seed: What the wanted one's random generators began with; None where mag had no part in that.
    """

    identity: str
    name: str
    directory: str
    origin: str
    folder: str
    moved: dict[str, str]
    scratch: str
    provenance: dict[str, Any]
    seed: int | None = None

    @classmethod
    def find(cls) -> Self | None:
        """Return the repetition that this process is part of, if it is part of one.

        Raises:
            RecordError: It is over.
        """
        path = os.environ.get(VARIABLE)
        if path is None:
            return None
        import json  # noqa: PLC0415 - start-up

        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise RecordError(
                f"The `mag rerun` that started this process is over ({error}): unset {VARIABLE} to go on without it."
            ) from error

    def write(self, path: Path) -> None:
        """Write it down for the processes to come."""
        import json  # noqa: PLC0415 - start-up

        path.write_text(json.dumps(self._asdict()), encoding="utf-8")

    def place(self, root: str, identity: str, name: str | None) -> tuple[StorePaths, str | None]:
        """Return the store that an experiment goes into, and its name there if that is settled."""
        if identity == self.identity and name in {None, self.name}:
            return StorePaths(os.path.dirname(self.directory)), os.path.basename(self.directory)
        return StorePaths(self.divert(root)), None

    def is_wanted(self, paths: ExperimentPaths) -> bool:
        """Tell whether these are the files of the experiment that is wanted."""
        return paths.directory == self.directory

    def is_over(self, paths: ExperimentPaths) -> bool:
        """Tell whether the script has made what is wanted, asked in its main thread: a pool waits for its workers."""
        import threading  # noqa: PLC0415 - start-up

        is_main = threading.current_thread() is threading.main_thread()
        return self.is_wanted(paths) and os.getsid(0) == os.getpid() and is_main  # the script leads a session

    def look_up(self, root: str, reference: str) -> "StoredExperiment":
        """Return the experiment that the script means: one of this repetition's, or of where it ran first.

        Raises:
            NotFoundError: None answers to it, or several do.
        """
        from mag.record.store import Store  # noqa: PLC0415  (start-up: every command asks whether it is part of one)

        try:
            return Store(self.divert(root)).find(reference)
        except NotFoundError:
            path = os.path.join(self.origin, reference)
            return Store(ExperimentPaths(self.directory).home.root).find(path if os.path.isdir(path) else reference)

    def check_writable(self, paths: ExperimentPaths) -> None:
        """Refuse to go on with an experiment of a store.

        Raises:
            RecordError: It is none of this repetition's own.
        """
        if not self.is_wanted(paths) and not Path(paths.directory).is_relative_to(self.scratch):
            raise RecordError(
                f"The script goes on with {paths.directory}, which a rerun must not touch: bring the code back with "
                f"`mag restore`, and run it by hand."
            )

    def divert(self, root: str) -> str:
        """Return the temporary directory that stands for that of a store, an absolute one."""
        return os.path.join(self.scratch, root.lstrip(os.sep))
