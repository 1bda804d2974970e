"""The answer: every layer is asked, the first that has a reason speaks, and of several pods the worst one does."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from k8sai.cluster.reading import Json, Reading
from k8sai.errors import Exit
from k8sai.view import several
from k8sai.why import (
    admission,
    claims,
    containers,
    ending,
    gangs,
    gates,
    host,
    images,
    init_containers,
    limits,
    members,
    nodes,
    plugin,
    preemption,
    queueing,
    quota,
    scheduler,
    starting,
    suspension,
    volumes,
)
from k8sai.why.case import Case, be
from k8sai.why.kinds import POD, Kind
from k8sai.why.making import wanted
from k8sai.why.scene import Moment, Scene
from k8sai.why.subject import Subject, find
from k8sai.why.verdict import EXITS, Layer, Members, Why, severity, verb

Check = Callable[[Case], Layer]

# In the order in which they come into a pod's life: what stands earlier hides what comes later.
LAYERS: Final[tuple[Check, ...]] = (
    ending.check,
    suspension.check,
    queueing.check,
    quota.check,
    limits.check,
    admission.check,
    members.check,
    gates.check,
    claims.check,
    preemption.check,
    volumes.check,
    gangs.check,
    plugin.check,
    scheduler.check,
    nodes.check,
    host.check,
    images.check,
    init_containers.check,
    starting.check,
    containers.check,
)
_MOST: Final = 12  # kinds of pods of one workload that are asked about; more would be the same answer in other words


def explain(scene: Scene, kind: Kind | None, namespace: str, name: str) -> Why:
    """Why the object does not run; `kind` None means a pod, else whoever makes pods and has the name.

    Raises NotFound, and Forbidden or ClusterError where the object itself cannot be read.
    """
    reading = Reading(scene.objects)
    subject = find(reading, kind, namespace, name)
    moment = scene.moment(subject.pods)
    if subject.is_pod:
        case = Case(scene, reading, moment, subject, subject.it.object)
        layers = tuple(look(case) for look in LAYERS)
        return _said(case, layers, lambda code, message: _sentence(subject.it.name, verb(code), message))
    return _workload(scene, reading, moment, subject)


def _sentence(who: str, does: str, message: str) -> str:
    return _ended(f"{who} {does}{': ' if message and not _goes_on(message) else ' ' if message else ''}{message}")


def _ended(sentence: str) -> str:
    """With the full stop, unless it asks something."""
    return sentence if sentence.endswith(("?", ".", "…")) else f"{sentence}."


def _goes_on(message: str) -> bool:
    """`runs on gpu-3`, without a colon."""
    return message.startswith("on ")


def _said(
    case: Case, layers: tuple[Layer, ...], sentence: Callable[[str, str], str], groups: tuple[Members, ...] = ()
) -> Why:
    """The first layer with a reason; without one, what a running or ended pod says of itself."""
    ended = bool(layers[0].code)  # what is over is over, whatever else there is to say
    at = 0 if ended else next((n for n, layer in enumerate(layers) if layer.speaks), None)
    if at is not None:
        layer = layers[at]
        code, message, follow = layer.code, layer.message, layer.next
    else:
        layer = next((layer for layer in layers if layer.code), Layer("", "unknown"))
        code = layer.code or "Unexplained"
        message, follow = layer.message or ("" if layer.code else _nothing(layers)), layer.next
    before = layers[: len(layers) if at is None else at]
    guessed = layer.partial or any(earlier.status == "unknown" for earlier in before)
    code_exit = EXITS[code]
    subject = case.subject
    return Why(
        object=subject.it.said,
        namespace=case.namespace,
        sentence=sentence(code, message),
        code=code,
        exit=Exit.PARTIAL if guessed and code_exit != Exit.OK else code_exit,
        layers=layers,
        next=follow,
        members=groups,
        hidden=tuple({gap.what: gap for gap in (*case.reading.hidden, *case.scene.unseen())}.values()),
    )


def _nothing(layers: Iterable[Layer]) -> str:
    unknown = [layer.message for layer in layers if layer.status == "unknown" and layer.message]
    if unknown:
        return f"nothing that may be read explains it; {unknown[0]}"
    return "nothing that can be seen explains it"


# --- workloads --------------------------------------------------------------------------------------------------------


def _workload(scene: Scene, reading: Reading, moment: Moment, subject: Subject) -> Why:
    """First the workload as a whole, then its pods."""
    alive = [pod for pod in subject.pods if not pod["metadata"].get("deletionTimestamp")]
    active = [pod for pod in alive if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
    asked = wanted(subject.it)
    missing = max(0, asked - len(active)) if asked is not None else int(not alive)
    if reading.blind(POD.resource):  # how many there are nobody knows
        missing = 0
    whole = Case(scene, reading, moment, subject, None, missing)
    layers = tuple(look(whole) for look in LAYERS)
    said = subject.it.said
    if layers[0].code or not (active or alive):
        return _said(whole, layers, lambda code, message: _sentence(said, verb(code), message))
    early = next((layer for layer in layers if layer.speaks), None)
    if early is not None and early.layer in ("suspended", "queue"):
        return _said(whole, layers, lambda code, message: _sentence(said, verb(code), message))
    return _members(whole, layers, active or alive, early)


def _members(whole: Case, layers: tuple[Layer, ...], pods: list[Json], early: Layer | None) -> Why:
    """Pods with the same reason are one group, and the worst group speaks."""
    said = whole.subject.it.said
    answers = list(_each(whole, pods))
    total = max(wanted(whole.subject.it) or 0, len(pods))
    groups: dict[str, list[tuple[Case, Why]]] = {}
    for case, why in answers:
        groups.setdefault(why.code, []).append((case, why))
    shown = tuple(_members_of(groups))
    worst = min(groups, key=lambda code: (severity(code), -len(groups[code])))
    if early is not None and severity(early.code) < severity(worst):
        made = f"{whole.missing} of its {several(total, 'pod')} {be(whole.missing)} not there"
        return _said(whole, layers, lambda _, message: _ended(f"{said} waits: {made}: {message}"), shown)
    found = groups[worst]
    case, why = found[0]
    count = len(found)

    def sentence(code: str, message: str) -> str:
        if EXITS[code] == Exit.OK:
            ready = f"{count} of {several(total, 'pod')} {'runs' if total == 1 else 'run'}"
            return f"{said} runs: {ready}."
        if total == 1:
            return _sentence(f"{said}: its pod {case.name}", verb(code), message)
        does = verb(code, many=count != 1)
        return _ended(f"{said}: {count} of {several(total, 'pod')} {does}, like {case.name}: {message}")

    return _said(case, _merged(layers, why.layers), sentence, shown)


def _members_of(groups: dict[str, list[tuple[Case, Why]]]) -> Iterator[Members]:
    for code in sorted(groups, key=severity):
        found = groups[code]
        layer = next((one for one in found[0][1].layers if one.code == code), None)
        yield Members(code, layer.message if layer else "", tuple(sorted(case.name for case, _ in found)))


def _merged(whole: tuple[Layer, ...], member: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """What the workload says of pods that are not there, beside what a pod that is there says."""
    return tuple(
        above if one.status == "n/a" and not above.speaks else one for above, one in zip(whole, member, strict=True)
    )


def _each(whole: Case, pods: list[Json]) -> Iterator[tuple[Case, Why]]:
    """The answer of each pod; pods that are alike in all that matters are asked once."""
    known: dict[str, Why] = {}
    for pod in sorted(pods, key=lambda p: str(p["metadata"]["name"])):
        case = Case(whole.scene, whole.reading, whole.moment, whole.subject, pod)
        key = _likeness(case, pod)
        if case.unbound and key not in known and len(known) >= _MOST:
            key = next(iter(known))
        if key not in known:
            known[key] = _said(case, tuple(look(case) for look in LAYERS), lambda code, message: message)
        yield case, known[key]


def _likeness(case: Case, pod: Json) -> str:
    """Pods of one template that nobody has placed differ in names only, and pods that run in nothing that matters."""
    if case.settled:
        return "runs"
    if not case.unbound:
        return case.name
    spec = {k: v for k, v in pod["spec"].items() if k not in ("hostname", "containers", "volumes", "subdomain")}
    asked = [(c.get("resources"), c.get("ports")) for c in pod["spec"].get("containers") or ()]
    mounts = [v for v in pod["spec"].get("volumes") or () if v.get("persistentVolumeClaim") or v.get("ephemeral")]
    status = pod.get("status") or {}
    claimed = bool(status.get("resourceClaimStatuses"))
    said = sorted(str(condition.get("reason")) for condition in status.get("conditions") or ())
    return repr((spec, asked, mounts, claimed, said, status.get("nominatedNodeName")))
