"""Goals: what a search looks for, and what results must fulfil for a point to count as a solution."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mag.config.conditions.reader import Find
from mag.errors import MagError, SpaceError, UsageError
from mag.patterns import compile_lazily
from mag.record.pruning import VARIABLE, PruningRule, make_pruner

_COMPARISON = compile_lazily(r"([^<>=!]+)(<=|>=|<|>)([^<>=!]+)")

SEARCHING = ("tpe", "gp", "cmaes")
"""The samplers that only search; `random` does both."""
DIRECTIONS = {"max": True, "maximize": True, "min": False, "minimize": False}
"""What may be typed for a direction, and whether the largest is the best then."""


class Constraint(NamedTuple):
    """A comparison of results, `latency <= 20`.

    Attributes:
        text: What was typed.
        measure: Returns by how much results violate it, given a function that finds them; at most 0 if they do not.
    """

    text: str
    measure: Callable[[Find], float]


class Goal(NamedTuple):
    """What is searched for.

    Attributes:
        sampler: Which sampler asks.
        trials: How many points are to be known in the end.
        metric: The result, or metric, that counts.
        maximize: Whether the largest is the best.
        seed: What random choices of the sampler depend on.
        constraints: What results must fulfil besides.
    """

    sampler: str
    trials: int
    metric: str
    maximize: bool
    seed: int = 0
    constraints: tuple[Constraint, ...] = ()


def read_goal(shaping: Mapping[str, Any]) -> Goal | None:
    """Return what is searched for; None where nothing is.

    Raises:
        SpaceError: A part of it is missing, or goes with a search alone.
    """
    trials, metric, direction = shaping.get("trials"), shaping.get("metric"), shaping.get("direction")
    sampler = shaping.get("sampler")
    if trials is None:
        if shaping.get("constraint"):
            raise SpaceError("--constraint goes with a search, which learns from it: add --trials N, or use --where")
        if direction is not None:
            raise SpaceError(f"--direction {direction} goes with a search: add --trials N")
        if sampler in SEARCHING:
            raise SpaceError(f"the sampler {sampler} searches: say with --trials N how many points it may ask for")
        return None
    if trials < 1 or shaping.get("sample") is not None:
        raise SpaceError(f"--trials {trials} says how many points a search asks for: one at least, without --sample")
    if metric is None:
        raise SpaceError("a search looks at a result: add --metric accuracy, for example, and --direction max or min")
    if direction not in DIRECTIONS:
        said = f"--direction {direction} is none" if direction else f"--metric {metric} has no direction"
        raise SpaceError(f"{said}: add --direction max if the largest is the best, or min")
    texts = shaping.get("constraint", ())
    constraints = tuple(map(read_constraint, [texts] if isinstance(texts, str) else texts))
    return Goal(sampler or "tpe", trials, metric, DIRECTIONS[direction], shaping.get("seed") or 0, constraints)


def read_constraint(text: str) -> Constraint:
    """Return the constraint that a text states.

    Raises:
        SpaceError: It is no comparison of two numbers.

    >>> read_constraint("latency <= 20").measure({"latency": 25}.get)
    5.0
    >>> read_constraint("accuracy / size > 2").measure({"accuracy": 9, "size": 3}.get)
    -1.0
    """
    from mag.config.conditions.expressions import parse_expression  # noqa: PLC0415 - few sweeps need it

    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise SpaceError(f"--constraint {text!r} compares no two numbers: write it as in 'latency <= 20'")
    try:
        left, right = parse_expression(found[1].strip()), parse_expression(found[3].strip())
    except SpaceError as error:
        raise SpaceError(f"--constraint {error}") from None
    sign = 1 if found[2].startswith("<") else -1

    def measure(find: Find) -> float:
        """Return by how much an experiment violates the constraint; infinity where that is unknown."""
        try:
            violation = sign * (float(left.evaluate(find)) - float(right.evaluate(find)))
        except (MagError, TypeError, ValueError, OverflowError):  # a result is missing, or no number
            return math.inf
        return math.inf if math.isnan(violation) else violation

    return Constraint(text, measure)


def name_pruner(pruner: str, metric: str | None, direction: str | None) -> dict[str, str]:
    """Return the environment variable that tells experiments how they are compared while they run.

    Raises:
        UsageError: There is no such pruner, Optuna is not installed, or it is not said what is compared.
    """
    if metric is None or direction not in DIRECTIONS:
        raise UsageError(
            f"--pruner {pruner} compares a metric that is logged: add --metric loss, for example, and --direction min "
            "or max."
        )
    make_pruner(pruner)
    return {VARIABLE: PruningRule(pruner, metric, DIRECTIONS[direction]).write()}
