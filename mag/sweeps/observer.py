"""Observers: they hear what happens on the way from a request to its report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mag.run.tasks import Outcome
from mag.settings import Settings
from mag.sweeps.report import Tracker

if TYPE_CHECKING:
    from mag.config.composition.composer import Composer
    from mag.config.language.override import Override
    from mag.plans.plan import Plan, PlannedExperiment
    from mag.plans.shapes import Shape


class Question(NamedTuple):
    """Which experiments are asked for, read.

    Attributes:
        texts: The overrides as they were typed.
        overrides: The same, parsed.
        composer: Composes the configs.
        shape: What else is said of the points.
        settings: The project's.
        is_hydra: Whether the app is one of `@hydra.main`.
    """

    texts: Sequence[str]
    overrides: "list[Override]"
    composer: "Composer"
    shape: "Shape"
    settings: Settings
    is_hydra: bool = False


class Observer:
    """Hears what happens between a request and its report; this one ignores it."""

    def warn(self, text: str) -> None:
        """Part of the code is not what it should be."""

    def check(self, question: "Question") -> None:
        """The request was read; raise an error if it should not be planned."""

    def planned(self, question: "Question") -> None:
        """There is a plan."""

    def remark(self, line: str) -> None:
        """There is something to know before the first experiment starts."""

    def begin(self, plan: "Plan", todo: "Sequence[PlannedExperiment]", tracker: Tracker) -> None:
        """The first experiment is about to start; `tracker` can be asked at any time how far the sweep is."""

    def end(self, outcome: Outcome) -> None:
        """An experiment has ended."""

    def wait(self, count: int) -> None:
        """Other processes run everything that is left; they are waited for."""

    def interrupt(self, number: int) -> None:
        """A signal asked the command to stop."""
