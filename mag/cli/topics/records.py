"""Records: what is kept of an experiment, and what the exit statuses say.

experiments/
  10|0.01/
    config.json          the config, complete and resolved
    log                  all that it printed: Python, C and child processes
    results.json         what it returned and registered
    .mag/record.json     status, command, times, host, commit, exit, error
    .mag/attempts/       log, results, metrics and record of earlier attempts
    .mag/reruns/         what `mag rerun` made of it
  .mag/sweeps/           what each sweep was asked, and its plan
  .mag/environments/     Python, machine and installed distributions, each state once

The status of an experiment:

  running       it runs
  completed     its function returned, and nobody had asked it to end; nothing else counts, not even exit code 0
  failed        it raised an exception, or ended itself
  killed        a signal ended it: out of memory, a segmentation fault, kill
  timeout       it took longer, or was silent longer, than it was allowed
  interrupted   Ctrl-C, or `mag stop`
  lost          it says running, but nobody runs it: the machine went down

Typed again, the same command skips what is completed and tries the rest again.

The code is a commit under refs/mag/ of the git repository, or the commit that was checked out. To keep it runs what
`git add` of your changes runs: the clean filters of .gitattributes; to bring it back (rerun, restore) runs their smudge
filters. No hook, file-system monitor, external diff or text conversion is run, and `mag diff` runs none of them all.

Exit statuses of mag:

  0     all done
  1     some experiment failed; a comparison or a check found something
  2     a mistake in the command or a config; nothing was started
  4     there is no such experiment
  130   interrupted by Ctrl-C; 143 by a termination signal
"""
