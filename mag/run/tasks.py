"""What is handed to a supervisor, and what comes back: small, and plain data that JSON can hold."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from mag.record.provenance import Provenance
from mag.run.limits import Limits
from mag.settings import Settings

Function = Callable[..., Any]
"""The user's function: takes the config and, where it has a second parameter, the experiment."""

Answer = TypeVar("Answer")

Question = Callable[[Any], Answer]
"""What is asked of the imported app; it can be pickled, and so can the answer."""

RETRIED = ("failed", "killed", "timeout", "oom")


LEFT_ALONE = "left alone"
"""The cause of an outcome that is none: its supervisor was asked to stop before, by whomever."""


class Task(NamedTuple):
    """One experiment to be run.

    Attributes:
        index: Its place in the plan, from 0.
        name: Its directory's name.
        identity: What it is.
        config: Its resolved config, plain data, secrets included.
        overrides: What was typed for it, secrets masked.
        force: Run it even if it completed before.
        environment: Variables that it gets, `("CUDA_VISIBLE_DEVICES", "0")`.
        attempt: The number of its last attempt that was over when this was asked for; if somebody has made one since,
            it is not run again. None: it is, whoever has.
        composed: Its config with interpolations as they are written; None where there are none.
        choices: What was chosen from each config group.
        clean: Begin with an empty directory, if it was tried before.
        late: The paths of the values in its config that are texts which only the experiment can resolve.
    """

    index: int  # type: ignore[assignment]  # hides a tuple's method, which nobody needs
    name: str
    identity: str
    config: dict[str, Any]
    overrides: tuple[str, ...] = ()
    force: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    attempt: int | None = None
    composed: dict[str, Any] | None = None
    choices: Mapping[str, Any] = {}
    late: tuple[tuple[Any, ...], ...] = ()
    clean: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return self._asdict() | {"choices": dict(self.choices)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """Return the task that `to_plain` made this from."""
        environment = tuple((name, value) for name, value in plain["environment"])
        late = tuple(tuple(path) for path in plain["late"])
        return cls(**{**plain, "overrides": tuple(plain["overrides"]), "environment": environment, "late": late})


@dataclasses.dataclass(frozen=True, slots=True)
class Conditions:
    """What all tasks of one command have in common.

    Attributes:
        store: The directory of the experiments.
        provenance: Where the results come from.
        settings: The project's.
        grace: Seconds between SIGTERM and SIGKILL when an experiment is stopped.
        limits: What one experiment may cost.
        retries: How often a faulty experiment is tried again at once.
        retry_on: The causes for which it is: a faulty status, or "oom".
        seed: What random generators begin with; drawn for each attempt if None.
        kept: The libraries whose random states the app's import has set.
    """

    store: str
    provenance: Provenance
    settings: Settings
    grace: float = 10.0
    limits: Limits = dataclasses.field(default_factory=Limits)
    retries: int = 0
    retry_on: tuple[str, ...] = RETRIED
    seed: int | None = None
    kept: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return them as plain data."""
        root = self.settings.root
        settings = {
            **self.settings._asdict(),
            "root": None if root is None else str(root),
            "unheeded": None,
            "renamed": dict(self.settings.renamed),
        }
        return dataclasses.asdict(self) | {"provenance": self.provenance.fields(), "settings": settings}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """Return the conditions that `to_plain` made this from."""
        known = {**plain, "retry_on": tuple(plain["retry_on"]), "kept": tuple(plain.get("kept", ()))}
        provenance = {**plain["provenance"], "command": tuple(plain["provenance"]["command"])}
        lists = {name: tuple(value) for name, value in plain["settings"].items() if isinstance(value, list)}
        root = plain["settings"]["root"]
        settings = {**plain["settings"], **lists, "root": None if root is None else Path(root)}
        known |= {"provenance": Provenance(**provenance), "settings": Settings(**settings)}
        return cls(**known | {"limits": Limits(**plain["limits"])})


class Outcome(NamedTuple):
    """What became of a task.

    Attributes:
        index: The task's place in the plan.
        name: The directory's name in the end.
        status: A record's status; or "skipped" (somebody completed it meanwhile), "elsewhere" (another process is
            running it), "unstarted" (the command was stopped before).
        seconds: How long it took.
        message: What went wrong, in a line.
        results: What it registered.
        cause: Its status, or "oom" where memory ran out, "stop-if" where the condition to stop held, "not begun" where
            nothing of the experiment was run, "debugger left"; what `retry_on` is compared with.
        remark: What else there is to say, in a line that many experiments may have in common.
    """

    index: int  # type: ignore[assignment]  # hides a tuple's method, which nobody needs
    name: str
    status: str
    seconds: float | None = None
    message: str | None = None
    results: Mapping[str, Any] = {}
    cause: str | None = None
    remark: str | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return self._asdict() | {"results": dict(self.results)}
