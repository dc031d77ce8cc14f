"""Topics: the pages of `mag help` that are on no single command; each is the docstring of its module."""
