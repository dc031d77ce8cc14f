"""Where everything lies: the only module that joins names of files in the experiments directory."""

import os
from pathlib import Path
from typing import NamedTuple

LEFT = "files"
"""The folder, in that of an earlier attempt, of all that the experiment itself had put into its directory."""


class ExperimentPaths(NamedTuple):
    """The files of one experiment; nothing is touched by asking for a path.

    Attributes:
        directory: The experiment's directory, `experiments/10|0.01`.
    """

    directory: str

    @property
    def config(self) -> str:
        """The resolved config, for people and other tools."""
        return f"{self.directory}/config.json"

    @property
    def log(self) -> str:
        """All that the experiment printed."""
        return f"{self.directory}/log"

    @property
    def results(self) -> str:
        """Flat result name to value."""
        return f"{self.directory}/results.json"

    @property
    def metrics(self) -> str:
        """One line of JSON for each call of `log_metrics`."""
        return f"{self.directory}/metrics.jsonl"

    @property
    def output(self) -> tuple[str, ...]:
        """What an attempt leaves beside its record: it is set aside, and brought back, with that."""
        return self.log, self.results, self.metrics

    @property
    def private(self) -> str:
        """The folder of mag's own files."""
        return f"{self.directory}/.mag"

    @property
    def record(self) -> str:
        """How it ran: the one file that decides what an experiment is and whether it completed."""
        return f"{self.directory}/.mag/record.json"

    @property
    def lock(self) -> str:
        """Held by the process that runs the experiment."""
        return f"{self.directory}/.mag/lock"

    @property
    def stop(self) -> str:
        """Made by whoever is about to end the experiment, which is not completed then, whatever its function does."""
        return f"{self.directory}/.mag/stop"

    @property
    def original(self) -> str:
        """Its directory, absolute; that of its original if it is a rerun."""
        path = os.path.abspath(self.directory)
        folder = os.path.dirname(path)
        original = folder.removesuffix(os.path.join(os.sep, ".mag", "reruns"))
        return path if original == folder else original

    @property
    def name(self) -> str:
        """What its directory is called; that of its original if it is a rerun."""
        return os.path.basename(self.original)

    @property
    def home(self) -> "StorePaths":
        """The store that it belongs to; that of its original if it is a rerun."""
        return StorePaths(os.path.dirname(self.original))

    @property
    def notes(self) -> str:
        """What a person has added afterwards."""
        return f"{self.directory}/.mag/notes.json"

    @property
    def reruns(self) -> str:
        """The folder of the experiments that repeated this one, by number."""
        return f"{self.directory}/.mag/reruns"

    def attempt(self, number: int) -> str:
        """The folder that keeps log, results and record of the earlier attempt `number`."""
        return f"{self.directory}/.mag/attempts/{number}"


class StorePaths(NamedTuple):
    """The files of a store.

    Attributes:
        root: The store's directory, `experiments`.
    """

    root: str

    def experiment(self, name: str) -> ExperimentPaths:
        """The files of the experiment in the directory `name`."""
        return ExperimentPaths(f"{self.root}/{name}" if self.root else name)

    def manifest(self, sweep: str) -> Path:
        """The manifest of the sweep with that id."""
        return self.manifests / f"{sweep}.json"

    def sweep_lock(self, sweep: str) -> str:
        """Held while the runner of the sweep lives."""
        return f"{self.root}/.mag/sweeps/{sweep}.lock"

    def progress(self, sweep: str) -> str:
        """How far the sweep is."""
        return f"{self.root}/.mag/sweeps/{sweep}.progress.json"

    def control(self, sweep: str) -> str:
        """What the runner of the sweep is asked to do."""
        return f"{self.root}/.mag/sweeps/{sweep}.control.json"

    def batches(self, sweep: str) -> Path:
        """The folder of the batches of a sweep that an engine runs."""
        return self.manifests / f"{sweep}.batches"

    @property
    def frozen_code(self) -> Path:
        """The folder of the work trees that sweeps run from while an engine has them."""
        return Path(os.path.abspath(self.root), ".mag", "frozen")

    @property
    def index_file(self) -> str:
        """The cache of what is in the store."""
        return f"{self.root}/.mag/index.sqlite"

    @property
    def trash(self) -> str:
        """The folder of removed experiments."""
        return f"{self.root}/.mag/trash"

    @property
    def bookings(self) -> str:
        """Which new directory is for which identity."""
        return f"{self.root}/.mag/bookings"

    @property
    def code(self) -> str:
        """The repository of code that was taken in where there was no other."""
        return f"{self.root}/.mag/code"

    def environment(self, digest: str) -> str:
        """What was known of the environment with that digest."""
        return f"{self.root}/.mag/environments/{digest}.json"

    @property
    def manifests(self) -> Path:
        """The folder of all manifests."""
        return Path(self.root, ".mag", "sweeps")
