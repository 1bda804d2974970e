"""A rollout in lines of runs: its weights as bars, the evidence of its gate, why it is where it is, what happened."""

from collections.abc import Iterator, Sequence
from math import log
from typing import TYPE_CHECKING, Final

from k8sai.canary.gate import HARM, SAFE, MetricVerdict
from k8sai.canary.shown import page
from k8sai.canary.shown.words import count, evidence, percent, share
from k8sai.tui.columns import Field, fit
from k8sai.tui.glyphs import Glyphs, meter
from k8sai.tui.ink import Line, Run
from k8sai.tui.lines import wrap
from k8sai.tui.words import age, clean, span

if TYPE_CHECKING:
    from k8sai.canary.facts import Side
    from k8sai.canary.pods import Pods
    from k8sai.canary.shown.look import Look
    from k8sai.canary.state import Happened

_WIDE: Final = 120  # columns from which bars are longer and counts are told
_VERDICTS: Final = {"PASS": "good", "FAIL": "bad", "CONTINUE": "dim"}


def heading(look: "Look") -> Run:
    """`isvc/chat · kserve-standard · GATING step 3/5 · 25 %`."""
    said = page.title(look)
    return clean(said.text), said.tone


# --- both sides -------------------------------------------------------------------------------------------------------


def sides(look: "Look", width: int, dots: str) -> Iterator[Line]:
    """A line each: tag, version, pods and GPUs, and what is the matter with them."""
    if look.seen is None:
        return
    both = (("stable", look.seen.stable, look.stable), ("canary", look.seen.canary, look.canary))
    longest = min(34, max(len(side.name) for _, side, _ in both if side is not None))
    for tag, side, pods in both:
        if side is not None:
            yield fit(_side(tag, side, pods, longest), width, Field(""), dots)


def _side(tag: str, side: "Side", pods: "Pods | None", longest: int) -> Line:
    runs: list[Run] = [(f" {tag} ", ink_of(tag)), (clean(side.name)[:longest].ljust(longest + 2), "strong")]
    if pods is not None:
        full = pods.ready == pods.there
        runs.append((f"{pods.ready}/{pods.there} ready", "plain" if full else "warn"))
        runs.append((f"  {pods.gpus:g} GPU" if pods.gpus else "", "plain"))
    elif side.ready is not None:
        runs.append((f"{side.ready}/{side.replicas if side.replicas is not None else '?'} ready", "plain"))
    else:
        runs.append(("no pods of its own", "dim"))
    if trouble := (pods.trouble or pods.pending if pods else "") or side.trouble:
        runs.append((f"  {clean(trouble)}", "bad"))
    return tuple(runs)


def ink_of(tag: str) -> str:
    """The canary is the one to look at."""
    return "accent" if tag == "canary" else "key"


# --- weights ----------------------------------------------------------------------------------------------------------


