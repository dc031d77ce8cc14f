"""The ledger of claims: for each that a verdict makes, records in which it is true, and some in which it is not."""

from typing import Any

import pytest

from mag.cli.verdict import ENOUGH, Verdict, is_unrepeatable
from mag.compare.claims import Claims, weigh
from mag.compare.differences import Side, pair_values
from mag.record.records import Record

COMMIT: dict[str, Any] = {"hash": "1" * 40, "snapshot": None, "elsewhere": []}
PLACE = {"path": "/lib", "digest": "a", "files": {"x.py": "a"}}


def make(**fields: Any) -> Record:
    """Return a record of which all that is compared is known."""
    known: dict[str, Any] = {"identity": "i", "identifier": "n", "status": "completed", "config": {}}
    known |= {"commit": COMMIT, "host": {"name": "here"}, "random": {"seed": 1}, "environment": {"hash_seed": 0}}
    return Record(**(known | fields))


def compare(
    before: Record, after: Record, *, trees: tuple[str | None, str | None] = ("t", "t"), environment: Any = None
) -> Claims:
    """Return what is claimed of two records, whose trees and environments are known to be the same."""
    known = {"python": "3"}
    return weigh(Side(before, known, trees[0]), Side(after, known if environment is None else environment, trees[1]))


SAME = ("the code of the project", "code from elsewhere", "the environment", "the host", "the attempt number")


@pytest.mark.parametrize("claim", [*SAME, "the random seeds"])
def test_what_is_the_same_is_told(claim: str) -> None:
    """Where all that is compared is known and equal, all of it is called the same, and nothing else unknown."""
    claims = compare(make(), make())

    assert claim in claims.same
    assert (claims.is_all_same, len(claims.unknown)) == (True, 1)


OTHER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the code of the project": ({}, {"trees": ("t", "u"), "commit": {**COMMIT, "hash": "2" * 40}}),
    "code from elsewhere": ({}, {"commit": {**COMMIT, "elsewhere": [PLACE]}}),
    "the environment": ({}, {"environment_of": {"python": "2"}}),
    "the host": ({}, {"host": {"name": "there"}}),
    "the attempt number": ({"attempt": 2}, {}),
    "the random seeds": ({}, {"random": {"seed": 2}}),
}


@pytest.mark.parametrize("claim", OTHER)
def test_what_differs_is_told(claim: str) -> None:
    """What differs is neither called the same nor unknown, but told with both values."""
    one, other = OTHER[claim]
    fields = {name: value for name, value in other.items() if name not in {"trees", "environment_of"}}
    trees, environment = other.get("trees", ("t", "t")), other.get("environment_of")
    claims = compare(make(**one), make(**fields), trees=trees, environment=environment)

    assert claim not in claims.same
    assert claim not in claims.unknown
    assert sum(map(bool, claims.differences.values())) == 1
    assert not claims.is_all_same


UNKNOWN: dict[str, dict[str, Any]] = {
    "the code of the project": {"commit": {"hash": None, "reason": "no git", "elsewhere": []}},
    "code from elsewhere": {"commit": {"hash": "1" * 40}},
    "the host": {"host": {}},
    "the random seeds": {"random": {}},
    "model.py": {"commit": {**COMMIT, "changed": ["model.py"]}},
    "data.bin": {"commit": {**COMMIT, "not_captured": [{"path": "data.bin", "reason": "larger than 10 MB"}]}},
}


@pytest.mark.parametrize("claim", UNKNOWN)
def test_what_is_not_known_is_told(claim: str) -> None:
    """What a record does not tell is not called the same: an edit in mid-run and a file that was left out included."""
    before = make(**UNKNOWN[claim])
    claims = compare(before, before, trees=(None, None) if claim == "the code of the project" else ("t", "t"))

    assert claim not in claims.same
    assert any(claim in line for line in claims.unknown)
    assert not claims.is_all_same


def test_an_environment_that_nobody_kept() -> None:
    """Where the store has lost what it knew of an environment, it is not known to be the same."""
    claims = weigh(Side(make(), None, "t"), Side(make(), {"python": "3"}, "t"))

    assert ("the environment" in claims.same, "the environment" in claims.unknown) == (False, True)


@pytest.mark.parametrize(
    ("values", "known", "unrepeatable"),
    [
        ((1, 2, 3), True, True),
        ((1, 2), True, False),  # two runs are too few
        ((2, 2, 2), True, False),  # they agree among themselves: something that nobody compared has changed
        ((1, 2, 3), False, False),  # which code ran is not known
    ],
)
def test_not_repeatable(values: tuple[int, ...], known: bool, unrepeatable: bool) -> None:
    """It is said only where all that mag can compare is the same, and three runs differ among themselves."""
    before = make(results={"score": 0}, **({} if known else UNKNOWN["model.py"]))
    verdicts = [
        Verdict("n", before, again, "path", pair_values(before.results, again.results), compare(before, again), 0.0)
        for again in (make(results={"score": value}) for value in values)
    ]

    assert is_unrepeatable(verdicts) is unrepeatable
    assert ENOUGH == 3
