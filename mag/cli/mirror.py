"""The log of one experiment, shown on standard output while it grows."""

import sys
from collections.abc import Sequence

from mag.cli.messages import say, silence
from mag.cli.output import escape
from mag.plans.plan import Plan, PlannedExperiment
from mag.record.log import Follower
from mag.run.tasks import Outcome
from mag.sweeps.execution import Observer
from mag.sweeps.tally import Tally


class Mirror(Observer):
    """Shows what the experiment of `mag run` prints, byte for byte."""

    _follower: Follower | None = None
    _interrupted = 0

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def remark(self, line: str) -> None:
        """Say what is to be known before."""
        if not self._quiet:
            say(escape(line))

    def begin(self, plan: Plan, todo: Sequence[PlannedExperiment], tally: Tally) -> None:  # noqa: ARG002
        """Follow its log."""
        sys.stdout.flush()
        self._follower = Follower(plan.store.experiment(todo[0].identifier).log, _show, fresh=True)
        self._follower.start()

    def end(self, outcome: Outcome) -> None:  # noqa: ARG002
        """Show the rest."""
        self.close()

    def interrupt(self, number: int) -> None:  # noqa: ARG002
        """Say that it is being stopped, and how to make it quicker."""
        self._interrupted += 1
        first = "stopping: it has the grace period to end in (once more: at once)"
        say(first if self._interrupted == 1 else "stopping at once")

    def close(self) -> None:
        """Show the rest and end."""
        if self._follower is not None:
            self._follower.stop()
            self._follower = None


def _show(chunk: bytes) -> None:
    try:
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # nobody reads any more; the log has it all
        silence(1)
    except OSError as error:
        silence(1)
        say(f"mag: cannot write to standard output: {error.strerror}; the log has it all")
