#compdef mag python python3
# Tab completion of mag for zsh, as `mag completion zsh` prints it.
# `python app.py` is completed too where app.py uses @mag.main, and `python -m mag`.

_mag() {
    local program=${${(Q)words[1]}/#\~\//$HOME/} answer line
    local -a ask whole partial
    if [[ ${program:t} == (python|pypy)* ]]; then
        _mag_is_called || { _mag_others_python "$@"; return }
        ask=($program -m mag)
    else
        whence -p $program >/dev/null || program=mag # an alias
        ask=($program)
    fi
    answer=$($ask completion zsh --answer "${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" 2>/dev/null </dev/null) || {
        _mag_others_python "$@"
        return
    }
    for line in ${(f)answer}; do
        case $line in
            whole:*) whole+=("${line#whole:}") ;;
            partial:*) partial+=("${line#partial:}") ;;
        esac
    done
    if [[ -z $QIPREFIX ]] && compset -P '\~/'; then # or zsh would quote the ~
        whole=("${whole[@]#\~/}")
        partial=("${partial[@]#\~/}")
    fi
    _describe -V 'mag' partial -S '' -- whole
}

_mag_is_called() {
    local word last
    for word in ${(Q)words[2,CURRENT-1]}; do
        [[ $last$word == -mmag ]] && return
        [[ $word == *.py ]] && { grep -qsw mag "${word/#\~\//$HOME/}"; return }
        last=$word
    done
    return 1
}

_mag_others_python() {
    if [[ ${words[1]:t} != (python|pypy)* ]]; then
        return 1
    elif (( $+functions[_python] )); then
        _python "$@"
    else
        _default "$@"
    fi
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _mag "$@"
else
    compdef _mag mag python python3
fi
