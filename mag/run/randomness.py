"""Random states: where the draws of each experiment begin, in `random`, NumPy, torch and TensorFlow.

Every attempt of an experiment has a seed of its own, which its record tells and a rerun uses again. A library that is
loaded by then is seeded with it, and one that the function imports only later, when it does. A generator that the
app's import has seeded is left as that made it; draws are no seed: many libraries draw when they are imported.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from mag.run.generators import GENERATORS, Generator, Names, find_names
from mag.suggestion import list_names

States = dict[str, Any]
"""States of generators, by the modules that make them."""
_BITS = 53  # which every reader of JSON can tell


def draw_seed() -> int:
    """Return a seed that nobody else has."""
    return int.from_bytes(os.urandom(8)) >> (64 - _BITS)


def read_own_states() -> States:
    """Return the states of the generators that this program has seeded."""
    found: States = {}
    for generator, names in _list_loaded():
        with contextlib.suppress(Exception):  # a version that is made otherwise
            if generator.is_seeded(names):
                found[generator.home] = generator.read(names)
    return found


def describe_kept(kept: Sequence[str], app: str) -> str:
    """Return the line that tells which random states all experiments have in common."""
    return (
        f"{app.partition(':')[0]} seeds {list_names(kept)} when it is imported: all experiments begin "
        f"with the same draws of {'it' if len(kept) == 1 else 'them'} (mag help seeds)"
    )


class RandomStates:
    """The random states of a process that imports an app, and of the experiments below it.

    Attributes:
        import_seed: As given.
    """

    def __init__(self, import_seed: int, own: Mapping[str, Any] | None = None) -> None:
        self.import_seed = import_seed
        self._kept: States = dict(own or {})
        self._finder: SeedingFinder | None = None

    @property
    def kept(self) -> list[str]:
        """The libraries whose state is the same at the start of every experiment."""
        return [GENERATORS[home].name for home in self._kept]

    def describe(self, seed: int | None = None, kept: Sequence[str] = ()) -> dict[str, Any]:
        """Return what a record says of an attempt with this seed; one is drawn if it is None.

        Where another process imports the app, `kept` is what that has told.
        """
        seed = draw_seed() if seed is None else seed
        return {"seed": seed, "import_seed": self.import_seed, "kept": self.kept or list(kept)}

    @contextlib.contextmanager
    def watch_import(self) -> Iterator[None]:
        """Keep what the app seeds while it is imported in this block."""
        with self.lend(self.import_seed):
            marks = {generator.home: generator.mark(names) for generator, names in _list_loaded()}
            self._follow(lambda generator, names: _seed_and_mark(generator, names, self.import_seed, marks))
            yield
            for generator, names in _list_loaded():
                with contextlib.suppress(Exception):
                    if generator.is_seeded(names, marks.get(generator.home)):
                        self._kept[generator.home] = generator.read(names)

    def begin(self, seed: int) -> None:
        """Begin an experiment in this process: each generator is as the import made it, or has the seed."""
        for generator, names in _list_loaded():
            with contextlib.suppress(Exception):
                if generator.home in self._kept:
                    generator.write(names, self._kept[generator.home])
                else:
                    generator.seed(names, seed)
        self._follow(lambda generator, names: generator.seed(names, seed))

    def end(self) -> None:
        """Leave alone what is loaded from here on."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)

    @contextlib.contextmanager
    def lend(self, seed: int) -> Iterator[None]:
        """Begin an experiment, and put the generators back when it is over."""
        before = dict(_read_all())
        self.begin(seed)
        try:
            yield
        finally:
            self.end()
            for generator, names in _list_loaded():
                if generator.home in before:
                    with contextlib.suppress(Exception):
                        generator.write(names, before[generator.home])

    def _follow(self, arrive: Callable[[Generator, Names], None]) -> None:
        """Do this with every library that is loaded from here on."""
        self.end()
        self._finder = SeedingFinder(arrive)
        sys.meta_path.insert(0, self._finder)


def _list_loaded() -> list[tuple[Generator, Names]]:
    found = ((generator, find_names(generator)) for generator in GENERATORS.values())
    return [(generator, names) for generator, names in found if names is not None]


def _read_all() -> Iterator[tuple[str, Any]]:
    for generator, names in _list_loaded():
        with contextlib.suppress(Exception):
            yield generator.home, generator.read(names)


def _seed_and_mark(generator: Generator, names: Names, seed: int, marks: States) -> None:
    generator.seed(names, seed)
    marks[generator.home] = generator.mark(names)


class SeedingFinder:
    """Finds no modules itself, but acts on a library as soon as it has been imported.

    In forks of this process it does nothing: workers that load a library would all be given the same seed.
    """

    def __init__(self, arrive: Callable[[Generator, Names], None]) -> None:
        self._arrive = arrive
        self._pid = os.getpid()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the other finders find, its loader prepared."""
        if name not in GENERATORS or os.getpid() != self._pid:
            return None
        for finder in sys.meta_path:
            if finder is not self and (find := getattr(finder, "find_spec", None)):
                spec: ModuleSpec | None = find(name, path, target)
                if spec is not None:
                    self._prepare(spec)
                    return spec
        return None

    def _prepare(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        load = getattr(loader, "exec_module", None)

        def load_and_seed(module: ModuleType) -> None:
            """Load the module, then seed its generators."""
            load(module)  # type: ignore[misc]  # it is asked below
            generator = GENERATORS.get(module.__name__)
            if generator is not None and (names := find_names(generator)) is not None:
                with contextlib.suppress(Exception):
                    self._arrive(generator, names)

        if load is not None:
            with contextlib.suppress(AttributeError):  # a loader that takes no attributes
                loader.exec_module = load_and_seed
