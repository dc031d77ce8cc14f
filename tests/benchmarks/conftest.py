"""Benchmarks are run by hand, `python tests/benchmarks/run.py`: pytest imports and collects none of these files."""

collect_ignore_glob = ["*.py"]
