"""The global random generators of libraries: read, written and seeded where a library is loaded, which is never forced.

States are plain data, so that they compare and can be sent to another process.
"""

import pickle
import random
import sys
from typing import Any, Protocol

from mag.code.drift import look_into
from mag.record.seeds import FIRST_STATE

_WORD = 2**32
"""A seed that a person types is smaller; what torch draws from the system is hardly ever."""
_TORCH_DEFAULT = 67280421310721
"""What older versions of torch are seeded with where nobody seeds them."""

_WORDS = 624
"""Of which the state of a Mersenne twister is made."""
_BLOCKS = 300
"""How often that many numbers may have been drawn; more takes long to find out, and counts as a seed."""

Names = dict[str, Any]
"""The namespace of a library's module."""


class Generator(Protocol):
    """The generator of one library."""

    @property
    def name(self) -> str:
        """What a person calls the library."""

    @property
    def home(self) -> str:
        """The module whose import makes the generator."""

    @property
    def needs(self) -> tuple[str, ...]:
        """A name that the real module has: a module without it is a stand-in, and left alone."""

    def read(self, names: Names, /) -> Any:
        """Return the state."""

    def write(self, names: Names, state: Any, /) -> None:
        """Put a state back."""

    def seed(self, names: Names, seed: int, /) -> None:
        """Make the state from a number of 53 bits."""

    def mark(self, names: Names, /) -> Any:
        """Return a mark that later tells whether somebody has seeded it."""

    def is_seeded(self, names: Names, mark: Any = None, /) -> bool:
        """Tell whether somebody has seeded it since it was marked, or else since it was loaded; draws do not count."""


class Python:
    """The generator of `random`, which Python itself seeds anew in every fork."""

    name = home = "random"
    needs = ("getstate", "setstate", "seed")

    def read(self, names: Names) -> Any:
        """Return the state."""
        return names["getstate"]()

    def write(self, names: Names, state: Any) -> None:
        """Put a state back."""
        names["setstate"](state)

    def seed(self, names: Names, seed: int) -> None:
        """Make the state from a number."""
        names["seed"](seed)

    def mark(self, names: Names) -> Any:
        """Return the state."""
        return self.read(names)

    def is_seeded(self, names: Names, mark: Any = None) -> bool:
        """Tell whether the state is none that draws lead to, from the mark or from the state at the import of mag."""
        return not _leads_to(FIRST_STATE if mark is None else mark, self.read(names))


def _leads_to(first: Any, last: Any) -> bool:
    """Tell whether draws, unless they are very many, make one state from another."""
    generator = random.Random()  # noqa: S311  (nothing is kept secret by it)
    generator.setstate(first)
    for _ in range(_BLOCKS):
        if generator.getstate()[1][:_WORDS] == last[1][:_WORDS]:
            return True
        generator.getrandbits(32 * _WORDS)
    return False


class NumPy:
    """NumPy's global generator."""

    name, home = "numpy", "numpy.random"
    needs = ("get_state", "set_state", "MT19937", "mtrand")

    def read(self, names: Names) -> Any:
        """Return the state."""
        return pickle.dumps(names["get_state"](legacy=False))

    def write(self, names: Names, state: Any) -> None:
        """Put a state back."""
        names["set_state"](pickle.loads(state))  # noqa: S301  (which `read` made)

    def seed(self, names: Names, seed: int) -> None:
        """Make the state from a number."""
        fresh = names["MT19937"]([seed % _WORD, seed // _WORD, 1])  # without the 1 it would draw what `random` does
        names["set_state"]({"has_gauss": 0, "gauss": 0.0, **fresh.state})  # unlike a seed, it leaves the entropy

    def mark(self, names: Names) -> Any:
        """Return nothing: the generator itself shows it."""

    def is_seeded(self, names: Names, mark: Any = None) -> bool:  # noqa: ARG002
        """Tell whether a seed has taken the place of the entropy that NumPy drew when it was imported."""
        own = names["mtrand"]._rand._bit_generator  # noqa: SLF001
        return own.seed_seq is None or type(own) is not names["MT19937"]


class Torch:
    """The generators of torch: that of the processor, and those of GPUs where they are in use."""

    name = home = "torch"
    needs = ("manual_seed", "default_generator", "frombuffer", "uint8", "cuda")

    def read(self, names: Names) -> Any:
        """Return the states of the processor and of the GPUs."""
        cuda = names["cuda"]
        gpus = cuda.get_rng_state_all() if cuda.is_initialized() else []
        return [bytes(state.tolist()) for state in (names["default_generator"].get_state(), *gpus)]

    def write(self, names: Names, state: Any) -> None:
        """Put the states back."""
        first, *gpus = (names["frombuffer"](bytearray(each), dtype=names["uint8"]) for each in state)
        names["default_generator"].set_state(first)
        if gpus:
            names["cuda"].set_rng_state_all(gpus)

    def seed(self, names: Names, seed: int) -> None:
        """Make all of them from a number: of GPUs as soon as they are used."""
        names["manual_seed"](seed)

    def mark(self, names: Names) -> Any:
        """Return the seed."""
        return names["default_generator"].initial_seed()

    def is_seeded(self, names: Names, mark: Any = None) -> bool:
        """Tell whether its seed has changed, or looks typed by a person."""
        seed = self.mark(names)
        return bool(seed != mark if mark is not None else seed < _WORD and seed != _TORCH_DEFAULT)


class TensorFlow:
    """TensorFlow's global seed: without one, each operation draws its own from the system."""

    name = home = "tensorflow"
    needs = ("random",)

    def read(self, names: Names) -> Any:  # noqa: ARG002
        """Return the seed, None where there is none."""
        return sys.modules["tensorflow.python.eager.context"].global_seed()

    def write(self, names: Names, state: Any) -> None:
        """Seed it again."""
        names["random"].set_seed(state)

    def seed(self, names: Names, seed: int) -> None:
        """Seed it."""
        names["random"].set_seed(seed)

    def mark(self, names: Names) -> Any:
        """Return the seed."""
        return self.read(names)

    def is_seeded(self, names: Names, mark: Any = None) -> bool:
        """Tell whether its seed has changed."""
        return bool(self.read(names) != mark)


GENERATORS: dict[str, Generator] = {each.home: each for each in (Python(), NumPy(), Torch(), TensorFlow())}
"""The generators, by the modules that make them."""


def find_names(generator: Generator) -> Names | None:
    """Return the namespace of a library's module; None where that is not loaded, lazy, or a stand-in for it."""
    names = look_into(sys.modules.get(generator.home))
    return names if all(name in names for name in generator.needs) else None
