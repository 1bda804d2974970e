"""`queue simulate --probe`: asks first, then asks Kueue itself, and says where it and the model differ."""

from typing import TYPE_CHECKING

from k8sai.commands import _print, _talk
from k8sai.errors import Exit, Refused, Usage
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.commands._queue_question import Question
    from k8sai.queues.simulating.probe import Said
    from k8sai.queues.simulating.simulate import Outcome, Simulation


def probe(question: "Question", found: "Simulation", code: int) -> int:
    """The exit code: the model's where Kueue agrees, else Kueue's. Raises Refused, Usage."""
    from k8sai.cluster.connect import connect
    from k8sai.queues.simulating.probe import probe as ask

    outcome = _only(found)
    _consent(question, outcome)
    connection = connect(question.options)
    with _talk.Progress(f"asking Kueue on {connection.server}"):
        said = ask(connection, outcome.workload)
    _print.line(f"Kueue     {_words(said)}")
    _print.flush()
    if said.reserved is None or said.reserved == outcome.fits:
        return code
    _talk.note(Note("Kueue and its model disagree: the cluster has changed meanwhile, or the model is wrong", "bad"))
    return Exit.OK if said.reserved else Exit.NO_CAPACITY


def _only(found: "Simulation") -> "Outcome":
    if len(found.outcomes) > 1:
        raise Usage(f"this makes {len(found.outcomes)} Workloads, and --probe tries one", "leave the others out")
    outcome = found.outcomes[0]
    if outcome.refused is not None:
        raise Refused(f"Kueue would not look at it: {outcome.refused.sentence}", outcome.refused.next)
    if outcome.kind == "NeedsPreemption":
        raise Refused("a real Workload would evict others, so none was made", "leave out --probe")
    return outcome


def _consent(question: "Question", outcome: "Outcome") -> None:
    if question.yes:
        return
    where = f"{outcome.workload.namespace}/{outcome.workload.queue}"
    if not _talk.asked_by_a_person():
        raise Refused(f"--probe makes a real Workload in {where}, and nobody is here to ask", "add -y")
    asked = f"Create a real Workload in {where} and delete it again? It holds quota for a moment, and Kueue may evict."
    if not _talk.ask(asked):
        raise Refused("nothing was created")


def _words(said: "Said") -> str:
    if said.reserved is None:
        return "has said nothing: it is not first in its line, or the same was tried before in vain"
    if not said.reserved:
        return f"keeps it waiting: {said.message}"
    flavors = {flavor for given in (said.flavors or {}).values() for flavor in given.values()}
    return f"gave it quota of {', '.join(sorted(flavors))}: {said.message}"