def weights(look: "Look", width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Percent of the canary: what was decided, what the route says, what requests show."""
    cells = 40 if width >= _WIDE else 20
    if look.state is not None:
        going = look.state.pending
        more = f" {glyphs.arrow} {percent(going.weight)}, {going.word} is on its way" if going else ""
        yield _weight("set", look.state.weight, "accent", more, cells, glyphs)
    if look.seen is not None:
        word, given = ("route", look.seen.route) if look.seen.route is not None else ("spec", look.seen.configured)
        late = f"not taken over: {clean(look.seen.waiting)}" if look.seen.waiting else ""
        yield fit(_weight(word, given, "key", late, cells, glyphs), width, Field(""), glyphs.dots)
    split = look.observed.split
    if split is not None and split.observed is not None:
        ink = "good" if split.honoured else "bad"
        words = "split ok" if split.honoured else "split not honoured"
        more = f"of {count(look.observed.requests)} requests, {words}, p={split.p:.2g}"
        yield _weight("observed", split.observed, ink, more, cells, glyphs)
    elif look.observed.why:
        yield fit((_label("observed"), (clean(look.observed.why), "dim")), width, Field(""), glyphs.dots)


def _weight(word: str, value: float, ink: str, more: str, cells: int, glyphs: Glyphs) -> Line:
    bar = meter([(value, ink)], 100, cells, glyphs)
    return (_label(word), (f"{percent(value):>7} ", "plain"), *bar, (f"  {more}" if more else "", "dim"))


def _label(word: str) -> Run:
    return f" {word:<9}", "dim"


# --- the gate ---------------------------------------------------------------------------------------------------------


def gates(look: "Look", width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Of every requirement the evidence for harm and for safety, each as far as it is on its way to deciding."""
    metrics = look.verdict.metrics if look.verdict else ()
    longest = max((len(one.slo.title) for one in metrics), default=0)
    for one in metrics:
        yield fit(_gate(one, longest, width, glyphs), width, Field(""), glyphs.dots)


def _gate(one: MetricVerdict, longest: int, width: int, glyphs: Glyphs) -> Line:
    harm, safe = max(one.harm, one.hard or 0.0), max(one.safe_relative, one.safe_absolute)
    cells = 20 if width >= _WIDE else 8
    outcome = str(one.outcome)
    need = f" +{count(one.need)}" if one.need else ""
    runs: list[Run] = [(f" {clean(one.slo.title):<{longest}}", "strong")]
    runs += [("  harm ", "dim"), *_towards(harm, HARM, ("warn", "bad"), cells, glyphs)]
    runs += [("  safe ", "dim"), *_towards(safe, SAFE, ("key", "good"), cells, glyphs)]
    runs += [(f"  {outcome}", _VERDICTS[outcome]), (need, "dim")]
    if width >= _WIDE:
        told = f"canary {share(one.canary_bad, one.canary_all)}   stable {share(one.stable_bad, one.stable_all)}"
        runs.append((f"   {told}", "dim"))
    return tuple(runs)


def _towards(value: float, limit: float, inks: tuple[str, str], cells: int, glyphs: Glyphs) -> Iterator[Run]:
    """By its logarithm: each tenfold is as far, and below 1 there is no evidence at all. The second ink: decided."""
    there = value >= limit
    yield from meter([(done(value, limit), inks[there])], 1.0, cells, glyphs)
    yield f" {evidence(value)}/{limit:.0f}".ljust(9), inks[1] if there else "plain"


def done(value: float, limit: float) -> float:
    """0 to 1: how far an e-value is on its way to its limit."""
    return 0.0 if value <= 1 else min(1.0, log(value) / log(limit))


# --- words ------------------------------------------------------------------------------------------------------------


def around(look: "Look", now: float) -> Line:
    """Who holds it, since when, its id."""
    state, holder = look.state, look.holder
    runs: list[Run] = [(" holder ", "dim")]
    if holder is None:
        runs.append(("nobody", "plain"))
    else:
        lease = "silent" if holder.expired else "lease"
        runs.append((f"{clean(holder.who)} ({lease} {span(holder.age)})", "bad" if holder.expired else "plain"))
    if state is not None:
        runs += [("   started ", "dim"), (f"{age(state.begun, now)} ago", "plain")] if state.begun else []
        runs += [(f"   since {age(state.since, now)} {state.phase}", "dim")] if state.since else []
        runs += [("   id ", "dim"), (clean(state.id), "dim")]
    return tuple(runs)


def why(look: "Look", width: int, most: int) -> list[Line]:
    """Why it is where it is, what has drifted, what its controller says: at most so many lines."""
    lines: list[Line] = []
    for note in page.notes(look):
        lines += [((f" {part}", note.tone),) for part in wrap(clean(note.text), width - 2, most)]
    return lines[:most]


def following(look: "Look") -> Line:
    """The command to type next."""
    then = look.outcome.next
    return ((" next ", "dim"), (f"k8sai {then} -n {look.ref.namespace}" if then else "nothing", "key"))


def history(entries: "Sequence[Happened]", now: float, width: int, most: int, glyphs: Glyphs) -> list[Line]:
    """The newest first, as many as there is room for."""
    lines: list[Line] = []
    for one in reversed(entries[-most:] if most > 0 else ()):
        moved = percent(one.after) if one.before == one.after else f"{one.before} {glyphs.arrow} {percent(one.after)}"
        told: Line = (
            (f" {age(one.at, now):>6} ", "dim"),
            (f"{clean(one.verb):<10} ", "strong"),
            (f"{moved:<11} ", "accent" if one.before != one.after else "dim"),
            (clean(one.reason), "plain"),
            (f"  {clean(one.by.partition('/')[0])}", "dim"),
        )
        lines.append(fit(told, width, Field(""), glyphs.dots))
    return lines
