"""Ray: batches as detached actors of a cluster that has an address, or of one that is made for the sweep."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from mag.errors import LaunchError, UsageError
from mag.launch.engine import Standing, take_options, write_command
from mag.record.provenance import read_versions

OPTIONS = {"address": "", "cpus": "1", "gpus": "0", "resources": ""}
"""The cluster's address (`auto`, `ray://host:10001`), and what each task needs: CPUs, GPUs, others as NAME=NUMBER."""
_NAMESPACE = "mag"
_PATIENCE_SECONDS = 30


class Ray:
    """An engine whose batches are actors: they go on when the client is gone, and end themselves."""

    limits = False

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = take_options(options, OPTIONS, "ray")
        self._needs = _read_needs(self._options)
        self._address = self._options["address"] or os.environ.get("RAY_ADDRESS") or None
        self._library: Any = None  # Ray's own: its types are not needed here

    def _connect(self) -> Any:
        """Return Ray, connected to its cluster when it is first needed.

        Raises:
            LaunchError: Ray is not installed, or there is no cluster at the address.
        """
        if self._library is not None:
            return self._library
        try:
            import ray  # noqa: PLC0415 - an extra, and heavy
        except ImportError as error:
            raise LaunchError(
                "--launcher ray needs Ray, which is not installed: type pip install 'mag-sweep[ray]'."
            ) from error
        address = self._address
        known = {} if address else {"include_dashboard": False}
        try:
            ray.init(address, namespace=_NAMESPACE, log_to_driver=False, configure_logging=False, **known)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise LaunchError(f"There is no Ray cluster at {address}: {error}") from error
        self._library = ray
        return ray

    def submit(self, folder: Path, numbers: Sequence[int], *, most: int | None = None) -> dict[int, str]:  # noqa: ARG002  (the cluster says how many)
        """Start an actor for each batch, which waits until the cluster has room for it."""
        ray = self._connect()
        self._check(ray)
        handles = {number: f"{folder.name.removesuffix('.batches')}-{number}" for number in numbers}
        batch = ray.remote(_RayBatch)
        for number, name in handles.items():
            batch.options(name=name, lifetime="detached", max_restarts=2, max_concurrency=2, **self._needs).remote(
                str(folder), number
            )
        return handles

    def _check(self, ray: Any) -> None:
        """Refuse a cluster on which nothing would come, or something else would run.

        Raises:
            LaunchError: No node has the resources, or the workers have another Python or mag.
        """
        wanted = {"CPU": self._needs["num_cpus"], "GPU": self._needs["num_gpus"], **self._needs["resources"]}
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        for name, amount in wanted.items():
            if amount and not any(node.get(name, 0) >= amount for node in nodes):
                raise LaunchError(f"No node of this Ray cluster has {name}={amount:g}: tasks would wait for ever.")
        asked = ray.remote(read_versions).options(num_cpus=0).remote()
        here, there = read_versions(), ray.get(asked, timeout=_PATIENCE_SECONDS)
        for name in ("mag", "python"):
            if there[name].split(".")[:2] != here[name].split(".")[:2]:
                raise LaunchError(
                    f"Ray's workers have {name} {there[name]}, and this command {here[name]}: use one environment."
                )

    def poll(self, handles: Collection[str]) -> Mapping[str, Standing]:
        """Ask which actors there are: one that has ended is no more."""
        if self._library is None and not self._address:  # a cluster of its own, which ended with its command
            return {}
        actors = self._connect().util.list_named_actors(all_namespaces=True)
        known = {each["name"] for each in actors if each["namespace"] == _NAMESPACE}
        return {handle: Standing("running") for handle in handles if handle in known}

    def cancel(self, handles: Collection[str], *, at_once: bool = False) -> None:
        """Have the actors end what they run; one that has not begun is gone at once."""
        if self._library is None and not self._address:
            return
        ray = self._connect()
        for handle in handles:
            with contextlib.suppress(ValueError, ray.exceptions.RayError):
                actor = ray.get_actor(handle, namespace=_NAMESPACE)
                sent = actor.stop.remote(signal.SIGINT if at_once else signal.SIGTERM)
                if not ray.wait([sent], timeout=1)[0]:  # it waits for room, and has begun nothing
                    ray.kill(actor, no_restart=True)

    def close(self) -> None:
        """Let go of the cluster; one that was made for the sweep ends."""
        if self._library is not None:
            self._library.shutdown()


class _RayBatch:
    """One batch, in a worker of Ray's: it runs in a process of its own, with which the actor ends."""

    def __init__(self, folder: str, number: int) -> None:
        words = ["/bin/sh", "-c", f"exec {write_command(Path(folder), str(number))}"]
        null = subprocess.DEVNULL
        with Path(folder, f"{number}.log").open("ab") as log:
            self._process = subprocess.Popen(words, stdin=null, stdout=log, stderr=log, start_new_session=True)
        threading.Thread(target=self._attend, daemon=True).start()

    def _attend(self) -> None:
        import ray  # noqa: PLC0415 - it is there where this runs

        self._process.wait()
        ray.kill(ray.get_runtime_context().current_actor, no_restart=True)

    def stop(self, number: int) -> None:
        """Send the batch a signal."""
        self._process.send_signal(number)


def _read_needs(options: Mapping[str, str]) -> dict[str, Any]:
    try:
        pairs = [part.split("=") for part in options["resources"].split(",") if part]
        resources = {name: float(amount) for name, amount in pairs}
        return {"num_cpus": float(options["cpus"]), "num_gpus": float(options["gpus"]), "resources": resources}
    except ValueError as error:
        raise UsageError(f"The options for Ray cannot be read ({error}): write -o cpus=2 -o resources=TPU=1.") from None
