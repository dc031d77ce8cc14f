"""Conditions: one language for the filters of every command, and for --where, --exclude and --stop-if.

  C=10                        the value is 10
  C=1,10                      one of several
  model=res*                  * is any text, ? any one character
  model!=svm                  everything else
  dropout=                    there is no value
  'accuracy>0.9'              < <= > >= (in quotes: the shell takes < and > for itself)
  '0.01 < lr <= 0.1'          both ends at once
  'C*gamma < 1'               + - * / // % ** and brackets
  'loss is nan'               also isnan(loss), isinf(loss), isfinite(loss)
  'model in [svm, mlp]'       a list; "x" in key looks into a text or a list
  'C=1 or not model=svm'      and, or, not, brackets
  'C=1,gamma=0.1'             both

After = and != stand values as in an override, up to `and`, `or` or a closing bracket. Elsewhere a word is a key if
there is such a key, and else a text; texts with other characters stand in quotes: 'name == "a|b"'. A key that is not
there is null: it equals nothing but null, and no comparison with it holds. Numbers and texts have no order.

A filter (`mag ls`, `summarize`, `failures`, ...) asks of experiments, and all filters must be met. Words may be apart:
`mag ls model=cnn or C=1`. A key is one of the config (model.C, or C where that says it all), a config group, a result,
or a fact: name status identity seconds started ended attempt app sweep error commit branch dirty host tag note
cpu_seconds peak_memory_bytes. Facts come first, except tag and note, then config, choices, results; `config.name`,
`choices.model`, `results.loss` say which is meant.

  status=failed               running completed failed killed timeout interrupted lost corrupt
  identity=3a70 commit=5f2c   by their beginning
  sweep=1a2b3c                all experiments of a sweep, those it found done included; either end of its id
  tag=paper                   one of its tags
  'started>-7d'               in the last seven days; also -2h, -30min
  started=tuesday             today yesterday monday ... 'last week' 2026-11 2026-11-23 '2026-11-23 08:30'

`--where` keeps the points of a sweep for which a condition holds, `--exclude` leaves them out; `--stop-if` ends an
experiment when a condition on its metrics holds.
"""
