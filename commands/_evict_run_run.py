"""`evict run` at work: plan, show, ask, lock, plan again, and carry it out."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from k8sai.ages import stamp
from k8sai.cluster.options import Options
from k8sai.commands import _print, _talk
from k8sai.commands._evict_said import say_end, say_left
from k8sai.commands._evict_site import Site, interruptible
from k8sai.commands._evict_voice import Voice
from k8sai.errors import Drift, Exit, Forbidden, K8saiError, Locked, NoCapacity, NotFound, Refused, Usage
from k8sai.view import Note, several

if TYPE_CHECKING:
    from k8sai.evict.plan import Plan
    from k8sai.evict.planning.wish import Wish


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed."""

    options: Options
    wish: "Wish"
    file: Path | None
    partial: bool
    yes: bool
    output: str


class Blocked(K8saiError):
    """A disruption budget that can never pass: nothing was written."""

    exit = Exit.BLOCKED


def drain(asked: Asked) -> int:
    """The exit code."""
    site = Site(asked.options, asked.wish.state_namespace)
    wish, agreed = _wish(asked, site)
    plan = _agreed(site, wish, agreed) if agreed else _made(site, wish)
    _show(plan, asked)
    _insist(plan, wish, asked)
    if not plan.gangs and not plan.nodes:
        return _nothing()
    _insist_on_a_yes(plan, asked)
    return _carried(site, replace(wish, id=plan.id), plan, asked)


def _wish(asked: Asked, site: Site) -> "tuple[Wish, str]":
    """What is asked for, and the hash that was agreed to. Raises Usage."""
    if asked.file is None:
        return replace(asked.wish, namespace=site.connection.namespace), ""
    _insist_on_nothing_else(asked.wish)
    import json

    from k8sai.evict.shown.plan_document import agreed

    try:
        wish, known = agreed(json.loads(asked.file.read_text(encoding="utf-8")), str(asked.file))
    except OSError as error:
        raise Usage(
            f"{asked.file} cannot be read: {error.strerror or error}", "see `k8sai evict run --help`"
        ) from error
    except ValueError as error:
        raise Usage(f"{asked.file} is not JSON", "`k8sai evict plan NODE --out FILE` writes one") from error
    site.state_namespace = site.state_namespace or wish.state_namespace
    if 0 < wish.settings.deadline <= site.now():
        text = f"the --deadline of {asked.file}, {stamp(wish.settings.deadline)}, is over: nothing was written"
        raise Drift(text, "`k8sai evict plan NODE --out FILE` plans anew")
    return wish, known


def _insist_on_nothing_else(wish: "Wish") -> None:
    """What was agreed to is carried out, and nothing else. Raises Usage."""
    from k8sai.evict.planning.wish import Wish

    if wish.nodes or wish.selector or wish.gang or wish.device:
        raise Usage("--plan says what is drained", "leave the nodes out")
    if wish != Wish(namespace=wish.namespace, price=wish.price, state_namespace=wish.state_namespace):
        text = "--plan says how it is drained: flags beside it would change what was agreed to"
        raise Usage(text, "leave them out, or give them to `k8sai evict plan NODE --out FILE`")


def _agreed(site: Site, wish: "Wish", known: str) -> "Plan":
    """Raises Drift where it is another plan now, or what was to be drained is gone."""
    hint = "`k8sai evict plan` shows what it would be now"
    try:
        plan = _made(site, wish)
    except NotFound as error:
        raise Drift(
            f"the cluster is not as it was planned with ({error.message}): nothing was written", hint
        ) from error
    if plan.hash != known:
        text = f"the cluster is not as it was planned with (hash {known}, now {plan.hash}): nothing was written"
        raise Drift(text, hint)
    return plan


def _made(site: Site, wish: "Wish") -> "Plan":
    from k8sai.evict.planning.make import make

    with _talk.Progress(f"reading {site.connection.server}"):
        return make(site.connection, wish)


def _show(plan: "Plan", asked: Asked) -> None:
    if asked.output in ("table", "wide"):
        from k8sai.commands._evict_plan_run import show

        show(plan, asked.wish.price, wide=asked.output == "wide")
        _print.line()


def _nothing() -> int:
    _talk.note(Note("there is nothing to drain", "plain"))
    return 0


def _insist(plan: "Plan", wish: "Wish", asked: Asked) -> None:
    """What stands in the way ends it here, unless it is to be left. Raises Refused, NoCapacity, Blocked, Forbidden."""
    from k8sai.commands._evict_plan_run import code_of

    code = code_of(plan, wish)
    if plan.missing_rights:
        first, *others = plan.missing_rights
        raise Forbidden(f"{first}: nothing was written", "`k8sai evict rbac` prints the roles", tuple(others))
    if code is Exit.OK or (asked.partial and code is not Exit.FINDINGS):
        return
    rows = [(one.gang.title, why) for one in plan.gangs for why in one.refusals]
    rows += [(f"pod {one.ref.namespace}/{one.ref.name}", why) for one in plan.pods for why in one.refusals]
    said = [f"{title}: {why.why}" for title, why in rows] or [f"{one.name}: {one.why}" for one in plan.blockers]
    hint = "`k8sai evict plan` says which flag accepts it; --partial leaves it and drains the rest"
    if code is Exit.FINDINGS:
        raise Refused(f"{plan.planned.best:.1f} GPU-h would be lost, more than --max-loss", "nothing was written")
    first, *more = said or ["the plan refuses something"]
    if locked := next((f"{title}: {why.why}" for title, why in rows if why.word == "locked"), ""):
        raise Locked(f"{locked}: nothing was written", "`k8sai evict status --all` shows what it does")
    kind = {Exit.NO_CAPACITY: NoCapacity, Exit.BLOCKED: Blocked}.get(code, Refused)
    raise kind(f"{first}: nothing was written", hint, tuple(more))


def _insist_on_a_yes(plan: "Plan", asked: Asked) -> None:
    """Raises Refused where nobody says yes."""
    if asked.yes:
        return
    stopped = [one for one in plan.gangs if one.action not in ("refuse", "skip")]
    on = f"close {plan.nodes[0].title}" if plan.device else f"drain {several(len(plan.nodes), 'node')}"
    what = f"{on} and stop {several(len(stopped), 'gang')} at {plan.planned.best:.1f} GPU-h"
    if not _talk.asked_by_a_person():
        raise Refused(
            f"this would {what}, and nobody can be asked: nothing was written",
            "--yes says yes, `k8sai evict plan` shows it",
        )
    if not _talk.ask(f"{what[0].upper()}{what[1:]} (now it would cost {plan.now.best:.1f})?"):
        raise Refused("nothing was written")


def _carried(site: Site, wish: "Wish", plan: "Plan", asked: Asked) -> int:
    from k8sai.evict.running.entering import begun
    from k8sai.evict.running.loop import Interrupted, Loop

    namespace = site.home(tuple(dict.fromkeys(one.gang.ref.namespace for one in plan.gangs)))
    with interruptible() as stop, Voice(asked.output) as voice:
        try:
            with begun(site.door(voice, stop), plan, namespace, lambda: _made(site, wish)) as (hands, held):
                _talk.note(Note(f"drain {plan.id} is kept in namespace {namespace}", "plain"))
                Loop(hands).run(held)
        except Interrupted as left:
            voice.clear()
            say_left(left.state, plan.id)
            return Exit.INTERRUPT
    return say_end(site, site.drain(plan.id), asked.output)
