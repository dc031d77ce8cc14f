"""Pruning: whether an experiment does so badly, by what it has logged, that it is better stopped.

Optuna's pruners decide, in the experiment's own process. What the others have logged is read from their files.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mag.disk import files, values
from mag.errors import RecordError, ResultError, UsageError
from mag.record.paths import ExperimentPaths
from mag.suggestion import name_nearest

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner

VARIABLE = "MAG_PRUNER"
"""The environment variable that tells the experiments of a sweep which pruner it has."""
PRUNERS = ("median", "halving")


class PruningRule(NamedTuple):
    """How experiments are compared while they run.

    Attributes:
        pruner: One of `PRUNERS`.
        metric: What they log.
        maximize: Whether the largest is the best.
    """

    pruner: str
    metric: str
    maximize: bool

    def write(self) -> str:
        """Return the text that `find_rule` reads."""
        return json.dumps(self._asdict())


def find_rule() -> PruningRule | None:
    """Return the rule of the sweep that this process runs in; None where it has none."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        found = json.loads(os.environ.get(VARIABLE, "null"))
        return None if found is None else PruningRule(str(found["pruner"]), str(found["metric"]), found["maximize"])
    return None


def make_pruner(name: str) -> "BasePruner":
    """Return the pruner of that name.

    Raises:
        UsageError: There is none, or Optuna is not installed.
    """
    if name not in PRUNERS:
        near = name_nearest(name, PRUNERS)
        hint = f"did you mean {near}?" if near else f"there are {' and '.join(PRUNERS)}."
        raise UsageError(f"--pruner {name} is none: {hint}")
    try:
        from optuna.pruners import MedianPruner, SuccessiveHalvingPruner  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            f"--pruner {name} needs Optuna, which is not installed: type pip install 'mag-sweep[tune]'."
        ) from error
    return MedianPruner() if name == "median" else SuccessiveHalvingPruner()


class LoggedCurve:
    """What an experiment logs of one metric; each reading goes on where the last one ended.

    Attributes:
        names: What else it has logged.
    """

    def __init__(self, path: str, metric: str) -> None:
        self._path, self._metric = path, metric
        self._offset = self._count = 0
        self.names: dict[str, None] = {}

    def read(self) -> Iterator[tuple[int, float]]:
        """Yield step and value of each line that is new; a line that is still being written waits."""
        try:
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                lines = file.read()
        except OSError:
            return
        whole = lines[: lines.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            with contextlib.suppress(ValueError, RecursionError):
                found = values.decode(json.loads(line))
                if isinstance(found, dict) and (point := self._pick(found)) is not None:
                    yield point

    def _pick(self, found: Mapping[str, Any]) -> tuple[int, float] | None:
        self.names |= dict.fromkeys(name for name in found if name != "step")
        value, step = found.get(self._metric), found.get("step", self._count)
        if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(step, int):
            return None
        self._count += 1
        return max(0, step), float(value)


class _Rival:
    """Another experiment of the same app."""

    def __init__(self, paths: ExperimentPaths, metric: str) -> None:
        self.paths = paths
        self.curve = LoggedCurve(paths.metrics, metric)
        self.steps: dict[int, float] = {}
        self.trial: Trial | None = None

    def read(self) -> dict[int, float]:
        """Return the values that are new."""
        new = {step: value for step, value in self.curve.read() if step not in self.steps}
        self.steps |= new
        return new


class Pruning:
    """Decides, for one experiment, by what it and the others of its app have logged so far."""

    def __init__(self, rule: PruningRule, paths: ExperimentPaths) -> None:
        import optuna  # noqa: PLC0415 - an extra

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._rule, self._paths = rule, paths
        self._study: Study = optuna.create_study(
            direction="maximize" if rule.maximize else "minimize", pruner=make_pruner(rule.pruner)
        )
        self._own, self._trial = LoggedCurve(paths.metrics, rule.metric), self._study.ask()
        self._seen: set[int] = set()
        self._app = _read_told(paths)[1]
        self._settled = {os.path.basename(paths.directory)}
        self._rivals: dict[str, _Rival] = {}
        self._verdict = False

    def decide(self) -> bool:
        """Return whether the experiment is better stopped; decided anew with each step that it logs.

        Raises:
            ResultError: It has logged something, but never the metric that counts.
        """
        new = {step: value for step, value in self._own.read() if step not in self._seen}
        self._seen |= new.keys()
        if not self._seen and self._own.names:
            raise ResultError(
                f"{self._rule.metric!r}, which --metric names, is not among what was logged before should_stop() "
                f"({', '.join(self._own.names)}): call log_metrics(step=..., {self._rule.metric}=...) first."
            )
        if new:
            self._take_in()
            for step, value in sorted(new.items()):
                self._trial.report(value, step)
            self._verdict = self._trial.should_prune()
        return self._verdict

    def _take_in(self) -> None:
        """Tell the study what the others have logged since, and how they ended."""
        root = os.path.dirname(self._paths.directory)
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(root)):
                if name in self._settled or name.startswith("."):
                    continue
                paths = ExperimentPaths(f"{root}/{name}")
                status, app = _read_told(paths)  # before its metrics: it may end in between
                if status is not None and app != self._app:
                    self._settled.add(name)
                elif status is not None:
                    self._follow(self._rivals.setdefault(name, _Rival(paths, self._rule.metric)), status)
                    if status != "running":
                        self._settled.add(name)
                        del self._rivals[name]

    def _follow(self, rival: _Rival, status: str) -> None:
        from optuna.trial import TrialState, create_trial  # noqa: PLC0415 - an extra

        new = rival.read()
        state = {"completed": TrialState.COMPLETE, "pruned": TrialState.PRUNED}.get(status, TrialState.FAIL)
        last = rival.steps[max(rival.steps)] if rival.steps else None
        if last is None or last != last:  # noqa: PLR0124 - nan
            state = TrialState.FAIL
        if self._rule.pruner == "median":  # which compares with what has completed alone
            if status == "completed" and state == TrialState.COMPLETE:
                self._study.add_trial(create_trial(state=state, value=last, intermediate_values=rival.steps))
            return
        if rival.trial is None:
            rival.trial = self._study.ask()
        for step, value in sorted(new.items()):
            rival.trial.report(value, step)
            rival.trial.should_prune()  # by which a pruner notes how far it came
        if status != "running":
            self._study.tell(rival.trial, last if state == TrialState.COMPLETE else None, state=state)


def _read_told(paths: ExperimentPaths) -> tuple[str | None, str | None]:
    """Return the status and the app in a record; None where it cannot be read."""
    with contextlib.suppress(OSError, RecordError):
        found = files.read_json(paths.record)
        return str(found.get("status")), str(found.get("app"))
    return None, None
