"""Tables: what a benchmark found, as plain text."""

import dataclasses
from collections.abc import Sequence

from tests.benchmarks.timing import Sample, compare, take_median

_HEADERS = ("case", "ms", "CPU ms", "to", "ratio", "CPU ratio", "goal", "n")
_LEFT = (0, 3, 6)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One case of a benchmark.

    Attributes:
        name: What it is.
        samples: What it took, round by round; none where it could not be run.
        peer: What it is compared with, if with anything.
        standard: What that took, round by round.
        goal: The greatest ratio of the wall times that is wished for.
        by_cpu: The goal is of the CPU times instead.
        most: The greatest wall time in milliseconds that is wished for.
    """

    name: str
    samples: Sequence[Sample] = ()
    peer: str = ""
    standard: Sequence[Sample] = ()
    goal: float | None = None
    by_cpu: bool = False
    most: float | None = None

    def format(self) -> list[str]:
        """Return the cells of this row."""
        if not self.samples:
            return [self.name, *[""] * 7]
        middle = take_median(self.samples)
        cells = [self.name, _format_time(middle.wall), _format_time(middle.cpu)]
        if not self.standard:
            return [*cells, "", "", "", _judge(middle.wall, self.most, " ms"), str(len(self.samples))]
        ratio = compare(self.samples, self.standard)
        cells += [self.peer, f"{ratio.wall:.3g}", f"{ratio.cpu:.3g}"]
        return [*cells, self._judge_ratio(ratio), str(len(self.samples))]

    def _judge_ratio(self, ratio: Sample) -> str:
        return _judge(ratio.cpu, self.goal, " CPU") if self.by_cpu else _judge(ratio.wall, self.goal)


def _judge(found: float, goal: float | None, unit: str = "") -> str:
    return "" if goal is None else f"<= {goal:.3g}{unit} {'met' if found <= goal else 'MISSED'}"


def _format_time(milliseconds: float) -> str:
    digits = 0 if milliseconds >= 100 else 1 if milliseconds >= 10 else 2 if milliseconds >= 1 else 4
    return f"{milliseconds:,.{digits}f}"


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """What a benchmark found.

    Attributes:
        title: What was measured, and what the times are of.
        rows: Its cases.
    """

    title: str
    rows: Sequence[Row]

    def format(self) -> str:
        """Return the table as text, its columns aligned."""
        lines = [list(_HEADERS), *(row.format() for row in self.rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADERS))]
        texts = [
            "  ".join(
                cell.ljust(width) if column in _LEFT else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, *(f"  {text}" for text in texts)])
