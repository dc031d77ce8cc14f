"""A candidate: one text that may take the place of the word at the cursor."""

from typing import NamedTuple


class Candidate(NamedTuple):
    """One way to go on.

    Attributes:
        value: The whole word, as the program is to get it: not quoted for any shell.
        help: What shells that can show it show beside it, a few words.
        partial: Whether more must follow in the same word, as after `key=`: then no space does.
    """

    value: str
    help: str = ""
    partial: bool = False
