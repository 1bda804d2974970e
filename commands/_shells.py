"""The shells' completion scripts: each asks our completion executable, as kubectl does, and shows what it says.

The executable gets the words after the command, the one under the cursor last; it prints candidates, a tab and a
description after each, and a last line `:N` in which the bit 4 means: do not fall back to file names.
"""

from collections.abc import Callable


def _programs(commands: tuple[str, ...]) -> list[str]:
    return ["k8sai", "kubectl-k8sai", *(f"kubectl-ai_{name}" for name in commands)]


_BASH = r"""# bash completion for k8sai and its kubectl plugins; load it with: source <(k8sai completion bash)
_k8sai() {
    local program=${COMP_WORDS[0]##*/} cur=${COMP_WORDS[COMP_CWORD]} line directive
    local -a words=() found=()
    # bash splits words at "=" and ":"; glue them together again.
    local word=${COMP_LINE:0:COMP_POINT}
    read -r -a words <<<"$word"
    [[ $word == *[[:space:]] ]] && words+=("")
    local completer=kubectl_complete-k8sai
    [[ $program == kubectl-ai_* ]] && completer=kubectl_complete-${program#kubectl-}
    while IFS= read -r line; do
        found+=("$line")
    done < <("$completer" "${words[@]:1}" 2>/dev/null)
    ((${#found[@]})) || return
    directive=${found[${#found[@]} - 1]#:}
    unset "found[${#found[@]} - 1]"
    [[ ${words[${#words[@]} - 1]} == -*=* ]] && { cur=${words[${#words[@]} - 1]#*=}; }
    COMPREPLY=()
    for line in "${found[@]}"; do
        line=${line%%$'\t'*}
        [[ $line == "$cur"* ]] && COMPREPLY+=("$line")
    done
    ((directive & 4)) || compopt -o default 2>/dev/null
    ((directive & 2)) && compopt -o nospace 2>/dev/null
}
complete -F _k8sai @PROGRAMS@
"""

_ZSH = r"""#compdef @PROGRAMS@
# zsh completion for k8sai and its kubectl plugins; load it with: source <(k8sai completion zsh)
_k8sai() {
    local program=${words[1]:t} completer=kubectl_complete-k8sai line directive prefix=
    local -a found candidates
    [[ $program == kubectl-ai_* ]] && completer=kubectl_complete-${program#kubectl-}
    found=("${(@f)$("$completer" "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    (( $#found )) || return
    directive=${found[-1]#:}
    found=("${(@)found[1,-2]}")
    [[ ${words[CURRENT]} == -*=* ]] && compset -P '*='
    for line in $found; do
        line=${line//:/\\:}
        candidates+=("${line/$'\t'/:}")
    done
    local -a after
    (( directive & 2 )) && after=(-S '')
    (( $#candidates )) && _describe -V k8sai candidates $after
    (( directive & 4 )) || _files
}
compdef _k8sai @PROGRAMS@
"""

_FISH = r"""# fish completion for k8sai and its kubectl plugins; load it with: k8sai completion fish | source
function __k8sai_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l program (basename $words[1])
    set -l completer kubectl_complete-k8sai
    if string match -q 'kubectl-ai_*' $program
        set completer kubectl_complete-(string replace kubectl- '' $program)
    end
    set -l found ($completer $words[2..-1] 2>/dev/null)
    test (count $found) -gt 0; or return
    set -l directive (string sub -s 2 -- $found[-1])
    set -l prefix ''
    if string match -qr -- '^-.*=' $words[-1]
        set prefix (string replace -r '=.*' '=' -- $words[-1])
    end
    for line in $found[1..-2]
        echo $prefix$line
    end
    if test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path (string replace -r '^-.*=' '' -- $words[-1])
    end
end
for program in @PROGRAMS@
    complete -c $program -f -a '(__k8sai_complete)'
end
"""


def _script(template: str) -> Callable[[tuple[str, ...]], str]:
    return lambda commands: template.replace("@PROGRAMS@", " ".join(_programs(commands)))


SCRIPTS: dict[str, Callable[[tuple[str, ...]], str]] = {
    "bash": _script(_BASH),
    "zsh": _script(_ZSH),
    "fish": _script(_FISH),
}
