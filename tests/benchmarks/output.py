"""A million lines of output, against a program that writes the same lines to a plain file.

The log guarantees that a line is in it once it is printed, in the order in which Python, C and child processes print,
and whatever kills the experiment: so its standard is a file that Python writes line by line. A file written in blocks
of 8 kB, as `python program.py > file` does, is faster and loses up to that much of what was printed.
"""

import sys

from tests.benchmarks.projects import Bench
from tests.benchmarks.tables import Row, Table
from tests.benchmarks.timing import Case

_LINES = 1_000_000
_PRINT = f'for number in range({_LINES}):\n    print("line", number, "of some forty characters")\n'
_APP = """\
import mag


@mag.main(config_path="configs")
def train(config):
{body}
"""
_BY_LINE, _IN_BLOCKS = "plain file, line by line", "plain file, in blocks"


def measure(bench: Bench) -> Table:
    """Return what the lines take in a sweep, in a run that shows them, and in a plain file."""
    project = bench.make_project("output")
    (project / "train.py").write_text(_APP.format(body="".join(f"    {line}\n" for line in _PRINT.splitlines())))
    for name, buffering in (("line.py", 1), ("block.py", -1)):
        (project / name).write_text(f"import sys\nsys.stdout = open(sys.argv[1], 'w', {buffering})\n{_PRINT}")
    found = bench.measure(
        [
            Case(_BY_LINE, [sys.executable, "line.py", "line-{round}"], project),
            Case(_IN_BLOCKS, [sys.executable, "block.py", "block-{round}"], project),
            Case("mag sweep", [*bench.mag, "sweep", "x={round}", "--dir", "sweeps"], project),
            Case("mag run", [*bench.mag, "run", "x={round}", "--dir", "runs"], project),
        ]
    )
    standard = found[_BY_LINE]
    rows = [
        Row(_BY_LINE, standard),
        Row(_IN_BLOCKS, found[_IN_BLOCKS], "line by line", standard),
        Row("mag sweep", found["mag sweep"], "line by line", standard, goal=1.2),
        Row("mag run, shown through a pipe", found["mag run"], "line by line", standard, goal=1.2),
    ]
    return Table(f"output: ms for {_LINES:,} lines, in {bench.folder}", rows)
