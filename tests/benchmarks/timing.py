"""Timing: commands run in turn, A B C A B C, so that whatever else the machine does disturbs all of them alike.

Wall time ends when the command does. CPU time is of all its processes: those that it leaves behind (supervisors that
are just ending, workers of a pool) become this process's children and are waited for.
"""

import dataclasses
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mag.run.processes import adopt_orphans

_LONGEST_COMMAND_SECONDS = 300


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """What one run of a command took.

    Attributes:
        wall: Milliseconds from start to end.
        cpu: Milliseconds of CPU time, of all its processes.
    """

    wall: float
    cpu: float

    def __sub__(self, other: "Sample") -> "Sample":
        return Sample(self.wall - other.wall, self.cpu - other.cpu)

    def __truediv__(self, number: float) -> "Sample":
        return Sample(self.wall / number, self.cpu / number)


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A command to be measured.

    Attributes:
        name: What the table calls it.
        words: The command; `{round}` in a word becomes the number of the round, so that each has a folder of its own.
        cwd: Where it is run.
        rounds: In how many rounds it takes part at most.
    """

    name: str
    words: Sequence[str]
    cwd: Path
    rounds: int = 1_000_000


def measure_in_turn(
    cases: Sequence[Case], *, environment: Mapping[str, str], rounds: int, seconds: float
) -> dict[str, list[Sample]]:
    """Run every case once a round and return their samples, by the cases' names.

    Args:
        cases: The commands.
        environment: Variables that are set for all of them.
        rounds: How many rounds at most.
        seconds: After how many seconds no further round is begun.

    Raises:
        RuntimeError: A command failed; the message has what it printed.
    """
    return _measure(cases, lambda case, number: _time(case, number, environment), rounds, seconds)


def measure_inside(
    cases: Sequence[Case], *, environment: Mapping[str, str], rounds: int, seconds: float
) -> dict[str, list[Sample]]:
    """Run every case once a round and return the samples that they print: milliseconds of wall and of CPU time.

    The arguments and errors are those of `measure_in_turn`.
    """
    return _measure(cases, lambda case, number: _read_sample(_run(case, number, environment)), rounds, seconds)


def _read_sample(printed: str) -> Sample:
    wall, cpu = printed.splitlines()[-1].split()
    return Sample(float(wall), float(cpu))


def _measure(
    cases: Sequence[Case], take: Callable[[Case, int], Sample], rounds: int, seconds: float
) -> dict[str, list[Sample]]:
    adopt_orphans()
    samples: dict[str, list[Sample]] = {case.name: [] for case in cases}
    began = time.monotonic()
    for number in range(rounds):
        if number and time.monotonic() - began > seconds:
            break
        for case in cases:
            if number < case.rounds:
                samples[case.name].append(take(case, number))
    return samples


def _time(case: Case, number: int, environment: Mapping[str, str]) -> Sample:
    spent, began = _read_cpu(), time.perf_counter()
    _run(case, number, environment)
    wall = time.perf_counter() - began
    _wait_for_orphans()
    return Sample(wall * 1000, (_read_cpu() - spent) * 1000)


def _run(case: Case, number: int, environment: Mapping[str, str]) -> str:
    words = [word.replace("{round}", str(number)) for word in case.words]
    done = subprocess.run(
        words,
        cwd=case.cwd,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_LONGEST_COMMAND_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{case.name} ended with {done.returncode}: {words}\n{done.stderr.decode()[-2000:]}")
    return done.stdout.decode()


def _read_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait_for_orphans() -> None:
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def take_median(samples: Sequence[Sample]) -> Sample:
    """Return the median wall time and the median CPU time."""
    return Sample(
        statistics.median(sample.wall for sample in samples), statistics.median(sample.cpu for sample in samples)
    )


def compare(samples: Sequence[Sample], others: Sequence[Sample]) -> Sample:
    """Return the median, over the rounds that both took part in, of one's times to the other's."""
    pairs = list(zip(samples, others, strict=False))
    return Sample(
        statistics.median(mine.wall / theirs.wall for mine, theirs in pairs),
        statistics.median(mine.cpu / max(theirs.cpu, 1e-3) for mine, theirs in pairs),
    )


def subtract(samples: Sequence[Sample], others: Sequence[Sample]) -> list[Sample]:
    """Return, round by round, what one took longer than the other."""
    return [mine - theirs for mine, theirs in zip(samples, others, strict=False)]


def divide(samples: Sequence[Sample], number: int) -> list[Sample]:
    """Return what each of `number` experiments took."""
    return [sample / number for sample in samples]
