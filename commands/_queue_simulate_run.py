"""`queue simulate` at work: read, make the wish, simulate, print."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from k8sai.commands import _print, _talk
from k8sai.commands._manifest import manifest, place
from k8sai.commands._queue_notes import gaps, insist_on_queues, relevant, say
from k8sai.commands._queue_question import Question
from k8sai.errors import Exit, NotFound, Usage
from k8sai.queues.judging.topology_nodes import survey
from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, FLAVORS, LOCAL_QUEUES, TOPOLOGIES, WORKLOADS, Setting
from k8sai.queues.simulating.change import Change, names
from k8sai.queues.simulating.change import read as read_changes
from k8sai.queues.simulating.change_apply import apply
from k8sai.queues.simulating.document import document
from k8sai.queues.simulating.shown import heading, lines, tables
from k8sai.queues.simulating.simulate import KINDS, Simulation, simulate, simulate_waiting
from k8sai.queues.simulating.wish import Wanted, Wish, of_class, of_flags, surroundings
from k8sai.queues.simulating.wish_file import namespaces, of_manifest
from k8sai.queues.simulating.wish_gpus import resource_of
from k8sai.queues.workload import Workload
from k8sai.view import Cell, Note, Page

if TYPE_CHECKING:
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.reading import Unseen
    from k8sai.queues.judging.topology_nodes import Land

_FORBIDDING = ("limitranges", "namespaces")
_DECIDING = (CLUSTER_QUEUES, LOCAL_QUEUES, COHORTS, FLAVORS, TOPOLOGIES, WORKLOADS, *_FORBIDDING)


def run(question: Question) -> int:
    """Ask and print; the exit code."""
    from k8sai.cluster.reading import Reading
    from k8sai.commands._queue_read import read

    made = manifest(question.file) if question.file else []
    before, objects, namespace = read(question.options, question.recording)
    insist_on_queues(before)
    changes = read_changes(before, question.assume)
    setting = apply(before, changes)
    reading = Reading(objects)
    waiting = _waiting(before, setting, question.job, namespace) if question.job else None
    if waiting and question.priority:
        setting = _of_class(setting, waiting, question.priority, reading)
    wishes = () if waiting else _wishes(question, setting, reading, made, namespace)
    land, moved = survey(objects, setting), bool(changes)
    with _talk.Progress("playing the line"):
        if waiting:
            found = simulate_waiting(setting, [waiting], moved=moved, land=land)
        else:
            found = simulate(setting, wishes, moved=moved, land=land)
    read_on = tuple(gap for gap in reading.hidden if gap.what in _DECIDING)
    hidden = (*relevant(before, _DECIDING), *read_on, *_unseen_ground(setting, land))
    code = _code(found, hidden)
    _show(question, found, before, changes, objects, hidden, code)
    if question.probe:
        from k8sai.commands._queue_probe import probe

        return probe(question, found, code)
    return code


def _unseen_ground(setting: Setting, land: "Land | None") -> "Iterator[Unseen]":
    """Nodes and pods, where a topology asks for them."""
    from k8sai.cluster.reading import Unseen

    wanted = any(flavor.topology in setting.topologies for flavor in setting.flavors.values())
    for kind in (("nodes",) if land is None else land.hidden) if wanted else ():
        yield Unseen(kind, f"{kind} could not be read: whether pods find room close enough together is not known")


def _code(found: Simulation, hidden: "Sequence[Unseen]") -> Exit:
    """What only forbids cannot turn a no into a yes."""
    given = found.kind in ("FitsNow", "FitsBorrowing", "NeedsPreemption")
    doubt = [gap for gap in hidden if given or gap.what not in _FORBIDDING]
    return Exit.PARTIAL if doubt else KINDS[found.kind]


# --- what is asked ----------------------------------------------------------------------------------------------------


def _wishes(
    question: Question, setting: Setting, reading: Any, made: Sequence[Any], namespace: str
) -> tuple[Wish, ...]:
    wanted = Wanted(namespace, question.queue, question.priority)
    if question.file:
        around = surroundings(reading, namespaces(made, namespace))
        return of_manifest(made, wanted, setting, around, place(question.file))
    return (_of_flags(question, setting, reading, wanted),)


def _of_flags(question: Question, setting: Setting, reading: Any, wanted: Wanted) -> Wish:
    from dataclasses import replace

    from k8sai.fit.wish import Means, asked, own_tolerations, toleration
    from k8sai.fit.wish import Wish as Pods
    from k8sai.fleet.rule_file import configured

    wanted = replace(wanted, queue=wanted.queue or _only_queue(setting, wanted.namespace))
    taints = [taint["key"] for flavor in setting.flavors.values() for taint in flavor.taints]
    pods = Pods(
        pods=1 if question.pods is None else question.pods,
        gpus=question.gpus or 0,
        cpu=question.cpu,
        memory=question.memory,
        tolerations=(*own_tolerations(taints, configured()), *map(toleration, question.tolerate)),
        namespace=wanted.namespace,
    )
    made = asked(pods, Means(resource_of(setting, wanted, question.resource)))
    if question.labels:
        made.groups[0].pod["spec"]["nodeSelector"] = dict(map(_label, question.labels))
    return of_flags(made, wanted, setting, surroundings(reading, (wanted.namespace,)))


def _label(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise Usage(f"--flavor-selector {text!r} is no label", "write key=value")
    return key, value


def _only_queue(setting: Setting, namespace: str) -> str:
    """The only one of the namespace; of several nobody knows which is meant, save the one called default."""
    known = sorted(one.name for one in setting.local_queues.values() if one.namespace == namespace)
    if len(known) == 1:
        return known[0]
    if len(known) > 1 and "default" not in known:
        raise Usage(f"namespace {namespace} has several LocalQueues: {', '.join(known)}", "say which with --queue")
    return "default" if known else ""


def _waiting(before: Setting, setting: Setting, job: str, namespace: str) -> Workload:
    """Raises NotFound with a near name, Usage for one that does not wait."""
    from difflib import get_close_matches

    name = f"workload/{job.partition('/')[2]}" if job.startswith("wl/") else job
    here = [one for one in before.workloads.values() if one.namespace == namespace and not one.holds("Finished")]
    fitting = [one for one in here if name in names(one)]
    waiting = [one for one in fitting if one.waits and one.ref in setting.workloads]
    if waiting:
        return max(waiting, key=lambda one: one.created)
    if fitting:
        raise Usage(f"{job} does not wait: it holds quota already", f"`k8sai queue why {job} -n {namespace}`")
    near = get_close_matches(name, [each for one in here if one.waits for each in names(one)], 1)
    hint = f"did you mean {near[0]}?" if near else f"`k8sai queue pending -n {namespace}` shows who waits"
    raise NotFound(f"namespace {namespace} has no workload of {job} that Kueue knows", hint)


def _of_class(setting: Setting, waiting: Workload, name: str, reading: Any) -> Setting:
    """As if that one had been given the class. Raises NotFound."""
    from dataclasses import replace

    around = surroundings(reading, (waiting.namespace,))
    given = of_class(setting.workloads[waiting.ref], name, setting, around)
    return replace(setting, workloads={**setting.workloads, given.ref: given})


# --- printing ---------------------------------------------------------------------------------------------------------


def _show(
    question: Question,
    found: Simulation,
    before: Setting,
    changes: Sequence[Change],
    objects: "Objects",
    hidden: "Sequence[Unseen]",
    code: Exit,
) -> None:
    if question.output in ("json", "yaml"):
        shown = document(found, changes, context=objects.context, hidden=hidden, code=code)
        _print.document(shown, question.output)
    elif question.output == "name":
        _print.line(found.kind)
    else:
        cells = (heading(found), *lines(found, before, changes))
        _print.block(Cell(_talk.speak(cell.text), "plain" if question.plain else cell.tone) for cell in cells)
        parts = tables(found, line=bool(changes))
        if parts:
            _print.line()
            _print.page(Page(parts), plain=question.plain)
    _print.flush()
    say((*gaps(hidden), *_remarks(question, found)))


def _remarks(question: Question, found: Simulation) -> Iterator[Note]:
    if question.output in ("json", "yaml", "name"):
        return
    for text in dict.fromkeys(text for one in found.outcomes for text in one.remarks):
        yield Note(text)
    if not found.played.whole:
        yield Note("the line is longer than what was played: who comes later is not said", "dim")
