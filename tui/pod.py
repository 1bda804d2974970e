"""Everything known of one pod, on a sheet."""

from collections.abc import Sequence

from k8sai.fleet.answers import PodRow
from k8sai.fleet.tables import amount
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.lines import wrap
from k8sai.tui.status import pod_status
from k8sai.tui.words import age, clean

_LABEL = 11


def pod_lines(desk: Desk, pod: PodRow, devices: Sequence[str], width: int) -> Sequence[Line]:
    """A line per fact, long ones wrapped."""
    facts: list[tuple[str, str, str]] = [
        ("namespace", pod.namespace, desk.namespace_ink(pod.namespace)),
        ("status", *pod_status(pod)[0]),
        ("reason", pod.reason, "warn"),
        ("message", pod.message, "plain"),
        ("node", pod.node or (f"reserved on {pod.nominated}" if pod.nominated else "not placed"), "plain"),
        ("cards", amount(pod.cards), "plain"),
        ("requests", " ".join(f"{name}={amount(count)}" for name, count in pod.requests), "plain"),
        ("devices", " ".join(devices), "plain"),
        ("owner", pod.owner, "plain"),
        ("queue", pod.queue, "plain"),
        ("priority", str(pod.priority), "plain"),
        ("since", f"{pod.since}  {age(pod.since, desk.now())} ago" if pod.since else "", "plain"),
        ("uid", pod.uid, "dim"),
    ]
    lines: list[Line] = []
    for label, text, ink in facts:
        for number, part in enumerate(wrap(clean(text), width - _LABEL)) if text else ():
            lines.append((((label if number == 0 else "").ljust(_LABEL), "dim"), (part, ink)))
    command = f"kubectl describe pod -n {pod.namespace} {pod.name}"
    return [*lines, (), (("".ljust(_LABEL), "dim"), (command, "key"))]
