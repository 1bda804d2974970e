"""llm-d and the Inference Extension: the weights of two models that one pool serves, most often adapters of one model.

The kind has moved from one group to another: whichever is served is used. Both sides have the same pods; in Prometheus
they differ by model_name. https://github.com/llm-d/llm-d-router
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from k8sai.canary.backend import Begin, Goal, Promote, Rollback, Shift, Step, Write, guards
from k8sai.canary.backends.modelrewrite.rules import Rule, chosen, found, models, old_side, rules, shared
from k8sai.canary.backends.owners import refuse_owned
from k8sai.canary.backends.routes.behind import Behind, look_behind
from k8sai.canary.backends.routes.destinations import POOLS, Destination
from k8sai.canary.backends.routes.weighted import home_of
from k8sai.canary.backends.routes.weighted_choose import only_to
from k8sai.canary.backends.steps import taken_over
from k8sai.canary.facts import Json, Prepared, Ref, Seen, Side, Wish
from k8sai.cluster.reading import condition
from k8sai.errors import Drift, Refused, Usage

if TYPE_CHECKING:
    from k8sai.cluster.reading import Reading

WORD = "modelrewrite"
_PLURAL = "inferencemodelrewrites"
_WAY = "--to MODEL, as the pool serves it"


class ModelRewrite:
    """`modelrewrite/chat --to chat-v2`, where chat-v2 is a model that the pool serves."""

    name = "modelrewrite"
    kinds: Sequence[str] = (f"{_PLURAL}.llm-d.ai", f"{_PLURAL}.inference.networking.x-k8s.io")
    words: Sequence[str] = (WORD, "inferencemodelrewrite", _PLURAL)
    read_only = False

    def takes(self, target: Json, read: "Reading") -> bool:
        return any(one.targets for one in rules(target))

    def prepare(self, target: Json, wish: Wish, read: "Reading") -> Prepared:
        refuse_owned(target, WORD, read)
        title = _title(target)
        there, canary = chosen(target, wish, title), _new_side(wish)
        stable = old_side(there, canary, title)
        for one in there:
            _insist_it_decides(target, one, read)
        known = [{"matches": one.rule.get("matches") or []} for one in there]
        before = [{**each, "targets": one.targets} for each, one in zip(known, there, strict=True)]
        notes = (f"whether {_pool(target).title} has loaded {canary} is not seen before requests reach it",)
        handle = {"stable": stable, "canary": canary, "rules": known, "pool": target["spec"]["poolRef"]}
        return Prepared(handle, {"rules": before, "spec": target["spec"]}, notes=notes)

    def see(self, target: Json, handle: Json, read: "Reading") -> Seen:
        handle = handle or _guessed(target)
        percents = {one.title: one.percent(*_pair(handle)) for one in found(target, handle["rules"])}
        percent, behind = max(percents.values(), default=0.0), look_behind(_pool(target), read)
        waiting = _not_taken_over(target)
        return Seen(
            target,
            _side(handle["stable"], behind, 100 - percent),
            _side(handle["canary"], behind, percent) if handle["canary"] else None,
            not waiting,
            waiting,
            drift=tuple(_drift(target, handle, percents)),
        )

    def next(self, seen: Seen, goal: Goal, handle: Json, before: Json) -> Step:
        """Raises Drift where a rule of the rollout is gone."""
        write: Write | None = None
        match goal:
            case Begin(_, percent) | Shift(percent):
                write = _shared(seen, handle, percent)
            case Promote():
                write = _shared(seen, handle, 100)
            case Rollback(0):
                write = _put_back(seen, handle, before)
            case Rollback(percent):
                write = _shared(seen, handle, percent) if seen.configured > percent else None
        return write or taken_over(seen)


def _pair(handle: Json) -> tuple[str, str]:
    return handle["stable"], handle["canary"]


def _title(rewrite: Json) -> str:
    return f"{WORD}/{rewrite['metadata']['name']}"


def _new_side(wish: Wish) -> str:
    only_to(wish, "model rewrite", _WAY)
    if "/" in wish.to:
        raise Usage(f"{wish.to} is no model", _WAY)
    if wish.headers:
        raise Usage("a model rewrite knows no headers", "leave --header out")
    if wish.warm_replicas is not None:
        raise Usage("both models have the pods of one pool", "leave --warm-replicas out")
    return wish.to


def _pool(rewrite: Json) -> Destination:
    ref = rewrite["spec"]["poolRef"]
    group, kind = ref.get("group", POOLS[0]), ref.get("kind") or "InferencePool"
    return Destination(group, kind, home_of(rewrite), ref["name"])


def _side(model: str, pool: Behind, percent: float) -> Side:
    """Both have the pool's pods, and none of their own."""
    trouble = pool.trouble or ("the pool has no ready endpoints" if percent and pool.ready == 0 else "")
    return Side(model, ready=pool.ready, trouble=trouble, series={"model_name": model}, percent=percent)


