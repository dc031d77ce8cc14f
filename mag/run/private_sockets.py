"""Sockets of the runner that none of its forks keeps open."""

import functools
import os
import socket
import weakref

from mag.run.messages import make_pair

_private: weakref.WeakSet[socket.socket] = weakref.WeakSet()
"""What no fork of the runner may hold open, such as workers of a pool: when it is gone, the other end has to see it."""


def keep_private(connection: socket.socket) -> None:
    """Have forks that this process makes from now on close a socket."""
    _private.add(connection)
    _close_in_forks()  # registered only now: forks made earlier must not run it


def make_private_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets, which forks of this process close."""
    pair = make_pair()
    _private.update(pair)
    return pair


@functools.cache
def _close_in_forks() -> None:
    os.register_at_fork(after_in_child=_close_private)


def _close_private() -> None:
    for connection in list(_private):
        connection.close()
