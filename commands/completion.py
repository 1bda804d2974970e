"""Completion scripts for bash, zsh and fish, and how kubectl completes our commands."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from k8sai.commands import _print
from k8sai.commands._door import entry

_KUBECTL = """\
kubectl completes our commands by itself: it asks the executables `kubectl_complete-ai_*`, which were installed beside
`kubectl-ai_*`. Both must be on PATH, and kubectl's own completion must be loaded (`kubectl completion --help`)."""


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish", "kubectl"], typer.Argument(help="For which program.")],
) -> None:
    """Completion scripts for bash, zsh and fish, and how kubectl completes our commands.

    \b
    Examples:
      source <(k8sai completion bash)      for this shell; for all, in ~/.bashrc
      source <(k8sai completion zsh)       the same in ~/.zshrc
      k8sai completion fish | source       the same in ~/.config/fish/config.fish
      k8sai completion kubectl             what `kubectl ai-…<TAB>` needs
    """
    if shell == "kubectl":
        _print.line(_KUBECTL)
        return
    import k8sai.completions

    folder = Path(k8sai.completions.__file__).parent
    _print.line((folder / f"k8sai.{shell}").read_text(encoding="utf-8").rstrip("\n"))


main = entry(completion, "completion")
