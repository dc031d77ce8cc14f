"""A script of the user's, run again where its code was brought back: `python -m mag.run.script FILE WORDS...`.

The interpreter is a new one, so that the script is the main program that it was.
"""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from mag.record.repetition import Repetition
from mag.run.relocation import find_strays, relocate


def run_script(words: Sequence[str], repetition: Repetition) -> None:
    """Run `python WORDS` in the work tree that stands for another."""
    moved = {Path(top): Path(place) for top, place in repetition.moved.items()}
    relocate(Path(repetition.folder), moved, {})
    try:
        if words[0] == "-m":
            sys.argv, sys.path[0] = list(words[1:]), repetition.folder
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv, sys.path[0] = list(words), str(Path(words[0]).resolve().parent)
            runpy.run_path(words[0], run_name="__main__")
    finally:
        for path in find_strays(moved):
            sys.stderr.write(f"mag: imported from outside of the recorded code: {path}\n")


if __name__ == "__main__":
    found = Repetition.find()
    if found is None:
        sys.exit("mag.run.script is started by `mag rerun`.")
    run_script(sys.argv[1:], found)