def _guessed(rewrite: Json) -> Json:
    """A handle for who has none: of the rule with the most targets the heaviest is the old side, the next the new one.

    Raises Refused.
    """
    most = max(rules(rewrite), key=lambda one: len(one.targets), default=None)
    if most is None or not most.targets:
        raise Refused(f"{_title(rewrite)} has no rule with targets")
    names = sorted({one["modelRewrite"] for one in most.targets}, key=lambda name: (-most.weight(name), name))
    known = {"matches": most.rule.get("matches") or []}
    return {"stable": names[0], "canary": names[1] if names[1:] else "", "rules": [known]}


def _insist_it_decides(rewrite: Json, one: Rule, read: "Reading") -> None:
    """Of two that match a model, the older object decides. Raises Refused where that is another one."""
    group = str(rewrite["apiVersion"]).partition("/")[0]
    for other in read.list(f"{_PLURAL}.{group}", home_of(rewrite)):
        if _age(other) < _age(rewrite) and _pool(other).same(_pool(rewrite)):
            for its in rules(other):
                same = set(models(its.rule)) & set(models(one.rule))
                if same or not (models(its.rule) or models(one.rule)):
                    about = ", ".join(sorted(same)) or "all models"
                    raise Refused(
                        f"{_title(other)} is older and decides on {about}", f"roll {_title(other)} out instead"
                    )


def _age(rewrite: Json) -> tuple[str, str]:
    meta = rewrite["metadata"]
    return meta.get("creationTimestamp") or "", meta["name"]


def _not_taken_over(rewrite: Json) -> str:
    """What a status says against it; a router need not write one."""
    accepted = condition(rewrite, "Accepted")
    if accepted is None or accepted.get("reason") == "Pending":
        return ""
    if accepted.get("observedGeneration") not in (None, rewrite["metadata"].get("generation")):
        return "the router has not yet looked at what is written"
    if accepted["status"] != "True":
        return f"the router does not accept it: {accepted.get('message') or accepted.get('reason')}"
    return ""


def _drift(rewrite: Json, handle: Json, percents: dict[str, float]) -> Iterator[str]:
    title = _title(rewrite)
    if len(percents) < len(handle["rules"]):
        yield f"a rule of {title} is gone"
    if "pool" in handle and handle["pool"] != rewrite["spec"]["poolRef"]:
        yield f"{title} is about another pool than when the rollout began"
    for one in found(rewrite, handle["rules"]):
        for name in one.others(*_pair(handle)):
            yield f"rule {one.title} of {title} has a target that is neither side: {name}"
    if len(set(percents.values())) > 1:
        yield f"the rules of {title} give the canary " + ", ".join(
            f"{one} {much:g} %" for one, much in percents.items()
        )


def _shared(seen: Seen, handle: Json, percent: int) -> Write | None:
    """Both targets of every rule at a percent. Raises Drift."""
    there = found(seen.target, handle["rules"])
    if len(there) < len(handle["rules"]):
        raise Drift(f"a rule of {_title(seen.target)} is gone")
    stable, canary = _pair(handle)
    off = [(one, shared(stable, canary, percent)) for one in there if one.percent(stable, canary) != percent]
    return _write(seen, off, f"{percent} % to {canary}", percent)


def _put_back(seen: Seen, handle: Json, before: Json) -> Write | None:
    """The targets as they were."""
    off = [
        (one, old["targets"])
        for old in before["rules"]
        for one in found(seen.target, [old])
        if one.targets != old["targets"]
    ]
    return _write(seen, off, f"all requests to {handle['stable']}, as before", 0)


def _write(seen: Seen, changes: list[tuple[Rule, list[Json]]], why: str, percent: int) -> Write | None:
    """One patch over all rules, each bound to what it matches and to all its targets."""
    if not changes:
        return None
    meta, kind = seen.target["metadata"], f"{_PLURAL}.{str(seen.target['apiVersion']).partition('/')[0]}"
    tests = [("/metadata/uid", meta["uid"])]
    for one, _ in changes:
        tests += [(f"{one.path}/{key}", one.rule.get(key)) for key in ("matches", "targets")]
    body = [{"op": "replace", "path": f"{one.path}/targets", "value": targets} for one, targets in changes]
    on = Ref(kind, home_of(seen.target), meta["name"], meta["uid"], WORD)
    return Write("json-patch", on, seen.target, guards(*tests) + body, why, weight=float(percent))
