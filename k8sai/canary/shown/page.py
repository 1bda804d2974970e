"""`canary status` for people: one screen, both sides beside each other, and what decides."""

from collections.abc import Iterator

from k8sai.ages import epoch, human
from k8sai.canary.facts import ENDED, Phase, Side
from k8sai.canary.pods import Pods
from k8sai.canary.shown.look import Look, Observed
from k8sai.canary.shown.words import count, percent, proof, share
from k8sai.view import Cell, Column, Note, Page, Row, Table, Tone, Tree

_TONES: dict[Phase, Tone] = {
    Phase.PROMOTED: "good",
    Phase.ROLLED_BACK: "warn",
    Phase.ROLLING_BACK: "warn",
    Phase.DRIFTED: "bad",
    Phase.FAILED: "bad",
    Phase.PAUSED: "warn",
}
_VERDICTS: dict[str, Tone] = {"PASS": "good", "FAIL": "bad", "CONTINUE": "plain"}


def title(look: Look) -> Cell:
    """`chat · kserve-standard · GATING step 3/5 · 25 %`."""
    state = look.state
    if state is None:
        return Cell(f"{look.ref.title} · {look.backend} · no rollout")
    step = f" step {state.step + 1}/{len(state.steps)}" if state.step >= 0 else ""
    words = f"{look.ref.title} · {look.backend} · {str(state.phase).upper()}{step} · {percent(state.weight)}"
    return Cell(words, _TONES.get(state.phase, "plain"))


def around(look: Look) -> str:
    """Who holds it, since when it runs, its id."""
    return "   ".join(_around(look))


def _around(look: Look) -> Iterator[str]:
    state, holder = look.state, look.holder
    if holder is not None and holder.name:
        age = "expired" if holder.expired else "lease"
        yield f"holder {holder.name} ({age} {human(holder.age)})"
    if state is not None and state.begun:
        yield f"started {human(look.at - epoch(state.begun))} ago"
        yield f"id {state.id}"


def screen(look: Look) -> Page:
    """All of it in one page, to be painted again and again."""
    below = [Tree(Cell(note.text, note.tone)) for note in notes(look)]
    following = [Tree(Cell(f"next: k8sai {look.outcome.next} -n {look.ref.namespace}"))] if look.outcome.next else []
    return Page((Tree(title(look)), Tree(Cell(around(look), "dim")), table(look), *below, *following))


def page(look: Look) -> Page:
    """The table of both sides, and the notes below it."""
    return Page((table(look),), tuple(notes(look)))


def table(look: Look) -> Table:
    """A row each for weights, pods and every requirement of the gate."""
    columns = (Column(""), Column(_heading("stable", look)), Column(_heading("canary", look)), Column("", shrink=True))
    rows = (_weights(look), _pods(look), *_gates(look))
    return Table(columns, tuple(row for row in rows if row is not None))


def _heading(word: str, look: Look) -> str:
    side = _side(word, look)
    return f"{word} ({side.name})" if side else word


def _side(word: str, look: Look) -> Side | None:
    if look.seen is None:
        return None
    return look.seen.stable if word == "stable" else look.seen.canary


def _row(key: str, *cells: Cell) -> Row:
    return Row(key, (Cell(key), *cells))


def _weights(look: Look) -> Row:
    told = observed(look.observed)
    return _row("weight", Cell(_both(look, canary=False)), Cell(_both(look, canary=True)), told)


def _both(look: Look, *, canary: bool) -> str:
    """`75 set · 75 route`: what was decided, and what the route's controllers report or have to."""
    words = []
    if look.state is not None:
        words.append(f"{_plain(look.state.weight if canary else 100 - look.state.weight)} set")
    if look.seen is not None:
        route, word = (look.seen.configured, "spec") if look.seen.route is None else (look.seen.route, "route")
        words.append(f"{_plain(route if canary else 100 - route)} {word}")
    return " · ".join(words) or "-"


def _plain(value: float) -> str:
    return percent(value).removesuffix(" %")


def observed(found: Observed) -> Cell:
    """`observed 23.9 % of 5 488 req (split ok, p=0.06)`."""
    split = found.split
    if split is None or split.observed is None:
        return Cell(f"not observed: {found.why}" if found.why else "", "dim")
    word = "split ok" if split.honoured else "split not honoured"
    text = f"observed {percent(split.observed)} of {count(found.requests)} req ({word}, p={split.p:.2g})"
    return Cell(text, "plain" if split.honoured else "bad")


def _pods(look: Look) -> Row | None:
    if look.stable is None and look.canary is None:
        return None
    trouble = next((one.trouble or one.pending for one in (look.canary, look.stable) if one), "")
    return _row("pods", _counted(look.stable), _counted(look.canary), Cell(trouble, "bad" if trouble else "plain"))


def _counted(pods: Pods | None) -> Cell:
    if pods is None:
        return Cell("-", "dim")
    gpus = f" · {pods.gpus:g} GPU" if pods.gpus else ""
    tone: Tone = "plain" if pods.ready == pods.there and not pods.trouble else "warn"
    return Cell(f"{pods.ready}/{pods.there} ready{gpus}", tone)


def _gates(look: Look) -> Iterator[Row]:
    for one in look.verdict.metrics if look.verdict else ():
        need = f"  needs {count(one.need)} more requests" if one.need else ""
        said = f"{one.outcome}  {proof(one)}{need}"
        yield _row(
            one.slo.title,
            Cell(share(one.stable_bad, one.stable_all)),
            Cell(share(one.canary_bad, one.canary_all)),
            Cell(said, _VERDICTS[str(one.outcome)]),
        )


def notes(look: Look) -> Iterator[Note]:
    """Why it is where it is, what has drifted, what waits, what the backend says."""
    state = look.state
    if look.unseen:
        yield Note(look.unseen, "bad")
    if state is not None and state.reason:
        yield Note(state.reason, _TONES.get(state.phase, "plain"))
    over = state is not None and state.phase in ENDED  # what anybody changes after that is no drift
    drifted = (*(state.drift if state else ()), *(look.seen.drift if look.seen and not over else ()))
    for sentence in dict.fromkeys(drifted):
        yield Note(sentence, "bad")
    if look.seen is not None and look.seen.waiting:
        yield Note(f"not taken over yet: {look.seen.waiting}", "warn")
    if look.lost and state is not None and state.pending is not None:
        goal = f"{state.pending.word} to {percent(state.pending.weight)}"
        yield Note(f"its operator is lost since {state.pending.at}: {goal} is half done", "bad")
    elif look.lost:
        yield Note("its operator is lost: nobody measures it, and nobody would roll it back", "bad")
    elif look.alone:
        yield Note("nobody carries it on: nobody measures it, and nobody would roll it back", "warn")
    for sentence in look.said:
        yield Note(sentence)


def hidden(look: Look) -> Iterator[Note]:
    """What could not be read, and how to ask for it."""
    for gap in look.hidden:
        yield Note(f"{gap.what} could not be read: {gap.why}", "warn", gap.hint)
