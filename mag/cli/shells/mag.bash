# Tab completion of mag for bash 4 and newer, as `mag completion bash` prints it.
# Once this is sourced, `python app.py` is completed too where app.py uses @mag.main, and `python -m mag`.

_mag_ask() {
    local answer
    answer=$("$@" completion bash --answer "${COMP_LINE:0:COMP_POINT}" --breaks "$COMP_WORDBREAKS" 2>/dev/null </dev/null) ||
        return 1
    mapfile -t COMPREPLY <<<"$answer"
    if [[ ${COMPREPLY[0]} == partial ]]; then
        compopt -o nospace
    fi
    COMPREPLY=("${COMPREPLY[@]:1}")
}

_mag() {
    local program=${1/#\~\//$HOME/}
    type -P "$program" >/dev/null || program=mag # an alias
    COMPREPLY=()
    _mag_ask "$program"
    return 0
}

_mag_python() {
    local word last=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $last$word == -mmag ]] || { [[ $word == *.py ]] && grep -qsw mag "${word/#\~\//$HOME/}"; }; then
            if _mag_ask "${1/#\~\//$HOME/}" -m mag; then
                compopt +o default +o bashdefault -o nosort 2>/dev/null
                return 0
            fi
            break
        fi
        last=$word
    done
    _mag_others_python "$@"
}

# What completed python before, which bash-completion may have to load first; files where there is nothing.
_mag_others_python() {
    if [[ -z $_mag_others && $(complete -p -D 2>/dev/null) =~ \ -F\ ([^ ]+) ]]; then
        "${BASH_REMATCH[1]}" "$@"
        _mag_take_python
    fi
    if [[ -n $_mag_others ]]; then
        "$_mag_others" "$@"
    fi
}

_mag_take_python() {
    _mag_others=
    if [[ $(complete -p python 2>/dev/null) =~ \ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _mag_python ]]; then
        _mag_others=${BASH_REMATCH[1]}
    fi
    complete -o bashdefault -o default -F _mag_python python python3
}

complete -o nosort -F _mag mag 2>/dev/null || complete -F _mag mag
_mag_take_python
