"""Differences from Hydra that are meant, each with its reason; whatever is not listed here is a bug of one side."""

import re
import tempfile
from collections.abc import Callable
from typing import Any, TypeAlias

from tests.fuzz.answers import answer
from tests.fuzz.trees import lay

Answer: TypeAlias = dict[str, str]

_RECOGNISE = re.compile(r"token recognition error at: '(.)", re.DOTALL)
_CALL_AS_KEY = re.compile(r"(?:str|int|float|bool)[ \t]*\(.*\)[ \t]*:", re.DOTALL)
_BLANK_AFTER_COLON = re.compile(r":(?:[ ]|\\t)+'")
_LAST_LIST = re.compile(r", \[[^]]*\]\]$")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_GLOBAL = re.compile(r"@_global_\.")
_HERE = re.compile(r"@_here_(?![\w.])")
_GROUP = re.compile(r"(?<![\w/])([\w/]+)@_group_(?=[\w.]*[:=])")
_OWN = re.compile(r"(?<![\w/])([\w/]+)@(?:_here_\.)?([\w.]+)(?![\w.])")
_FLOAT = re.compile(r"-?\d+\.\d+(?:e-?\d+)?|-?\d+e-?\d+")


_CONTRADICTIONS = (
    "is both chosen and deleted",
    "is a choice already",
    "stands before the choice itself",
    "is chosen twice",
)
_LOOKED_INTO = "Error resolving interpolation|RecursionError|Could not load|Multiple values for"


def explain(question: dict[str, Any], ours: Answer, theirs: Answer) -> str:
    """Return why the answers may differ; empty where they must not.

    Args:
        question: What was asked.
        ours: mag's answer.
        theirs: Hydra's.
    """
    known = _GRAMMAR if question["kind"] == "grammar" else _COMPOSITION
    return next((reason for reason, holds in known.items() if holds(question, ours, theirs)), "")


