"""What the screen says where there is nothing to show: the reason, and the next command."""

from collections.abc import Sequence

from k8sai.cluster.sources import Source
from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.lines import wrap

_WIDEST = 76  # cells; longer lines are hard to read


def centred(title: str, sentence: str, hint: str, width: int, height: int, tone: str = "strong") -> Sequence[Line]:
    """A title, a sentence and a command in the middle of the room."""
    room = max(8, min(_WIDEST, width - 4))
    said: list[tuple[str, str]] = [(line, tone) for line in wrap(title, room)]
    if sentence:
        said += [("", "plain")] + [(line, "plain") for line in wrap(sentence, room)]
    if hint:
        said += [("", "plain")] + [(line, "key") for line in wrap(hint, room)]
    above = max(0, (height - len(said)) // 2)
    lines: list[Line] = [()] * above
    for text, ink in said:
        lines.append(((" " * max(0, (width - len(text)) // 2), "plain"), (text, ink)))
    return lines


def nothing_matches(typed: str, width: int, height: int) -> Sequence[Line]:
    """The filter leaves nothing."""
    return centred(f"Nothing matches /{typed}", "", "esc clears the filter", width, height)


def what_is_missing(desk: Desk, width: int, height: int) -> Sequence[Line]:
    """Why there is no GPU to show: no rights, no answer, no data yet, no nodes, or no GPUs."""
    nodes = _source(desk, "nodes")
    unread = _unread(desk, nodes, width, height)
    if unread is not None:
        return unread
    if not nodes.count:
        return centred(
            "The cluster has no nodes", "There is nowhere for a GPU to be yet.", "kubectl get nodes", width, height
        )
    some = "1 node, and it offers no GPU" if nodes.count == 1 else f"{nodes.count:,} nodes, and none offers a GPU"
    sentence = (
        "A GPU shows once a device plugin or a DRA driver advertises it. Press a to see the nodes without GPUs too."
    )
    return centred(some, sentence, "kubectl get pods -A | grep -iE 'device-plugin|gpu|dra'", width, height)


def pods_missing(desk: Desk, otherwise: str, width: int, height: int) -> Sequence[Line]:
    """Why there is no pod to show; `otherwise` when that is simply so."""
    unread = _unread(desk, _source(desk, "pods"), width, height)
    return centred(otherwise, "", "", width, height) if unread is None else unread


def _source(desk: Desk, kind: str) -> Source:
    return next((source for source in desk.feed.sources() if source.kind == kind), Source(kind, "starting"))


def _unread(desk: Desk, source: Source, width: int, height: int) -> Sequence[Line] | None:
    """Why nothing of this kind was ever read; None when it was."""
    if source.state == "forbidden":
        sentence = source.message or f"The cluster does not let you list {source.kind}."
        hint = source.hint or f"kubectl auth can-i list {source.kind} --all-namespaces"
        return centred(f"No rights to see {source.kind}", sentence, hint, width, height, "warn")
    if (source.state in ("failed", "retrying") or (source.state == "starting" and source.message)) and not source.at:
        title = f"{desk.feed.context} does not answer"
        return centred(title, source.message, source.hint or "kubectl cluster-info", width, height, "bad")
    if source.state == "starting" or not source.at:
        return centred(f"Reading {source.kind} of {desk.feed.context} {desk.glyphs.dots}", "", "", width, height)
    return None
