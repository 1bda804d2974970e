"""The arithmetic of Jobs: how many pods to run, what a failure means, indexes as text."""

from collections.abc import Iterable

from k8sai.sim.objects import Obj

_INDEX = "batch.kubernetes.io/job-completion-index"


def index_of(pod: Obj) -> int:
    """The completion index of a pod, or -1."""
    return int((pod["metadata"].get("annotations") or {}).get(_INDEX, "-1"))


def wanted_active(spec: Obj, succeeded: int, done: int, active: int) -> int:
    """How many pods should run now. `done` is the number of completed indexes."""
    parallelism, completions = spec.get("parallelism", 1), spec.get("completions")
    if completions is None:
        return min(parallelism, active) if succeeded else int(parallelism)
    have = done if spec.get("completionMode") == "Indexed" else succeeded
    return int(max(0, min(parallelism, completions - have)))


def waits(spec: Obj) -> bool:
    """A pod that is told to end is replaced, and counted, when it has ended; else at once, as failed."""
    return spec.get("podReplacementPolicy") == "Failed" or "podFailurePolicy" in spec


def ranges(numbers: Iterable[int]) -> str:
    """`0-2,4` of 0, 1, 2, 4."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{a}-{b}" if b > a else str(a) for a, b in parts)


def failure_action(job: Obj, pod: Obj) -> tuple[str, str]:
    """What the Job's podFailurePolicy makes of a failed pod: ("Count" | "Ignore" | "FailJob", message)."""
    rules = (job["spec"].get("podFailurePolicy") or {}).get("rules") or ()
    for number, rule in enumerate(rules):
        why = _by_exit_code(rule.get("onExitCodes"), pod) or _by_condition(rule.get("onPodConditions"), pod)
        if why:
            action = rule["action"]
            return action, f"{why} matching {action} rule at index {number}"
    return "Count", ""


def _place(pod: Obj) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _by_exit_code(rule: Obj | None, pod: Obj) -> str:
    if not rule:
        return ""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        ended = (status.get("state") or {}).get("terminated")
        if not ended or not ended.get("exitCode") or rule.get("containerName", status["name"]) != status["name"]:
            continue
        if (ended["exitCode"] in rule["values"]) == (rule["operator"] == "In"):
            return f"Container {status['name']} for pod {_place(pod)} failed with exit code {ended['exitCode']}"
    return ""


def _by_condition(patterns: Iterable[Obj] | None, pod: Obj) -> str:
    for pattern in patterns or ():
        for found in (pod.get("status") or {}).get("conditions") or ():
            if found["type"] == pattern["type"] and found["status"] == pattern.get("status", "True"):
                return f"Pod {_place(pod)} has condition {found['type']}"
    return ""
