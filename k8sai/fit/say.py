"""The sentence: yes or no, how many, where, and what is in the way."""

import re
from collections.abc import Iterable

from k8sai.fit.answer import Answer
from k8sai.fit.ask import Bounds, pods
from k8sai.fit.short import Short
from k8sai.view import several

_BLUNT = re.compile(r"^(Yes: |No: |No, and )")
_TOGETHER = {"clique": "one NVLink clique", "zone": "one zone"}


def sentence(answer: Answer, *, guessed: bool = False) -> str:
    """The whole answer in one sentence, with a full stop; `guessed` where what was not read could change it."""
    said = _sure(answer)
    return f"As far as may be read: {_BLUNT.sub('', said)}" if guessed else said


def _sure(answer: Answer) -> str:
    asked, count = answer.asked, answer.asked.count
    nodes = len(answer.placements)
    where = within(answer.bounds)
    when = _after(answer)
    if answer.fits:
        verb = "starts" if count == 1 else "start"
        said = f"Yes: {pods(count, asked.each)} {verb} {'then' if when else 'now'} on {several(nodes, 'node')}"
        return f"{said}{_found_in(answer)}{when}."
    if not answer.placed and answer.barriers and not answer.shorts:
        said = f"No: {answer.barriers[0].text}"
    elif answer.verdict == "never":
        fitting = f"{_fitting(answer)}; " if answer.placed < count else ""
        said = f"No, and never as it is asked: {fitting}{_never(answer)}"
    elif answer.barriers and answer.placed == count:
        said = f"No: the nodes have room, but {answer.barriers[0].text}"
    else:
        told = [short for short in answer.shorts if short.code != "NoSuchResource"]
        reason = max(told, key=lambda short: len(short.nodes), default=None)
        said = f"No: {_fitting(answer)}{where}{'; ' + _told(reason) if reason else ''}"
    return f"{said}{when}."


def _told(short: Short) -> str:
    """ "18 nodes are short of nvidia.com/gpu", "taint team=vision:NoSchedule on 2 nodes"."""
    nodes = several(len(short.nodes), "node")
    if short.code in ("Cordoned", "NotReady", "Insufficient"):
        return f"{nodes} {'is' if len(short.nodes) == 1 else 'are'} {short.reason}"
    return f"{short.reason} on {nodes}"


def within(bounds: Bounds) -> str:
    """ " in one NVLink clique"; empty where nothing must be common."""
    return f" in {_TOGETHER[bounds.together]}" if bounds.together else ""


def _fitting(answer: Answer) -> str:
    count, asked = answer.asked.count, answer.asked
    if answer.placed:
        verb = "fits" if answer.placed == 1 else "fit"
        return f"{answer.placed} of {pods(count, asked.each)} {verb}"
    return f"no node takes a pod of {asked.each}" if asked.each else f"none of {pods(count)} fits"


def _never(answer: Answer) -> str:
    """What no ending pod would change."""
    never = next((barrier.text for barrier in answer.barriers if barrier.never), "")
    if never:
        return never
    if not answer.shorts and not answer.placements:
        return "there is no node"
    if answer.shorts and all(short.code == "NoSuchResource" for short in answer.shorts):
        return answer.shorts[0].reason
    if answer.beyond:
        return answer.beyond
    return f"not on an empty cluster either{within(answer.bounds)}"


def _found_in(answer: Answer) -> str:
    """ " in clique c0.1"; where nodes have no such label, nothing."""
    if not answer.bounds.together:
        return ""
    name = next((domain.name for domain in answer.domains if domain.pods == answer.asked.count), "")
    return f" in {answer.bounds.together} {name}" if name else ""


def _after(answer: Answer) -> str:
    told = []
    if answer.drained:
        told.append(f"{_list(answer.drained)} {'is' if len(answer.drained) == 1 else 'are'} drained")
    if answer.finished:
        told.append(f"{_list(answer.finished)} {'has' if len(answer.finished) == 1 else 'have'} finished")
    return f", once {' and '.join(told)}" if told else ""


def _list(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
