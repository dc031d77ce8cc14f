"""Nodes: the entries of defaults lists as a tree, while it is grown."""

from dataclasses import dataclass, field

from mag.config.documents.document import Document
from mag.config.documents.entries import Entry


@dataclass(slots=True, eq=False)
class Node:
    """One entry of a defaults list while the tree is grown.

    Attributes:
        entry: The entry.
        folder: The group of the file that has the list.
        parent: The package of that file's own content.
        above: The node of that file; None for the primary config.
        interpolated: Whether a name below or at which it hangs came from an interpolation.
        key: The choice that it is, or belongs to.
        origin: Who asked for the option: the file, or the override as typed.
        index: Which entry of its file's list it is; None for the primary config and for what an override added.
        path: The config that it stands for, once known.
        document: That config's file, once read.
        package: Where the file's content goes.
        children: The nodes of the file's own list; None stands for its content.
    """

    entry: Entry
    folder: str = ""
    parent: str = ""
    above: "Node | None" = None
    interpolated: bool = False
    key: str | None = None
    origin: str = ""
    index: int | None = None
    path: str = ""
    document: Document | None = None
    package: str = ""
    children: "list[Node | None]" = field(default_factory=list)
