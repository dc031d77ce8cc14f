# Tab completion of mag for fish, as `mag completion fish` prints it.
# Once this is sourced, `python app.py` is completed too where app.py uses @mag.main, and `python -m mag`.

function __mag_ask
    set -l words (string match --invert --regex '^\w+=' -- (commandline -opc))
    set -l program (string replace --regex '^~/' "$HOME/" -- $words[1])
    command --query $program; or set program mag # an alias
    command $program $argv completion fish --answer (commandline -cp | string collect) 2>/dev/null </dev/null
end

function __mag_is_called
    set -l words (commandline -opc)
    string match --quiet -- '* -m mag *' "$words "
    and return
    set -l scripts (string replace --regex '^~/' "$HOME/" -- (string match --regex '.*\.py$' -- $words[2..]))
    test -n "$scripts[1]"
    and command grep -qsw mag $scripts[1]
end

complete --command mag --no-files --keep-order --arguments '(__mag_ask)'
complete --command python --command python3 --condition __mag_is_called --no-files --keep-order --arguments '(__mag_ask -m mag)'
