# fish completion for k8sai and its kubectl plugins; load it with: k8sai completion fish | source
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
for program in k8sai kubectl-k8sai kubectl-ai_apply kubectl-ai_canary kubectl-ai_completion kubectl-ai_delete kubectl-ai_demo kubectl-ai_evict kubectl-ai_fit kubectl-ai_queue kubectl-ai_recipe kubectl-ai_scaffold kubectl-ai_sim kubectl-ai_snapshot kubectl-ai_top kubectl-ai_why
    complete -c $program -f -a '(__k8sai_complete)'
end
