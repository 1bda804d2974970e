"""Why a pod, job, gang or model does not run: one sentence, the evidence of every layer, and the next command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags, _print, _talk
from k8sai.commands._door import entry
from k8sai.commands._why_flags import Output, Plain
from k8sai.errors import Exit, Usage

if TYPE_CHECKING:
    from k8sai.why.scene import Scene
    from k8sai.why.verdict import Why


def why(
    options: Options,
    names: Annotated[
        list[str],
        typer.Argument(metavar="POD | KIND NAME | KIND/NAME", help="What is asked about; a plain name: a pod."),
    ],
    *,
    output: Output = "table",
    recording: _flags.Recording = None,
    plain: Plain = False,
) -> int:
    """Why a pod, job, gang or model does not run.

    The first line is the answer; below it stands every layer that was looked at, from the queue to the container.
    A plain name is a pod, else whoever makes pods in the namespace and is called so. Of a job with many pods the
    worst speaks for all.

    \b
    Kinds: po, job, cj, jobset, trainjob, workload (wl), deploy, rs, sts, ds, lws, pytorchjob and its kin,
    raycluster, rayjob, rayservice, isvc, llmisvc, appwrapper, rollout, vcjob, podgroup (pg).

    \b
    Exit codes:
      0   it runs, or has completed
      1   its own fault: the image, the program, its configuration; or it was evicted
      4   there is no such object
      6   short now: GPUs, devices, CPU, quota, topology; somebody else has them
      10  waits in order: suspended, queued, gated, a gang not complete, preempting, pulling, starting, ending
      11  never, unless somebody changes something: taint, selector, class or claim missing, too large, cordoned
      13  no layer explains it
      14  what may not be read could change the answer
      16  the object itself may not be read

    \b
    Examples:
      k8sai why train-7 -n ml            one pod
      k8sai why job/train                a job and all its pods
      k8sai why wl train -o json         every layer, for a script
      k8sai why train-7 -o name          the machine word alone
    """
    from k8sai.why.answer import explain
    from k8sai.why.document import document
    from k8sai.why.kinds import asked

    kind, name = asked(tuple(names))
    if recording is not None:
        _refuse_cluster(options)
        _talk.carry(["--from", str(recording)])
    scene, namespace = _recorded(recording, options) if recording is not None else _live(options)
    answer = explain(scene, kind, namespace, name)
    if output in ("json", "yaml"):
        shown = document(answer, context=scene.objects.context, at=scene.at)
        _print.document(shown, output)
    elif output == "name":
        _print.line(answer.code)
    else:
        _show(answer, options, plain=plain)
    _print.flush()
    _notes(answer)
    return int(answer.exit)


def _refuse_cluster(options: Options) -> None:
    given = [flag for flag in _flags.given(options) if flag != "--namespace"]
    if given:
        raise Usage(f"--from reads no cluster, so {given[0]} means nothing with it", "leave one of them out")


# --- reading ----------------------------------------------------------------------------------------------------------


def _live(options: Options) -> "tuple[Scene, str]":
    from k8sai.cluster.connect import connect
    from k8sai.cluster.live import read_once
    from k8sai.cluster.objects import LiveObjects
    from k8sai.cluster.tee import Tee
    from k8sai.fleet.index import Fleet
    from k8sai.scheduling.board import Board
    from k8sai.why.scene import Scene

    connection = connect(options)
    fleet, board = Fleet(), Board()
    with _talk.Progress(f"reading {connection.server}"):
        sources = read_once(connection, Tee(fleet, board))
    return Scene(board, fleet, LiveObjects(connection), sources), connection.namespace


def _recorded(path: Path, options: Options) -> "tuple[Scene, str]":
    from k8sai.ages import epoch
    from k8sai.cluster.recording import open_recording
    from k8sai.cluster.tee import Tee
    from k8sai.fleet.index import Fleet
    from k8sai.scheduling.board import Board
    from k8sai.why.scene import Scene

    recorded, feed, objects = open_recording(Path("/dev/stdin") if path == Path("-") else path)
    fleet, board = Fleet(), Board()
    feed(Tee(fleet, board))
    return Scene(board, fleet, objects, recorded.sources, epoch(recorded.at)), options.namespace or "default"


# --- printing ---------------------------------------------------------------------------------------------------------


def _show(answer: "Why", options: Options, *, plain: bool) -> None:
    from k8sai.why.document import page, tone

    _print.toned(answer.sentence, "plain" if plain else tone(answer))
    if answer.next:
        _print.line(f"next: {_pasteable(answer.next, options)}")
    if not plain:
        _print.line()
    _print.page(page(answer, plain=plain), plain=plain)


def _pasteable(command: str, options: Options) -> str:
    """With the flags that lead to the same cluster."""
    from shlex import join

    if command.startswith("kubectl "):
        flags = _flags.again(options)
        return f"{command} {join(flags)}" if flags else command
    return _talk.speak(f"`{command}`").strip("`")


def _notes(answer: "Why") -> None:
    from k8sai.view import Note

    for gap in answer.hidden:
        _talk.note(
            Note(f"{gap.what} could not be read: {gap.why}", "warn" if answer.exit == Exit.PARTIAL else "dim", gap.hint)
        )


main = entry(_flags.connected(why), "why")
