"""`queue simulate`: what Kueue would do with a manifest, with so many GPUs, or after a change."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.commands._queue_question import Question

Output = Literal["table", "json", "yaml", "name"]


def simulate(
    options: Options,
    job: Annotated[
        str, typer.Argument(metavar="[JOB]", help="One that waits already: job/NAME, wl/NAME, KIND/NAME.")
    ] = "",
    *,
    file: Annotated[
        str, typer.Option("-f", "--filename", metavar="FILE", help="A manifest of any kind with pods; - is stdin.")
    ] = "",
    gpus: Annotated[
        int | None, typer.Option("--gpus", metavar="N", help="GPUs of each pod, instead of a manifest.")
    ] = None,
    pods: Annotated[int | None, typer.Option("--pods", metavar="N", help="How many such pods; 1 unless said.")] = None,
    cpu: Annotated[str, typer.Option("--cpu", metavar="AMOUNT", help="CPU of each pod.")] = "",
    memory: Annotated[str, typer.Option("--memory", metavar="AMOUNT", help="Memory of each pod.")] = "",
    resource: Annotated[
        str, typer.Option("--resource", metavar="NAME", help="The GPU resource; that of the queue unless said.")
    ] = "",
    flavor_selector: Annotated[
        list[str] | None,
        typer.Option("--flavor-selector", metavar="KEY=VALUE", help="A node label the pods select; may be repeated."),
    ] = None,
    tolerate: Annotated[
        list[str] | None,
        typer.Option("--tolerate", metavar="KEY[=VALUE][:EFFECT]", help="A taint that the pods tolerate."),
    ] = None,
    queue: Annotated[
        str, typer.Option("--queue", metavar="NAME", help="The LocalQueue, whatever the manifest says.")
    ] = "",
    priority: Annotated[
        str,
        typer.Option("--priority", metavar="CLASS", help="As if of this WorkloadPriorityClass or PriorityClass."),
    ] = "",
    assume: Annotated[
        list[str] | None,
        typer.Option("--if", metavar="CHANGE", help="As if cq.NAME.nominal=24, finish=NS/JOB, …; may be repeated."),
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Also create and delete a real Workload, and say what Kueue says.")
    ] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask before --probe.")] = False,
    recording: _flags.Recording = None,
    output: Annotated[
        Output, typer.Option("-o", "--output", help="How to print it; name: the verdict's word alone.")
    ] = "table",
    plain: Annotated[bool, typer.Option("--plain", help="Words, no colour: a line per thing.")] = False,
) -> int:
    """What Kueue would do with a workload now, before it is submitted; or with one that waits, after a change.

    Flavors, quota, borrowing, preemption, topology and the order of the line are Kueue's own rules on the picture of
    this moment. Nothing is written and nothing reserved. The largest size that would fit is tried, not guessed.

    \b
    --if, each several times:
      cq.NAME.nominal=24             of the only flavor of GPUs, else cq.NAME.FLAVOR.nominal,
                                     else cq.NAME.FLAVOR.RESOURCE.nominal; borrowingLimit and
                                     lendingLimit too, none for no limit
      cq.NAME.FIELD=…                cohort, stop, strategy, weight, preemption.within,
                                     preemption.reclaim, preemption.borrowWithin
      cohort.NAME.FIELD=…            the quotas, parent, weight
      lq.NAMESPACE/NAME.FIELD=…      cq, stop
      finish=NAMESPACE/JOB           as if it had ended

    \b
    Exit codes:
      0   it fits now, by borrowing or without
      4   no such job, queue, cohort or priority class
      6   not now: others hold the quota, or the topology is too fragmented
      10  it needs preemption: who would be evicted is said
      11  never as it is asked, no flavor for its pods, or queues that are not set up for it
      14  what may not be read could change the answer
      16  no queue may be read

    \b
    Examples:
      k8sai queue simulate -f train.yaml                       before it is submitted
      k8sai queue simulate --gpus 8 --pods 4 --queue main      a gang
      k8sai queue simulate job/sft --if cq.finetune.nominal=24 would it start then
      k8sai queue simulate job/sft --priority high              with another class
      k8sai queue simulate --gpus 8 --if finish=ml/sweep -o json
    """
    from k8sai.commands._queue_question import Question
    from k8sai.commands._queue_simulate_run import run

    question = Question(
        options=options,
        job=job,
        file=file,
        gpus=gpus,
        pods=pods,
        cpu=cpu,
        memory=memory,
        resource=resource,
        labels=tuple(flavor_selector or ()),
        tolerate=tuple(tolerate or ()),
        queue=queue,
        priority=priority,
        assume=tuple(assume or ()),
        probe=probe,
        yes=yes,
        recording=recording,
        output=output,
        plain=plain,
    )
    _refuse_contradictions(question)
    return run(question)


def _refuse_contradictions(question: "Question") -> None:
    """Before anything is read. Raises Usage."""
    subjects = [
        name
        for name, given in (("a job", question.job), ("-f", question.file), ("--gpus", question.gpus is not None))
        if given
    ]
    if not subjects:
        raise Usage(
            "simulate needs a subject: -f FILE, --gpus N, or a job that waits",
            "`k8sai queue simulate --gpus 8 --pods 4` asks for a gang",
        )
    if len(subjects) > 1:
        raise Usage(f"{' and '.join(subjects)} both say what is asked for", "leave one of them out")
    if question.gpus is None:
        _only_with_gpus(question)
    if question.job and question.queue:
        raise Usage("a job that waits has its queue", "`k8sai queue move` changes it")
    if question.probe and question.job:
        raise Usage(f"{question.job} is real: Kueue has judged it already", "`k8sai queue why` says what it said")
    if question.probe and question.assume:
        raise Usage("--probe asks the cluster as it is, and --if is about another one", "leave one of them out")
    if question.probe and question.recording is not None:
        raise Usage("--from reads no cluster, so there is nothing to probe", "leave one of them out")
    if question.file == "-" and question.recording == Path("-"):
        raise Usage("-f and --from cannot both be stdin", "give one of them as a file")


def _only_with_gpus(question: "Question") -> None:
    for flag, value in (
        ("--pods", question.pods),
        ("--cpu", question.cpu),
        ("--memory", question.memory),
        ("--resource", question.resource),
        ("--flavor-selector", question.labels),
        ("--tolerate", question.tolerate),
    ):
        if value not in (None, "", ()):
            raise Usage(f"{flag} is for pods made from flags, which begin with --gpus", "leave it out")
