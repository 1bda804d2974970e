"""Which credential plugins the user lets run: credentialPluginPolicy in kubectl's preferences file, kuberc.

https://kubernetes.io/docs/reference/kubectl/kuberc/; kubectl 1.35 and later keep to it, so a tool beside it must, too.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import which
from typing import Any

from k8sai.errors import ClusterError, Usage


def check(command: str, environ: Mapping[str, str]) -> None:
    """ClusterError where the plugin may not run; Usage where the preferences cannot be understood."""
    file = _file(environ)
    preference = _preference(file) if file else None
    if not file or preference is None:
        return
    policy = preference.get("credentialPluginPolicy") or "AllowAll"
    allowed = preference.get("credentialPluginAllowlist")
    if policy not in ("AllowAll", "DenyAll", "Allowlist"):
        raise Usage(f"{file}: credentialPluginPolicy is {policy!r}", "use AllowAll, DenyAll or Allowlist")
    if (policy == "Allowlist") != bool(allowed):
        raise Usage(f"{file}: credentialPluginPolicy {policy} and credentialPluginAllowlist contradict each other")
    if policy == "AllowAll" or (policy == "Allowlist" and _listed(command, _commands(allowed, file), environ)):
        return
    raise ClusterError(f"{file} does not let the credential plugin {command} run ({policy})", f"allow it in {file}")


def _file(environ: Mapping[str, str]) -> str:
    said = environ.get("KUBERC", "")
    if said == "off" or environ.get("KUBECTL_KUBERC", "").lower() == "false":
        return ""
    if said:
        return said
    default = Path(environ.get("HOME") or Path.home(), ".kube", "kuberc")
    return str(default) if default.is_file() else ""


def _preference(file: str) -> Mapping[str, Any] | None:
    """The first Preference in the file."""
    import yaml

    try:
        documents = list(yaml.load_all(Path(file).read_text(encoding="utf-8"), Loader=yaml.SafeLoader))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise Usage(f"cannot read {file}, which says which credential plugins may run: {reason}") from None
    found = (each for each in documents if isinstance(each, dict) and each.get("kind") == "Preference")
    return next(found, None)


def _commands(allowed: object, file: str) -> Iterator[str]:
    for entry in allowed if isinstance(allowed, list) else [allowed]:
        command = (entry.get("command") or entry.get("name")) if isinstance(entry, dict) else None
        if not isinstance(command, str):
            raise Usage(f"{file}: credentialPluginAllowlist holds {entry!r}, not a command")
        yield command


def _listed(command: str, allowed: Iterator[str], environ: Mapping[str, str]) -> bool:
    """Both are looked up on PATH: a name and the path it leads to are the same."""
    path = environ.get("PATH")
    real = which(command, path=path)
    return any(each == command or (real is not None and which(each, path=path) == real) for each in allowed)
