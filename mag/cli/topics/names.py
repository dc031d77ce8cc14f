"""Names: what makes two experiments the same, and how they are called.

The config of an experiment is flattened: {model: {C: 10}, seed: 1} becomes model.C=10, seed=1. A key of which any
part begins with `_` is hidden: it is in the config, but makes no other experiment (devices, paths, verbosity).

The identity is the SHA-256 of the visible flat config. It decides: what is completed under the same identity is not
run again. 1 and 1.0 are different values, except that an integer typed for a float (lr=1 for lr: 0.1) is that float.

The identifier is the directory's name: the visible values in the order of their sorted keys, joined by `|`:

  {C: 10, gamma: 0.01}      10|0.01
  {shrink: false}           no_shrink
  {layers: [8, 16]}         8x16

Characters that a file name cannot hold anywhere are written as %2F. What is longer than 120 bytes is cut, and ends
in ~ and ten characters of the identity; so does a second config with a name that is taken.

In [tool.mag] of pyproject.toml, or in mag.toml:

  separator = "-"                        for names that need no quotes in a shell
  identifier = ["model.name", "lr"]      the keys that make up the name, in order

Commands that take an experiment take its name, its path, or four or more characters of its identity.
"""
