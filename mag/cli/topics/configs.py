"""Config files: how YAML becomes the config of an experiment.

configs/
  config.yaml            the primary config, named in @mag.main(config_path="configs", config_name="config")
  model/svm.yaml         model is a config group, svm one of its options
  model/mlp.yaml
  model/kernel/rbf.yaml  a group in a group: model/kernel

The primary config has a defaults list, and values of its own:

  defaults:
    - model: svm         the option of the group model; its content goes to the key model
    - db@backup: mysql   the same with another place: its content goes to the key backup
    - optional gpu: a100 no error where there is no such file
    - server: null       nothing unless it is chosen (server=apache); ??? instead of null: must be chosen
    - site: [a, b]       several options
    - base               a file that is no option
    - _self_             where the file's own values come in; at the end if it is left out
  lr: 0.1
  seed: ???              must be given
  name: ${model.name}    the value of another key; ${.name} is relative, ${oc.env:HOME} the environment

Later entries win over earlier ones: mappings merge key by key, all else is replaced. Any option may have a defaults
list, too. There `/db` starts at the config folder, and `override /model: mlp` changes a choice that an earlier entry
made. A file that begins with `# @package _global_` goes to the top of the config, with `# @package a.b` to a.b: that
is how an experiment file (`+experiment=tuned`) changes several places at once.

Words are read as YAML 1.1 has it: no, off and on are booleans, 012 is ten, 12:30 is 750. Quote what is a text; `mag
check` finds them. 1e-5 is a number.

Grids to be swept are no options: they stand in files of their own, in a folder spaces beside the configs, and `mag
sweep --space small,large` runs those of both; `mag sweep --help` says what may stand in them.

A schema, @mag.main(schema=Config), is a dataclass that says which keys a config has, of which types, and what they are
if no file says so; group_schemas={"model/svm": Svm} does so for an option. Dataclasses nest; int, float, bool, str,
Path, Enum, Literal, list, tuple, dict, Optional and Union are understood. Values convert as OmegaConf does it: 1 is 1.0
for a float, "1" is 1 for an int, 1.0 is none. What does not fit is refused before anything starts. `mag config` does
not import the app, and so knows no schema; `mag config --typed` and `mag check` do.

mag config                     the config as it would run
mag config --choices           the groups, their options, what is chosen and by what
mag config --explain model.C   which file and line, or which override, set a value
mag config --diff model=mlp    what an override changes
mag check                      whether every option of every group composes
"""
