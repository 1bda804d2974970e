#compdef k8sai kubectl-k8sai kubectl-ai_apply kubectl-ai_canary kubectl-ai_completion kubectl-ai_delete kubectl-ai_demo kubectl-ai_evict kubectl-ai_fit kubectl-ai_queue kubectl-ai_recipe kubectl-ai_scaffold kubectl-ai_sim kubectl-ai_snapshot kubectl-ai_top kubectl-ai_why
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
compdef _k8sai k8sai kubectl-k8sai kubectl-ai_apply kubectl-ai_canary kubectl-ai_completion kubectl-ai_delete kubectl-ai_demo kubectl-ai_evict kubectl-ai_fit kubectl-ai_queue kubectl-ai_recipe kubectl-ai_scaffold kubectl-ai_sim kubectl-ai_snapshot kubectl-ai_top kubectl-ai_why
