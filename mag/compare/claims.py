"""Claims: what is known to be the same of two runs of an experiment, what differs, and what nobody has compared."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mag.code.elsewhere import MOST_FILES
from mag.compare.differences import Pair, Side, list_differences, pair_values

SECTIONS = ("code", "elsewhere", "environment", "host", "attempt", "random")
_MOST_OMISSIONS = 5
_UNREAD = "files that the experiment read, where git ignores them or they lie outside of the repository"
_NAMES = {
    "code": "the code of the project",
    "elsewhere": "code from elsewhere",
    "environment": "the environment",
    "host": "the host",
    "attempt": "the attempt number",
    "random": "the random seeds",
}


class Claims(NamedTuple):
    """What can be said of two runs besides their results.

    Attributes:
        same: What is known to be the same.
        differences: What differs, by section.
        unknown: What was not compared; the last entry is never known.
    """

    same: list[str]
    differences: dict[str, list[Pair]]
    unknown: list[str]

    @property
    def is_all_same(self) -> bool:
        """Whether everything mag can compare is known to be the same."""
        return not any(self.differences.values()) and len(self.unknown) == 1


def weigh(before: Side, after: Side) -> Claims:
    """Return what is the same of two runs, what differs and what is not known."""
    found = list_differences(before, after)
    differences = {name: found[name] for name in ("code", "environment", "host")}
    differences["elsewhere"] = list_elsewhere(before, after)
    one, other = before.record, after.record
    differences["attempt"] = _differ({"number": one.attempt}, {"number": other.attempt})
    differences["random"] = _differ(one.random, other.random) if one.random and other.random else []
    known = {
        "code": _knows_code(before) and _knows_code(after),
        "elsewhere": all("elsewhere" in side.commit for side in (one, other)),
        "environment": before.environment is not None and after.environment is not None,
        "host": all(isinstance(side.host.get("name"), str) for side in (one, other)),
        "attempt": True,
        "random": bool(one.random and other.random),
    }
    same = [_NAMES[name] for name in SECTIONS if known[name] and not differences[name]]
    unknown = [_NAMES[name] for name in SECTIONS if not known[name] and not differences[name]]
    unknown += [*_list_omissions(one.commit), *_list_edits(one.commit), *_list_edits(other.commit), _UNREAD]
    return Claims(same, {name: differences[name] for name in SECTIONS}, list(dict.fromkeys(unknown)))


def _knows_code(side: Side) -> bool:
    return side.code is not None or any(side.record.commit.get(key) for key in ("hash", "snapshot"))


def _differ(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Pair]:
    return [pair for pair in pair_values(before, after) if not pair.agrees]


def _list_omissions(commit: Mapping[str, Any]) -> Iterator[str]:
    left = [one for one in commit.get("not_captured") or () if isinstance(one, Mapping)]
    yield from (f"{one.get('path')}, left out of the code ({one.get('reason')})" for one in left[:_MOST_OMISSIONS])
    if more := len(left) - _MOST_OMISSIONS:
        yield from [f"{more} more files that were left out of the code"] if more > 0 else []


def _list_edits(commit: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files that were edited while an experiment ran from them."""
    yield from (f"which version of {path} ran: it was edited meanwhile" for path in commit.get("changed") or ())


def list_elsewhere(before: Side, after: Side) -> list[Pair]:
    """Return the files from elsewhere that differ between two runs; nothing where one record names none."""
    one, other = (_spread(side.record.commit.get("elsewhere")) for side in (before, after))
    if one is None or other is None:
        return []
    return _differ(one, other)


def _spread(places: object) -> dict[str, Any] | None:
    """Return the digest of each file, or of each place whose files are not all listed."""
    if not isinstance(places, list):
        return None
    found: dict[str, Any] = {}
    for place in places:
        if not isinstance(place, Mapping):
            continue
        files = place.get("files")
        if isinstance(files, Mapping) and files:
            found |= {f"{place.get('path')}/{name}": str(digest)[:12] for name, digest in files.items()}
        if not isinstance(files, Mapping) or not 0 < len(files) < MOST_FILES:
            found[str(place.get("path"))] = str(place.get("digest"))[:12]
    return found
