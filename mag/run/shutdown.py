"""What an ending interpreter does for a program, done for an experiment before it counts as completed.

A forked child may not end the interpreter as such: the frames below it are the supervisor's. So threads are waited
for, exit functions run, and what is still in the buffers of open files is written. A file that cannot be written to
its end is then a failure like any other.
"""

import atexit
import contextlib
import gc
import io
import sys
import threading
import weakref
from typing import Any

_ANY_FILE: type[io.IOBase] = io.IOBase.__base__  # type: ignore[assignment]
"""What every file is, asked without the abstract class in front of it: that takes 2 ms for a child's objects."""

_BUFFERS = (io.BufferedWriter, io.BufferedRandom, io.BufferedRWPair)


class Shutdown:
    """What is to be ended with an experiment.

    To be made before the fork, when the app has been imported: it knows the files that were open then. What exists
    at that time is set apart from the collector, so that a child has only its own objects to look through.

    """

    def __init__(self) -> None:
        gc.collect()
        standard = _identify_standard()
        found = [each for each in gc.get_objects() if isinstance(each, _ANY_FILE) and id(each) not in standard]
        self._files = [weakref.ref(each) for each in found]
        gc.freeze()

    def carry_out(self) -> None:
        """End what the experiment has begun.

        Raises:
            Exception: What closing a file raised, such as a full disk.
        """
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  (waits for threads, as at exit)
        atexit._run_exitfuncs()  # noqa: SLF001
        self._end_files()

    def _end_files(self) -> None:
        # not left to the collector, which may end the lower layer of a file before the upper one has written to it
        young = [each for each in gc.get_objects() if isinstance(each, _ANY_FILE)]
        old = [each for each in (reference() for reference in self._files) if each is not None]
        if not young and not old:
            return
        standard = _identify_standard()
        files = [each for each in (*young, *old) if id(each) not in standard]
        for each in sorted(files, key=_rank):
            if not each.closed and _is_written(each):
                each.flush() if _rank(each) else each.close()


def _identify_standard() -> set[int]:
    """Return the ids of the standard streams and their layers, which are ended by others."""
    streams = (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__)
    return {id(layer) for stream in streams for layer in _list_layers(stream)}


def _list_layers(stream: Any) -> list[Any]:
    """Return a text stream and the layers below it; one that stands in for it may be its own buffer."""
    layers = [stream]
    while (below := getattr(layers[-1], "buffer", None) or getattr(layers[-1], "raw", None)) is not None:
        if any(below is layer for layer in layers):
            break
        layers.append(below)
    return layers


def _rank(file: io.IOBase) -> int:
    """Return in which order files are ended: what writes into another first, such as a compressor with its trailer."""
    if isinstance(file, io.TextIOWrapper):
        return 1
    return 2 if isinstance(file, _BUFFERS) else 3 if isinstance(file, io.RawIOBase) else 0


def _is_written(file: io.IOBase) -> bool:
    with contextlib.suppress(Exception):  # the user's own class may do anything
        return file.writable()
    return False


def keep_exit_functions() -> None:
    """Forget what this process wanted to be done at its exit, except for what libraries need in any process.

    To be called in a process that was just forked, before it imports the app, whose exit functions are then kept.
    """
    atexit._clear()  # noqa: SLF001
    if logging := sys.modules.get("logging"):
        atexit.register(logging.shutdown)
    if finalizers := getattr(weakref.finalize, "_exitfunc", None):
        atexit.register(finalizers)
    if multiprocessing := sys.modules.get("multiprocessing.util"):
        atexit.register(multiprocessing._exit_function)  # noqa: SLF001
