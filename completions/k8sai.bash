# bash completion for k8sai and its kubectl plugins; load it with: source <(k8sai completion bash)
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
complete -F _k8sai k8sai kubectl-k8sai kubectl-ai_apply kubectl-ai_canary kubectl-ai_completion kubectl-ai_delete kubectl-ai_demo kubectl-ai_evict kubectl-ai_fit kubectl-ai_queue kubectl-ai_recipe kubectl-ai_scaffold kubectl-ai_sim kubectl-ai_snapshot kubectl-ai_top kubectl-ai_why
