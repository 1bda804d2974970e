"""Would these pods start now, where, and if not: what is short and the smallest change that would do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags, _talk
from k8sai.commands._door import entry
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.commands._fit_run import Question

Output = Literal["table", "wide", "json", "yaml", "name"]


def fit(
    options: Options,
    *,
    gpus: Annotated[int | None, typer.Option("--gpus", metavar="M", help="GPUs per pod.", show_default=False)] = None,
    pods: Annotated[int | None, typer.Option("--pods", metavar="N", help="So many pods; 1 unless said.")] = None,
    file: Annotated[
        str,
        typer.Option("-f", "--filename", metavar="FILE", help="The pods of this manifest instead; - is stdin."),
    ] = "",
    product: Annotated[
        str, typer.Option("--product", metavar="TEXT", help="Only on nodes of this GPU product.", show_default=False)
    ] = "",
    same_clique: Annotated[bool, typer.Option("--same-clique", help="All on nodes of one NVLink clique.")] = False,
    same_zone: Annotated[bool, typer.Option("--same-zone", help="All on nodes of one zone.")] = False,
    labels: Annotated[
        str,
        typer.Option("-l", "--selector", metavar="LABELS", help="Only on nodes with these labels.", show_default=False),
    ] = "",
    resource: Annotated[
        str,
        typer.Option(
            "--resource",
            metavar="NAME",
            help="What a GPU is asked for as: a resource or a DeviceClass; else what the cluster has for whole cards.",
            show_default=False,
        ),
    ] = "",
    cpu: Annotated[str, typer.Option("--cpu", metavar="AMOUNT", help="CPU per pod: 16, 500m.")] = "",
    memory: Annotated[str, typer.Option("--memory", metavar="AMOUNT", help="Memory per pod: 128Gi.")] = "",
    tolerate: Annotated[
        list[str] | None,
        typer.Option(
            "--tolerate",
            "--toleration",
            metavar="TAINT",
            help="key, key=value or key=value:Effect; may be repeated. Taints named after GPU resources always are.",
        ),
    ] = None,
    priority_class: Annotated[
        str, typer.Option("--priority-class", metavar="NAME", help="The pods' PriorityClass.")
    ] = "",
    after_drain: Annotated[
        list[str] | None,
        typer.Option("--after-drain", metavar="NODE", help="As if this node were drained; may be repeated."),
    ] = None,
    after_finish: Annotated[
        list[str] | None,
        typer.Option(
            "--after-finish", metavar="KIND/NAME", help="As if this workload, or pod, had ended; may be repeated."
        ),
    ] = None,
    recording: _flags.Recording = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
    plain: Annotated[bool, typer.Option("--plain", help="Words, no colour: a line per thing.")] = False,
) -> int:
    """Would these pods start now, all of them, and where.

    The scheduler's own rules decide: GPUs, CPU, memory, taints, selectors, affinity, volumes, device claims, and the
    namespace's quotas. Nothing is written, and nothing is preempted. If they would not start, the smallest change that
    would do is named; it has been tried.

    \b
    Exit codes:
      0   all of them start now
      1   never, as they are asked: not on an empty cluster either
      6   not now: others hold what is missing, or a node is cordoned
      14  what may not be read could change the answer

    \b
    Examples:
      k8sai fit --gpus 8 --pods 32 --same-clique     a gang on one NVLink clique
      k8sai fit --gpus 1 --cpu 8 --memory 64Gi       one pod
      k8sai fit -f train.yaml -n ml                  a Job, JobSet, RayCluster, …
      k8sai fit --gpus 8 --after-drain gpu-17        with a node less
      k8sai fit --gpus 8 --after-finish job/sweep    once a job has ended
    """
    from k8sai.commands._fit_run import Question, run

    question = Question(
        options=options,
        gpus=gpus,
        pods=pods,
        file=file,
        product=product,
        together="clique" if same_clique else "zone" if same_zone else "",
        labels=labels,
        resource=resource,
        cpu=cpu,
        memory=memory,
        tolerate=tuple(tolerate or ()),
        priority_class=priority_class,
        after_drain=tuple(dict.fromkeys(after_drain or ())),
        after_finish=tuple(dict.fromkeys(after_finish or ())),
        recording=recording,
        output=output,
        plain=plain,
    )
    _refuse_contradictions(question, both=same_clique and same_zone)
    if recording is not None:
        _talk.carry(["--from", str(recording)])
    return run(question)


def _refuse_contradictions(question: "Question", *, both: bool) -> None:
    """Before anything is read: each pair of flags that cannot both be meant gets its sentence. Raises Usage."""
    if both:
        raise Usage("nodes of one clique are in one zone: --same-clique and --same-zone together mean --same-clique")
    if question.file and question.gpus is not None:
        raise Usage("-f says what is asked for, and so does --gpus", "leave one of them out")
    if not question.file and question.gpus is None:
        raise Usage(
            "fit needs to know what is asked for: --gpus M, or -f FILE", "`k8sai fit --gpus 8 --pods 4` asks for a gang"
        )
    if question.file:
        for flag, value in (
            ("--pods", question.pods),
            ("--resource", question.resource),
            ("--cpu", question.cpu),
            ("--memory", question.memory),
            ("--priority-class", question.priority_class),
        ):
            if value not in (None, ""):
                raise Usage(f"{flag} is for pods made from flags, and -f names a file", "leave one of them out")
    given = [flag for flag in _flags.given(question.options) if flag != "--namespace"]
    if question.recording is not None and given:
        raise Usage(f"--from reads no cluster, so {given[0]} means nothing with it", "leave one of them out")
    if question.file == "-" and question.recording == Path("-"):
        raise Usage("-f and --from cannot both be stdin", "give one of them as a file")


main = entry(_flags.connected(fit), "fit")
