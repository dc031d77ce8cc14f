"""One experiment in a process of its own."""
