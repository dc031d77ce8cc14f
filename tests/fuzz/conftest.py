"""The fuzz is run by hand, `python tests/fuzz/run.py`: pytest imports and collects none of these files."""

collect_ignore_glob = ["*.py"]