def _takes_unreserved(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    """Tell whether Hydra stumbles over what is not ASCII, or over what follows where it stopped reading a key there."""
    return "exact" in ours and "token recognition error" in theirs.get("refused", "") and not question["text"].isascii()


def _takes_more_functions(_: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    return "exact" in ours and re.search(r"Unknown function '(log|lin)'", theirs.get("refused", "")) is not None


def _takes_null(_: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    return "exact" in ours and "NoneType is incompatible" in theirs.get("refused", "")


def _takes_calls_as_keys(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    misread = re.search(r"no viable alternative|expecting ':'", theirs.get("refused", ""))
    return "exact" in ours and misread is not None and _CALL_AS_KEY.search(question["text"]) is not None


def _refuses_inner_sweep(_: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    refused, other = ours.get("refused", ""), theirs.get("exact", "")
    inside = re.search(r"(Sweep|Glob)\(", other) is not None
    return bool(refused) and (inside or (bool(other) and "a sweep is among them" in refused))


def _keeps_tags(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    mine, other = ours.get("exact", ""), theirs.get("exact", "")
    return question["text"].count("tag(") > 0 and _LAST_LIST.sub("", mine) == _LAST_LIST.sub("", other)


def _sorts_in_steps(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    """Tell whether the same values are counted down from one end or the other, of which each has one more."""
    mine, other = (set(_NUMBER.findall(each.get("exact", ""))) for each in (ours, theirs))
    named = all(part in question["text"] for part in ("sort", "range", "reverse"))
    return named and bool(mine and other) and max(len(mine - other), len(other - mine)) <= 1


def _shuffles_one(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    name, _, value = ours.get("exact", "").partition(", 'value', ")
    return "shuffle" in question["text"] and theirs.get("exact") == f"{name}, 'value', [{value[:-1]}]]"


def _shuffles_lists(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    mine, other = ours.get("exact", ""), theirs.get("exact", "")
    return "shuffle" in question["text"] and ", 'value', [" in mine and sorted(mine) == sorted(other)


def _casts_shuffled_ranges(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    shuffled = "shuffle" in question["text"] and "exact" in ours
    return shuffled and "Range can only be cast to int or float" in theirs.get("refused", "")


def _steps_exactly(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    mine, other = (_FLOAT.sub(_round, each.get("exact", "")) for each in (ours, theirs))
    return "range" in question["text"] and mine == other


def _round(found: re.Match[str]) -> str:
    return repr(round(float(found[0]), 9) + 0.0)


def _trims_after_colon(_: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    mine, other = (_BLANK_AFTER_COLON.sub(":'", each.get("exact", "")) for each in (ours, theirs))
    return mine == other


def _knows_package_words(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    words = ("'_group_'", "'_here_'", "'_global_'", "'_name_'")
    mine, other = ours.get("exact", ""), theirs.get("exact", "")
    if any(word in other and word not in mine for word in words):
        return True
    headed = any("@package _group_" in text for text in question["tree"].values())
    return bool(mine) and headed and re.search("Could not (override|delete) '", theirs.get("refused", "")) is not None


def _finds_spelled_otherwise(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    """Tell whether Hydra knows a choice no more whose package is named in other words than its own.

    So mag's answer is the same where both, list and override, name it in the same words.
    """
    if "exact" not in ours:
        return False
    named = re.search(r"Could not (?:override|delete) '([^'@]+)@[^']*'", theirs.get("refused", ""))
    plain = {name: _respell(text) for name, text in question["tree"].items()}
    plain["config.yaml"] = _HERE.sub("@_global_", plain["config.yaml"])
    overrides = [_respell(_GLOBAL.sub("@", _HERE.sub("@_global_", each))) for each in question["overrides"]]
    if named is not None or (overrides, plain) == (question["overrides"], question["tree"]):
        return named is not None
    with tempfile.TemporaryDirectory() as folder:
        lay(plain, folder)
        return answer({**question, "overrides": overrides, "folder": folder, "tree": plain}) == ours


def _respell(text: str) -> str:
    """Return a text with plain packages, as in `a` for `a@a` and `a@_group_`, and `a@p` for `a@_here_.p`."""
    expanded = _GROUP.sub(lambda found: f"{found[1]}@{found[1].replace('/', '.')}", text)
    return _OWN.sub(lambda found: found[1] if found[1].replace("/", ".") == found[2] else found[0], expanded)


def _replaces_references(_: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    said = theirs.get("refused", "")
    return "exact" in ours and ("Error merging override +" in said or "Cannot merge DictConfig with ListConfig" in said)


def _refuses_through_references(_: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    return "exact" in theirs and "nothing of its own to change" in ours.get("refused", "")


def _makes_floats(_: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    return "loose" in ours and ours["loose"] == theirs.get("loose")


def _deletes_any_value(_: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    refused = theirs.get("refused", "")
    return "exact" in ours and ("Could not delete from config" in refused or "Error merging override ~" in refused)


def _deletes_any_choice(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    found = re.search(r"Could not delete '([^'@]+)(@[^']*)?'", theirs.get("refused", ""))
    if found is None or "exact" not in ours:
        return False
    several = re.search(rf"\b{found[1].rpartition('/')[2]}(@\S+)?: \[", "".join(question["tree"].values()))
    return several is not None or any(f"{found[1]}=[" in each for each in question["overrides"]) or bool(found[2])


def _deletes_first(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    """Tell whether both stumble over an entry, mag only where that is not deleted."""
    kept = [override for override in question["overrides"] if not override.startswith("~")]
    looks = "exact" in ours and re.search(_LOOKED_INTO, theirs.get("refused", "")) is not None
    return looks and kept != question["overrides"] and "refused" in answer({**question, "overrides": kept})


def _refuses_open(question: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    """Tell whether mag names an override that leaves a choice open, which Hydra passes over in silence."""
    opened = [override for override in question["overrides"] if override.endswith("=???")]
    return "exact" in theirs and any(f"{each} leaves the choice of" in ours.get("refused", "") for each in opened)


def _refuses_contradictions(_: dict[str, Any], ours: Answer, theirs: Answer) -> bool:
    refused = ours.get("refused", "")
    return "exact" in theirs and (any(said in refused for said in _CONTRADICTIONS))


_GRAMMAR: dict[str, Callable[[dict[str, Any], Answer, Answer], bool]] = {
    "mag takes every unreserved character without quotes, those of other scripts included": _takes_unreserved,
    "mag has the functions log() and lin()": _takes_more_functions,
    "mag takes null among the arguments of a function": _takes_null,
    "mag takes a cast as the key of a dict, as a key may not be quoted": _takes_calls_as_keys,
    "mag refuses a sweep inside a value, which Hydra reads as a value that nobody can use": _refuses_inner_sweep,
    "mag keeps the tags of a sweep that is cast or tagged again": _keeps_tags,
    "mag sorts the values of a range; Hydra counts down from the stop, and leaves the start out": _sorts_in_steps,
    "mag's shuffle() of one value is that value, as sort() of one is in both; Hydra makes a list of it": _shuffles_one,
    "mag shuffles a list in an order that stays, Hydra in another one each time": _shuffles_lists,
    "mag casts the values of a shuffled range to any type": _casts_shuffled_ranges,
    "mag's ranges are exact in decimal; Hydra adds up floats where step is given by name": _steps_exactly,
    "mag ignores blanks around every element; Hydra keeps those after a last colon": _trims_after_colon,
}

_COMPOSITION: dict[str, Callable[[dict[str, Any], Answer, Answer], bool]] = {
    "mag knows _group_, _here_, _global_ in every package; Hydra 1.3 makes keys of those names": _knows_package_words,
    "mag makes an integer that is given for a float that float": _makes_floats,
    "mag deletes a value that is null, ??? or an interpolation, Hydra 1.3 does not find it": _deletes_any_value,
    "mag deletes a choice of several options, and one that names its own package": _deletes_any_choice,
    "mag looks into no entry that is deleted": _deletes_first,
    "mag refuses overrides that contradict each other": _refuses_contradictions,
    "mag refuses an override that asks for no option, also where a defaults list settles the choice": _refuses_open,
    "mag finds a choice by its package in any spelling, as in a@_global_.p for a@p": _finds_spelled_otherwise,
    "mag puts a mapping or a list where an interpolation was, Hydra merges into what it leads to": _replaces_references,
    "mag changes nothing through an interpolation, and names what to change instead": _refuses_through_references,
}
