"""The fork server's own side: it imports the app, and forks supervisors, each of which runs tasks until it is closed.

Where experiments are spawned it imports nothing: each of their processes does. Nothing here is run in the runner's
process.
"""

import importlib
import os
import signal
import socket
import time
import traceback
import warnings
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import NoReturn

from mag.code.drift import list_code_files
from mag.record.log import flush_streams
from mag.run.child import Groundwork
from mag.run.configs import ViewCache
from mag.run.interpreters import Load, load_function, read_setup
from mag.run.interruption import REQUESTS, Handler
from mag.run.messages import QUESTION, answer_question, receive, receive_bytes, send
from mag.run.processes import HURRY, Watch, adopt_orphans
from mag.run.randomness import RandomStates, States
from mag.run.shutdown import Shutdown, keep_exit_functions, leave_to_threads, run_exit_functions
from mag.run.signatures import read_calling
from mag.run.spawning import Spawning, explain_import
from mag.run.supervisor import Supervisor
from mag.run.tasks import Conditions, Function, Task
from mag.run.threads import find_obstacle

PREPARE = "prepare"
"""What the runner says as soon as there will be something to run."""
REHEARSE = "rehearse"
"""What it says to the first supervisor where experiments are spawned: to import the app, and tell how that went."""

_THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def serve(control: socket.socket, load: Load, own: States, *, has_threads: bool) -> NoReturn:
    """Be the fork server; never returns into the code of the runner."""
    _end_with(lambda: _import_and_fork(control, load, own, has_threads=has_threads))


def _end_with(act: Callable[[], None]) -> NoReturn:
    """Act, then end this forked process, so that it never returns into its parent's code."""
    try:
        act()
    except OSError:  # the runner is gone: nothing has been started yet, or what ran has been published
        os._exit(0)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        flush_streams()
        os._exit(0)


def main(descriptor: int) -> NoReturn:
    """Be the fork server in a fresh interpreter."""
    control = socket.socket(fileno=descriptor)
    setup = read_setup(control)
    if setup is None:
        os._exit(0)
    serve(control, partial(load_function, setup.load), setup.own, has_threads=False)


def _import_and_fork(control: socket.socket, load: Load, own: States, *, has_threads: bool) -> None:
    _settle()
    foreign = leave_to_threads() if has_threads else []
    while (order := receive(control)) == [PREPARE]:
        importlib.import_module("omegaconf")
    if order is None:  # the runner has nothing to run
        return
    threads, import_seed, spawns = order
    limit_threads(os.environ, threads)
    keep_exit_functions()
    random = RandomStates(import_seed, own)
    if spawns and (setup := receive_bytes(control)) is not None:
        _fork_supervisors(control, Spawning(setup, random))
    elif not spawns and (function := _load(control, load, random)) is not None:
        _fork_supervisors(control, Groundwork(function, Shutdown(foreign), random, _take_handlers()))


def _settle() -> None:
    """Leave the terminal's signals to the runner, and its output to the runner's messages."""
    for number in REQUESTS:
        signal.signal(number, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", category=DeprecationWarning)


def _take_handlers() -> dict[int, Handler]:
    """Return the handlers that the app has set for signals that mag uses; they are for its experiments alone."""
    handlers: dict[int, Handler] = {}
    for number in (*REQUESTS, HURRY):
        handler = signal.signal(number, signal.SIG_IGN)
        if handler is not None and handler != signal.SIG_IGN:  # None is one that was not set by Python
            handlers[number] = handler
    return handlers


def limit_threads(environment: MutableMapping[str, str], threads: int | None) -> None:
    """Tell the numerical libraries how many threads they may start, where the user has not said."""
    if threads is not None:
        for name in _THREAD_LIMITS:
            environment.setdefault(name, str(threads))


def _load(control: socket.socket, load: Load, random: RandomStates) -> Function | None:
    began = time.monotonic()
    try:
        with random.watch_import():
            function = load()
        seconds = time.monotonic() - began
        _rehearse(function)
    except BaseException as error:  # noqa: BLE001  (the app may do anything at import)
        send(control, explain_import(error))
        return None
    told = {"kept": random.kept, "files": list_code_files(), "obstacle": find_obstacle(), "seconds": seconds}
    send(control, told)
    return function


def _rehearse(function: Function) -> None:
    """Do once what every child does first, so that modules and caches are loaded before the fork."""
    config = ViewCache().view({"a": {"b": [1, 0.5, "c", True, None]}})
    _ = config.a.b, read_calling(function)


def _fork_supervisors(control: socket.socket, ground: Groundwork | Spawning) -> None:
    supervisors: set[int] = set()
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, HURRY))  # until a supervisor can heed it, it waits
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            break
        connection = socket.socket(fileno=descriptors[0])
        connection.settimeout(None)  # an app may have set a default
        if message == b"?" and isinstance(ground, Groundwork):
            send(control, os.getpid())
            answer_question(connection, ground.function, receive(connection))
            connection.close()
            continue
        try:
            pid = os.fork()
        except OSError as error:
            pid = None
            send(control, f"No process can be started: {error.strerror}.")
        if pid == 0:
            control.close()
            _end_with(partial(_supervise, connection, ground))
        connection.close()
        if pid is not None:
            supervisors.add(pid)
            send(control, pid)
        _reap(supervisors, os.WNOHANG)
    _reap(supervisors)  # what the app wants done at its exit may take away what experiments still use
    run_exit_functions()


def _reap(supervisors: set[int], options: int = 0) -> None:
    """Wait for supervisors that have ended, or for all of them to end."""
    for pid in list(supervisors):
        try:
            gone = os.waitpid(pid, options)[0]
        except ChildProcessError:
            gone = pid
        if gone:
            supervisors.remove(pid)


def _supervise(connection: socket.socket, ground: Groundwork | Spawning) -> None:
    """Be a supervisor until the runner closes the connection or dies."""
    keep_exit_functions()
    adopt_orphans()
    watch = Watch()

    def leave() -> None:
        """Stop watching."""
        watch.leave()
        connection.close()

    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, HURRY))
    conditions = receive(connection)
    if conditions == [REHEARSE] and isinstance(ground, Spawning):
        send(connection, ground.rehearse(connection))
        conditions = receive(connection)
    while conditions is not None and QUESTION in conditions:
        if isinstance(ground, Spawning):
            send(connection, ground.ask(conditions))
        else:
            answer_question(connection, ground.function, conditions)
        conditions = receive(connection)
    if conditions is None:  # the runner is gone
        return
    supervisor = Supervisor(ground, Conditions.of(conditions), watch, leave)
    while (task := receive(connection)) is not None:
        if _is_closed(connection):
            break
        send(connection, supervisor.run(Task.of(task), lambda name: send(connection, name)).to_plain())


def _is_closed(connection: socket.socket) -> bool:
    """Tell whether the runner died after it sent the task, which must not start then."""
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
