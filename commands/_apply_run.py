"""`apply` at work: read, plan, show, write."""

import time

from k8sai.ages import stamp
from k8sai.cluster.writing import Writer
from k8sai.commands import _talk
from k8sai.commands._apply_show import insist, insist_on_a_yes, refused, remark, say_checks, show, show_unasked
from k8sai.commands._apply_source import Source, read
from k8sai.commands._apply_wish import Scene, Wish
from k8sai.commands._apply_write import write
from k8sai.deploy.applyset import ApplySet, checked_name, insist_on_spared
from k8sai.deploy.check import Check, Look, Needs
from k8sai.deploy.placing import place, unserved
from k8sai.deploy.plan import Plan
from k8sai.deploy.planning import draft
from k8sai.deploy.preflight import preflight, worst
from k8sai.deploy.pruning import Inventory

__all__ = ["Wish", "run"]


def run(wish: Wish, source: Source | None = None) -> int:
    """Plan, show, write; the exit code. `source` is what to apply where it is neither in files nor a recipe."""
    insist_on_spared(wish.prune_also)
    if wish.dry_run == "client":
        return show_unasked(wish, source or _source(wish))
    scene = _read(wish, source or _source(wish))
    if not wish.skip_preflight:
        scene.checks = _preflight(scene)
        error = worst(scene.checks)
        stops = error is not None and (wish.dry_run == "none" or bool(scene.placed.unserved))
        say_checks(scene, failures=not stops)
        if error is not None and stops:
            raise error
    for one in scene.placed.unserved:
        raise unserved(one)
    with _talk.Progress(f"asking {scene.connection.server} what it would make of it"):
        drafted = draft(scene.placed, scene.writer, wish.choices, scene.labels)
    insist(drafted)
    plan = _with_deletes(scene, drafted.plan)
    remark(plan, drafted)
    if plan.conflicts:
        return refused(scene, plan)
    if wish.dry_run != "none":
        return show(scene, plan)
    insist_on_a_yes(wish, plan)
    return write(scene, plan)


# --- reading ----------------------------------------------------------------------------------------------------------


def _source(wish: Wish) -> Source:
    return read(
        wish.recipe,
        wish.files,
        recursive=wish.recursive,
        sets=wish.sets,
        values=wish.values,
        recipe_dirs=wish.recipe_dirs,
        namespace=wish.options.namespace,
    )


def _read(wish: Wish, source: Source) -> Scene:
    from k8sai.cluster.connect import connect

    connection = connect(wish.options)
    writer = Writer(connection, wish.field_manager)
    placed = place(source.manifests, writer, connection.namespace, insisted=bool(wish.options.namespace and wish.files))
    name = wish.set_name or source.name
    inventory = Inventory(writer, ApplySet(checked_name(name), connection.namespace)) if name else None
    at = stamp(time.time())
    return Scene(wish, source, connection, writer, placed, inventory, at)


def _preflight(scene: Scene) -> list[Check]:
    from k8sai.cluster.objects import LiveObjects
    from k8sai.deploy.check_fit import would_fit

    connection, inventory, needs = scene.connection, scene.inventory, scene.source.requires
    look = Look(
        scene.writer,
        LiveObjects(connection),
        scene.placed,
        Needs(needs.kubernetes, needs.kinds) if needs else Needs(),
        prunes=tuple(inventory.places()) if inventory and scene.wish.prune else (),
        keeps=inventory.parent if inventory else None,
        remembered=bool(inventory and inventory.exists),
        fits=would_fit(connection, connection.namespace),
    )
    with _talk.Progress(f"looking whether {connection.server} is ready for it"):
        return preflight(look)


def _with_deletes(scene: Scene, plan: Plan) -> Plan:
    """With what has left the set, where that is to be pruned."""
    if not scene.wish.prune or scene.inventory is None:
        return plan
    left = scene.inventory.left(scene.placed.items, scene.wish.prune_also)
    scene.still = left.still
    return plan.with_deletes(left.changes, left.kept)
