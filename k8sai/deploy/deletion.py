"""Deletes a set, or what files name: the last written first, each object by its uid, and never what was not meant."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from k8sai.cluster.writing import Propagation, Target, Writer
from k8sai.deploy.applying import Outcome
from k8sai.deploy.applyset import Contents, group_kind, spared
from k8sai.deploy.paths import Json
from k8sai.deploy.placing import Placed
from k8sai.deploy.plan import Change, Plan
from k8sai.deploy.pruning import Inventory, backwards, said
from k8sai.deploy.readiness import READY, State
from k8sai.errors import Forbidden, K8saiError


@dataclass(frozen=True, slots=True)
class Doomed:
    """What would be deleted, what stays because nobody named its kind, and what is not there anyway."""

    plan: Plan
    absent: tuple[Target, ...] = ()
    still: Contents = field(default_factory=Contents)


def of_set(inventory: Inventory, also: Iterable[str]) -> Doomed:
    """Everything of a set. Raises what listing raises."""
    left = inventory.left((), also)
    return Doomed(Plan(left.changes, left.kept), still=left.still)


def of_files(placed: Placed, writer: Writer, also: Iterable[str]) -> Doomed:
    """What files name, as it is in the cluster."""
    also, absent, kept, changes = tuple(also), [], [], []
    for item in placed.items:
        target = item.target
        meta = writer.metadata(target)
        if meta is None:
            absent.append(target)
        elif spared(group_kind(target.resource.group, target.resource.kind), also):
            kept.append(said(target))
        else:
            changes.append(Change("delete", target, live=meta, place=item.manifest.place))
    return Doomed(Plan(tuple(backwards(reversed(changes))), tuple(kept)), tuple(absent))


def insist_on_rights(writer: Writer, plan: Plan) -> None:
    """Before anything is deleted. Raises Forbidden with every right that is missing."""
    asked = {(one.target.resource, one.target.namespace): one.target for one in plan.changes}
    missing = [
        (target.plural, namespace)
        for (resource, namespace), target in asked.items()
        if not writer.may("delete", resource, namespace) and not writer.may("delete", resource, namespace, target.name)
    ]
    if missing:
        texts = [f"you may not delete {plural}" + (f" in namespace {ns}" if ns else "") for plural, ns in missing]
        raise Forbidden(
            f"nothing was deleted: {texts[0]}",
            f"ask an admin for it; this tells when it is granted: `{writer.can_i('delete', *missing[0])}`",
            tuple(texts[1:]),
        )


def delete(
    writer: Writer,
    plan: Plan,
    told: Callable[[Outcome], None],
    *,
    propagation: Propagation = "Background",
    dry_run: bool = False,
) -> Iterator[Outcome]:
    """One after the other; what fails is told, and the others go on."""
    for change in plan.changes:
        try:
            there = writer.delete(change.target, uid=change.uid, propagation=propagation, dry_run=dry_run)
            outcome = Outcome(change, "deleted" if there else "gone")
        except K8saiError as error:
            outcome = Outcome(change, "failed", error=error)
        told(outcome)
        yield outcome


def going(plan: Plan) -> Callable[[Target, Json | None], State]:
    """How far the deletion of each of these is: an object of the same name with another uid is another one."""
    uids = {one.target: one.uid for one in plan.changes}

    def judge(target: Target, obj: Json | None) -> State:
        meta = (obj or {}).get("metadata") or {}
        if obj is None or meta.get("uid") != uids[target]:
            return READY
        holding = meta.get("finalizers") or ()
        return State("progress", f"held by {', '.join(holding)}" if holding else "ending")

    return judge
