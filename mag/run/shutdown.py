"""Shutdown: does for an experiment what an ending interpreter does for a program, before it counts as completed.

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
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_ANY_FILE: type[io.IOBase] = io.IOBase.__base__  # type: ignore[assignment]
"""What every file is, asked without the abstract class in front of it: that takes 2 ms for a child's objects."""

_BUFFERS = (io.BufferedWriter, io.BufferedRandom, io.BufferedRWPair)
_MEMORY = (io.BytesIO, io.StringIO)
"""Those lead nowhere."""


class Shutdown:
    """What is to be ended with an experiment.

    To be made before the fork, when the app has been imported: it knows the files that were open then, and writes what
    is in their buffers, which every fork would write again. What exists at that time is set apart from the collector,
    so that a child has only its own objects to look through.
    """

    def __init__(self, foreign: Sequence[io.IOBase] = ()) -> None:
        gc.collect()
        left_alone = set(map(id, foreign))
        found = [each for each in list_files() if id(each) not in left_alone]
        _flush(found)
        self._files = [weakref.ref(each) for each in found]
        gc.freeze()
        self._mark: list[None] = []

    def mark(self) -> None:
        """Begin in a child: what it makes from here on is its own, and is found beside this mark."""
        self._mark = []

    def carry_out(self) -> None:
        """End what the experiment has begun."""
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  (waits for threads, as at exit)
        atexit._run_exitfuncs()  # noqa: SLF001
        self._end_files()

    def _end_files(self) -> None:
        # not left to the collector, which may end the lower layer of a file before the upper one has written to it
        objects = gc.get_objects()
        if not any(each is self._mark for each in objects):  # the experiment has set all apart, as mag does
            gc.unfreeze()
            objects = gc.get_objects()
        young = [each for each in objects if issubclass(type(each), _ANY_FILE)]
        old = [each for each in (reference() for reference in self._files) if each is not None]
        if not young and not old:
            return
        files = _select_written([*young, *old])
        for each in (*files.texts, *files.others, *files.texts, *files.buffers):
            if _is_written(each):
                each.close() if each in files.others else each.flush()


class _Files(NamedTuple):
    """Open files by what they write into: texts into others, such as compressors, or buffers; those into files.

    But others may write into texts, too, when they are closed, so that texts are to be flushed again then.
    """

    texts: list[io.IOBase]
    others: list[io.IOBase]
    buffers: list[io.IOBase]


def _select_written(found: Iterable[io.IOBase]) -> _Files:
    """Return the files that are written to, without the standard streams and their layers, which others end."""
    standard = _identify_standard()
    files = _Files([], [], [])
    for each in found:
        if isinstance(each, _MEMORY) or id(each) in standard or not _is_written(each):
            continue
        if isinstance(each, io.TextIOWrapper):
            files.texts.append(each)
        elif isinstance(each, (*_BUFFERS, io.RawIOBase)):
            files.buffers.append(each)
        else:
            files.others.append(each)
    return files


def flush_files() -> None:
    """Write what is in the buffers of this process's open files, which each fork would write once more."""
    _flush(list_files())


def list_files() -> list[io.IOBase]:
    """Return the files of this process, but for its standard streams and their layers.

    By their types: `isinstance` also asks each object for its `__class__`, which may be the user's code.
    """
    standard = _identify_standard()
    return [each for each in gc.get_objects() if issubclass(type(each), _ANY_FILE) and id(each) not in standard]


def _flush(found: Iterable[io.IOBase]) -> None:
    files = _select_written(found)
    for each in (*files.texts, *files.others, *files.buffers):
        with contextlib.suppress(Exception):  # whoever closes it will be told
            each.flush()


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


def _is_written(file: io.IOBase) -> bool:
    """Tell whether a file is open, and for writing."""
    with contextlib.suppress(Exception):  # one without its buffer raises, and the user's own class may do anything
        return not file.closed and file.writable()
    return False


def keep_exit_functions() -> None:
    """Forget the exit functions and finalizers of the process that this one was forked from.

    That is done there, once; only what libraries need in any process is done at the end of this one, too. Worker
    processes, which they would end then, are the other process's as well.
    """
    atexit._clear()  # noqa: SLF001
    weakref.finalize._registry.clear()  # type: ignore[attr-defined]  # noqa: SLF001
    if logging := sys.modules.get("logging"):
        atexit.register(logging.shutdown)
    atexit.register(weakref.finalize._exitfunc)  # type: ignore[attr-defined]  # noqa: SLF001
    for name, waited_for in (("thread", "_threads_queues"), ("process", "_threads_wakeups")):
        if executors := sys.modules.get(f"concurrent.futures.{name}"):
            getattr(executors, waited_for).clear()
    if multiprocessing := sys.modules.get("multiprocessing.util"):
        _forget_workers(multiprocessing)
        atexit.register(multiprocessing._exit_function)  # noqa: SLF001


def _forget_workers(multiprocessing: Any) -> None:
    """Do what multiprocessing does in a process that it has forked itself."""
    if processes := sys.modules.get("multiprocessing.process"):
        processes._children.clear()  # noqa: SLF001
    multiprocessing._finalizer_registry.clear()  # noqa: SLF001
    multiprocessing._run_after_forkers()  # noqa: SLF001


def leave_to_threads() -> list[io.IOBase]:
    """Return the files that threads of the parent may have been writing to; this fork does not have those threads.

    A lock that one of them held would never be free here; and so the handlers of logging are forgotten, too.
    """
    if logging := sys.modules.get("logging"):
        logging._handlerList.clear()  # noqa: SLF001
    return list_files()


def run_exit_functions() -> None:
    """Run the exit functions; this process ends without the interpreter doing it."""
    for end in reversed(getattr(threading, "_threading_atexits", [])):
        # a pool's worker processes, which are waited for next, would not end by themselves
        if getattr(end, "func", end).__module__ != "concurrent.futures.thread":
            with contextlib.suppress(Exception):
                end()
    atexit._run_exitfuncs()  # noqa: SLF001
