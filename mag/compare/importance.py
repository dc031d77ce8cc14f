"""Importance: how much each key matters to a result over the whole space, as Optuna's fANOVA estimates it."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mag.compare.columns import Column
from mag.compare.rows import MISSING, Row, is_number
from mag.compare.summary import to_number
from mag.errors import UsageError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_LOGARITHMIC = 100
"""Positive numbers of which the largest is so many times the smallest are taken to stand on a logarithmic scale."""
_FEWEST = 4


class Importances(NamedTuple):
    """How much keys matter.

    Attributes:
        shares: The share of the variance that each key explains, the largest first; they add up to 1.
        dropped: Keys that some experiments lack, of which there is no telling.
        number: How many experiments it is of.
    """

    shares: dict[Column, float]
    dropped: tuple[Column, ...]
    number: int


def estimate_importances(rows: Sequence[Row], metric: Column, columns: Sequence[Column]) -> Importances:
    """Return how much keys matter to a metric: the shares of a functional analysis of variance over random trees.

    Raises:
        UsageError: Optuna or scikit-learn is not installed.
    """
    scored = [(row, value) for row in rows if (value := to_number(metric.read(row))) is not None]
    scored = [(row, value) for row, value in scored if math.isfinite(value)]
    read = {column: [column.read(row) for row, _ in scored] for column in columns}
    dropped = tuple(column for column, found in read.items() if MISSING in found)
    kept = {column: found for column, found in read.items() if column not in dropped and len(set(map(repr, found))) > 1}
    values = [value for _, value in scored]
    if len(values) < _FEWEST or not kept or len(set(values)) == 1:
        return Importances({}, dropped, len(values))
    return Importances(_evaluate(kept, values), dropped, len(values))


def _evaluate(read: dict[Column, list[Any]], values: Sequence[float]) -> dict[Column, float]:
    try:
        import optuna  # noqa: PLC0415 - an extra
        import sklearn  # noqa: F401, PLC0415
    except ImportError as error:
        raise UsageError(
            "--importance needs Optuna and scikit-learn: type pip install 'mag-sweep[tune]' scikit-learn."
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    scales = [_find_scale(found) for found in read.values()]
    distributions = {str(number): scale for number, scale in enumerate(scales)}
    texts = [found if all(map(is_number, found)) else list(map(repr, found)) for found in read.values()]
    for place, value in enumerate(values):
        params = {str(number): found[place] for number, found in enumerate(texts)}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=value))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    columns = list(read)
    return {columns[int(number)]: share for number, share in shares.items()}


def _find_scale(found: Sequence[Any]) -> "BaseDistribution":
    """Return what a key is varied over, as far as its values tell."""
    from optuna.distributions import (  # noqa: PLC0415 - an extra
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if not all(map(is_number, found)):
        return CategoricalDistribution(sorted(set(map(repr, found))))
    low, high = min(found), max(found)
    log = low > 0 and high / low >= _LOGARITHMIC
    if all(isinstance(value, int) for value in found):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)
