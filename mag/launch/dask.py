"""Dask: batches as tasks of a cluster whose scheduler has an address, or of one that is made for the sweep."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from mag.errors import LaunchError, UsageError
from mag.launch.engine import Standing, take_options, write_command
from mag.record.provenance import read_versions

OPTIONS = {"address": "", "resources": "", "workers": ""}
"""The scheduler's address; what each task needs of a worker, `GPU=1`; how many workers a cluster of one's own has."""
_PATIENCE_SECONDS = 10
_STATES = {
    "released": "queued",
    "waiting": "queued",
    "queued": "queued",
    "no-worker": "queued",
    "processing": "running",
}

_running: dict[str, subprocess.Popen[bytes]] = {}
"""The batches that run in this worker, by their keys."""


class Dask:
    """An engine whose batches are tasks of Dask's."""

    limits = False

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = take_options(options, OPTIONS, "dask")
        self._resources = _read_resources(self._options["resources"])
        self._address = self._options["address"] or os.environ.get("DASK_SCHEDULER_ADDRESS", "")
        self._cluster: Any = None  # Dask's own: it ships no types
        self._client: Any = None
        self._library: Any = None

    def _connect(self) -> Any:
        """Return the client, which is connected when it is first needed.

        Raises:
            LaunchError: Dask is not installed, or there is no scheduler at the address.
        """
        if self._client is not None:
            return self._client
        try:
            import distributed  # noqa: PLC0415 - an extra, and heavy
        except ImportError as error:
            raise LaunchError(
                "--launcher dask needs Dask, which is not installed: type pip install 'mag-sweep[dask]'."
            ) from error
        self._library = distributed
        address = self._address
        if not address:
            count = int(self._options["workers"]) if self._options["workers"] else None
            resources = self._resources or None
            self._cluster = self._library.LocalCluster(
                n_workers=count, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, resources=resources
            )
        try:
            self._client = self._library.Client(
                self._cluster or address, timeout=_PATIENCE_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise LaunchError(f"There is no Dask scheduler at {address}: {error}") from error
        return self._client

    def submit(self, folder: Path, numbers: Sequence[int], *, most: int | None = None) -> dict[int, str]:  # noqa: ARG002  (workers have as many slots as they were given)
        """Submit a task for each batch, which goes on when this client is gone."""
        client = self._connect()
        self._check_workers(client)
        handles = {}
        for number in numbers:
            key = f"mag-{folder.name.removesuffix('.batches')}-{number}"
            words = (str(folder), number, key)
            future = client.submit(run_batch, *words, key=key, pure=False, resources=self._resources or None)
            self._library.fire_and_forget(future)
            handles[number] = key
        return handles

    def _check_workers(self, client: Any) -> None:
        """Refuse a cluster on which nothing would come, or something else would run.

        Raises:
            LaunchError: No worker has the resources, or one has another Python or mag.
        """
        with contextlib.suppress(TimeoutError):  # a cluster that grows when there is something to do has none yet
            client.wait_for_workers(1, timeout=_PATIENCE_SECONDS)
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        for name, amount in self._resources.items():
            if workers and all(worker.get("resources", {}).get(name, 0) < amount for worker in workers):
                raise LaunchError(
                    f"No worker of this Dask cluster has {name}={amount:g}, and tasks would wait for ever."
                )
        here = read_versions()
        for worker, there in client.run(read_versions).items():
            for name in ("mag", "python"):
                if there[name].split(".")[:2] != here[name].split(".")[:2]:
                    raise LaunchError(
                        f"The Dask worker {worker} has {name} {there[name]}, and this command {here[name]}: use one "
                        f"environment on all machines."
                    )

    def poll(self, handles: Collection[str]) -> Mapping[str, Standing]:
        """Ask the scheduler; what it has forgotten is over."""
        if self._client is None and not self._address:  # a cluster of its own, which ended with its command
            return {}
        states: dict[str, str] = self._connect().run_on_scheduler(_read_states, list(handles))
        lost = Standing("over", "node failure", "Dask: the workers that had it died")
        return {
            key: lost if state == "erred" else Standing(_STATES.get(state, "over")) for key, state in states.items()
        }

    def cancel(self, handles: Collection[str], *, at_once: bool = False) -> None:
        """Take back what has not been started, and send the others a signal, where they run."""
        if self._client is None and not self._address:
            return
        client = self._connect()
        queued = [key for key, standing in self.poll(handles).items() if standing.phase == "queued"]
        client.run(_send, [key for key in handles if key not in queued], signal.SIGINT if at_once else signal.SIGTERM)
        client.cancel([self._library.Future(key, client) for key in queued], force=True)

    def close(self) -> None:
        """Let go of the cluster; one that was made for the sweep ends."""
        with contextlib.suppress(Exception):  # whatever a scheduler that is gone makes of it
            if self._client is not None:
                self._client.close()
            if self._cluster is not None:
                self._cluster.close()


def run_batch(folder: str, number: int, key: str) -> int:
    """Run a batch, in a worker, in a process of its own: a task of Dask's is in a thread, and cannot be ended."""
    log = Path(folder, f"{number}.log")
    words = ["/bin/sh", "-c", f"exec {write_command(Path(folder), str(number))}"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    _running[key] = process
    try:
        return process.wait()
    finally:
        del _running[key]


def _send(keys: Sequence[str], number: int) -> None:
    """Send a signal to batches that run in this worker."""
    for key in keys:
        if (process := _running.get(key)) is not None:
            process.send_signal(number)


def _read_states(keys: Sequence[str], dask_scheduler: Any = None) -> dict[str, str]:
    return {key: dask_scheduler.tasks[key].state for key in keys if key in dask_scheduler.tasks}


def _read_resources(text: str) -> dict[str, float]:
    """Return resources such as `GPU=1,MEMORY=4e9`.

    Raises:
        UsageError: They are not written so.
    """
    try:
        pairs = [part.split("=") for part in text.split(",") if part]
        return {name: float(amount) for name, amount in pairs}
    except ValueError:
        raise UsageError(f"resources={text!r} is not NAME=NUMBER: write -o resources=GPU=1, for example.") from None
