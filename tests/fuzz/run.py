"""Try the override language and composition against Hydra, by hand.

    python tests/fuzz/run.py grammar|compose|sweeps --hydra PYTHON [--count N] [--seed S]

`grammar` reads random override strings, `compose` composes random config trees with overrides, `sweeps` expands sweeps
on such trees as Hydra's own sweeper does. Both sides must give equal values of equal types, or both refuse. What
differs and has its reason in `differences.py` is counted; anything else is printed with all that is needed to try it
again, and the exit status is 1. Hydra needs an environment of its own (it pins another OmegaConf): `--hydra` or the
variable MAG_BENCH_HYDRA names a Python that has hydra-core.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fuzz.answers import answer
from tests.fuzz.differences import explain
from tests.fuzz.strings import write_override
from tests.fuzz.trees import lay, write_overrides, write_sweep, write_tree

Question: TypeAlias = dict[str, Any]

_COUNTS = {"grammar": 10_000, "compose": 1_000, "sweeps": 300}
_SHOWN = 20


def main() -> int:
    """Ask both sides, and print in what they differ."""
    options = _read_options()
    tally: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="mag-fuzz-") as folder:
        questions = list(_draw(options.kind, options.count or _COUNTS[options.kind], Random(options.seed), folder))
        for question, theirs in zip(questions, _ask_hydra(options.hydra, questions), strict=True):
            verdict = _judge(question, theirs)
            tally[verdict] += 1
            if verdict == "DIFFERENT" and tally[verdict] <= options.shown:
                _report(question, theirs)
    for verdict, number in tally.most_common():
        print(f"{number:7,}  {verdict}")
    return 1 if tally["DIFFERENT"] else 0


def _draw(kind: str, count: int, random: Random, folder: str) -> Iterator[Question]:
    for number in range(count):
        if kind == "grammar":
            yield {"kind": kind, "text": write_override(random)}
            continue
        tree = write_tree(random, plain=kind == "sweeps")
        place = f"{folder}/{number}"
        lay(tree, place)
        write = write_overrides if kind == "compose" else write_sweep
        yield {"kind": kind, "folder": place, "overrides": write(random, tree), "tree": tree}


def _ask_hydra(python: str, questions: list[Question]) -> Iterator[dict[str, str]]:
    """Yield Hydra's answers; one process of its own reads the questions from a file and answers them in order."""
    with tempfile.TemporaryFile("w+") as file:
        file.writelines(json.dumps(question) + "\n" for question in questions)
        file.seek(0)
        words = [python, "-W", "ignore", str(Path(__file__).with_name("peer.py"))]
        with subprocess.Popen(words, stdin=file, stdout=subprocess.PIPE, text=True) as peer:
            assert peer.stdout is not None
            yield from map(json.loads, peer.stdout)


def _judge(question: Question, theirs: dict[str, str]) -> str:
    ours = answer(question)
    if "crashed" in ours:
        return "DIFFERENT"
    if "refused" in ours and "refused" in theirs:
        return "both refuse"
    if ours.get("exact") == theirs.get("exact"):
        return "equal"
    reason = explain(question, ours, theirs)
    return f"explained: {reason}" if reason else "DIFFERENT"


def _report(question: Question, theirs: dict[str, str]) -> None:
    print("---", question.get("text") or question["overrides"], ascii(question.get("text", "")))
    for name, text in question.get("tree", {}).items():
        print(f"  {name}:", *text.splitlines(), sep="\n      ")
    ours = answer(question)
    print("  mag:  ", ours.get("exact") or ours)
    print("  Hydra:", theirs.get("exact") or theirs, flush=True)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Try mag against Hydra.")
    parser.add_argument("kind", choices=list(_COUNTS))
    parser.add_argument("--hydra", default=os.environ.get("MAG_BENCH_HYDRA"), help="a Python that has hydra-core")
    parser.add_argument("--count", type=int, help="how many questions")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other questions")
    parser.add_argument("--shown", type=int, default=_SHOWN, help="how many differences are printed")
    options = parser.parse_args()
    if not options.hydra:
        parser.error("--hydra PYTHON (or MAG_BENCH_HYDRA) must name a Python that has hydra-core")
    return options


if __name__ == "__main__":
    sys.exit(main())
