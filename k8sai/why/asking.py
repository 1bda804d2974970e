"""What to ask `fit`, so that it names the smallest change with which pods like this one would start."""

from shlex import join

from k8sai.why.case import Case, amount
from k8sai.why.survey import survey


def fit_command(case: Case, pods: int) -> str:
    """`k8sai fit …` for so many pods at once; empty where flags cannot say what such a pod asks for."""
    if not survey(case).devices or case.spec.get("resourceClaims"):
        return ""
    device, requests = survey(case).devices[0], survey(case).pod.requests
    words = ["k8sai", "fit", "--gpus", str(requests[device]), "--pods", str(max(1, pods)), "--resource", device]
    if "cpu" in requests:
        words += ["--cpu", _cores(requests["cpu"])]
    if "memory" in requests:
        words += ["--memory", amount("memory", requests["memory"])]
    if case.spec.get("nodeSelector"):
        words += ["-l", ",".join(f"{key}={value}" for key, value in sorted(case.spec["nodeSelector"].items()))]
    for text in dict.fromkeys(map(_toleration, case.spec.get("tolerations") or ())):
        words += ["--tolerate", text] if text else []
    if case.spec.get("priorityClassName"):
        words += ["--priority-class", case.spec["priorityClassName"]]
    return join([*words, "-n", case.namespace])


def _cores(milli: int) -> str:
    return f"{milli}m" if milli % 1000 else str(milli // 1000)


def _toleration(one: dict[str, str]) -> str:
    """As `--tolerate` takes it; empty for those that every pod is given, and for one that tolerates everything."""
    key = one.get("key") or ""
    if not key or key.startswith("node.kubernetes.io/"):
        return ""
    value = f"={one.get('value', '')}" if one.get("operator", "Equal") == "Equal" else ""
    return f"{key}{value}{':' + one['effect'] if one.get('effect') else ''}"
