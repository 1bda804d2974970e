"""Makes the plan: every object as it is and as the server would have it after the apply, by dry run.

Where the server cannot be asked, because the set itself brings the namespace or the kind, or because a dry run is
forbidden, the manifest is compared with what is there, and the change says so.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from k8sai.cluster.api_errors import ApiConflict, ApiForbidden, ApiNotFound
from k8sai.cluster.writing import Invalid, Writer, Written, is_field_conflict
from k8sai.deploy import conflicts
from k8sai.deploy.applyset import ID, PART_OF
from k8sai.deploy.fields import (
    ABSENT,
    HIDDEN_AFTER,
    HIDDEN_BEFORE,
    LAST_APPLIED,
    Field,
    differences,
    dropped,
    is_secret_data,
)
from k8sai.deploy.owners import applied, owners
from k8sai.deploy.paths import Json, text
from k8sai.deploy.placing import Placed
from k8sai.deploy.plan import Change, Choices, Item, Plan
from k8sai.errors import K8saiError, Refused
from k8sai.manifests import Manifest
from k8sai.schema.elements import Path, field_step

_AT_ONCE = 8  # requests
_NO_DRY_RUN = "does not support dry run"  # an admission webhook with side effects


@dataclass(frozen=True, slots=True)
class Problem:
    """An object that the server does not take, in its words."""

    item: Item
    error: K8saiError


@dataclass(frozen=True, slots=True)
class Drafted:
    """A plan, and what stands in its way."""

    plan: Plan
    problems: tuple[Problem, ...] = ()
    unused: tuple[str, ...] = ()  # choices that are about no conflict


def draft(placed: Placed, writer: Writer, choices: Choices, labels: dict[str, str] | None = None) -> Drafted:
    """What applying would do. `labels` are put on every object. Nothing is written.

    Raises Forbidden and ClusterError where the cluster cannot be read, Usage for two choices about one field.
    """
    absent = _absent_namespaces(placed, writer)

    def one(item: Item) -> Change | Problem:
        return _change(item, writer, choices, labels or {}, _untried(item, placed, absent))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(_carefully(one), placed.items))
    for each in found:
        if isinstance(each, BaseException):
            raise each
    changes = tuple(each for each in found if isinstance(each, Change))
    problems = tuple(each for each in found if isinstance(each, Problem))
    return Drafted(Plan(changes), problems, tuple(_unused(choices, changes)))


def body_of(item: Item, labels: dict[str, str]) -> Json:
    """What is sent: the manifest, its namespace and the labels of its set. Whoever applies owns no status, and not the
    copy that a client-side apply keeps of all it sent, a Secret's data too."""
    meta = dict(item.manifest.object.get("metadata") or {})
    for key in ("managedFields", "resourceVersion", "uid", "generation", "selfLink", "creationTimestamp"):
        meta.pop(key, None)
    if LAST_APPLIED in (meta.get("annotations") or {}):
        meta["annotations"] = {key: value for key, value in meta["annotations"].items() if key != LAST_APPLIED}
    meta |= {"namespace": item.target.namespace} if item.target.namespace else {}
    meta |= {"labels": {**(meta.get("labels") or {}), **labels}} if labels else {}
    return {**{key: value for key, value in item.manifest.object.items() if key != "status"}, "metadata": meta}


def again(change: Change, writer: Writer, choices: Choices) -> Change:
    """The same object's change as it would be now. Raises what the server says."""
    item = Item(Manifest(change.body, change.place), change.target)
    found = _change(item, writer, choices, {}, "")
    if isinstance(found, Problem):
        raise found.error
    return replace(found, place=change.place)


# --- one object -------------------------------------------------------------------------------------------------------


def _change(item: Item, writer: Writer, choices: Choices, labels: dict[str, str], untried: str) -> Change | Problem:
    place = item.manifest.place
    if untried:
        return _compared_here(Change("create", item.target, body_of(item, labels), place=place), untried)
    live = writer.live(item.target)
    meta = (live or {}).get("metadata") or {}
    if meta.get("deletionTimestamp"):
        return Problem(item, Refused("it is being deleted: what is written now goes with it", "wait until it is gone"))
    member = (meta.get("labels") or {}).get(PART_OF, "")
    if PART_OF in labels and member not in ("", labels[PART_OF]):
        theirs = f"`kubectl get configmaps -A -l {ID}={member}` names it"
        return Problem(item, Refused(f"it belongs to another set ({PART_OF}: {member})", theirs))
    body = body_of(item, ({PART_OF: member} if member else {}) | labels)  # without a set it stays in its own
    start = Change("create" if live is None else "update", item.target, body, live, place=place)
    try:
        return _tried(start, writer, choices)
    except ApiForbidden as error:
        if error.by_admission:
            return Problem(item, Refused(error.message))
        return _compared_here(start, f"a dry run is forbidden: {error.message}")
    except ApiNotFound as error:
        return _compared_here(start, error.message)
    except Invalid as error:
        if _NO_DRY_RUN in error.message:
            return _compared_here(start, f"a webhook knows no dry run: {error.message}")
        return Problem(item, error)


def _tried(start: Change, writer: Writer, choices: Choices) -> Change:
    """By dry run; an apply that is refused for its conflicts is tried again as the choices say."""
    try:
        written = writer.apply(start.target, start.body, dry_run=True)
    except ApiConflict as error:
        if not is_field_conflict(error):
            raise
        found = conflicts.decided(conflicts.read(error, start.body, start.live), choices, start.target)
        return _contested(replace(start, conflicts=found), writer)
    return _outcome(start, written, writer.manager)


def _contested(change: Change, writer: Writer) -> Change:
    live = change.live or {}
    if change.open:
        forced = writer.apply(change.target, change.body, force=True, dry_run=True)
        return replace(_outcome(change, forced, writer.manager), op="conflict")
    body = conflicts.settled(change.body, live, change.conflicts)
    settled = replace(change, body=body)
    written = writer.apply(change.target, body, force=settled.force, dry_run=True)
    return _outcome(settled, written, writer.manager)


def _outcome(change: Change, written: Written, manager: str) -> Change:
    """What the server would make of it, compared with what is there."""
    live, result = change.live, written.object
    fields = differences(live, result, manager)
    same = live is not None and not fields and applied(live, manager) == applied(result, manager)
    return replace(
        change,
        op="unchanged" if same else change.op,
        result=result,
        fields=fields,
        dropped=dropped(change.body, result),
        warnings=written.warnings,
    )


# --- without the server -----------------------------------------------------------------------------------------------


def _untried(item: Item, placed: Placed, absent: frozenset[str]) -> str:
    target = item.target
    if (target.resource.group, target.resource.version, target.resource.kind) in placed.brought:
        return f"its kind {target.resource.kind} is defined by the set itself"
    if target.namespace in absent:
        return f"its namespace {target.namespace} is made by the set itself"
    return ""


def _absent_namespaces(placed: Placed, writer: Writer) -> frozenset[str]:
    """The namespaces of the set that are not there yet."""
    made = [item.target for item in placed.items if item.target.ref.startswith("namespace/")]
    return frozenset(target.name for target in made if writer.metadata(target) is None)


def _compared_here(change: Change, why: str) -> Change:
    if change.live is None:
        return replace(change, op="create", fields=differences(None, change.body), untried=why)
    fields = tuple(_unlike(change.body, change.live, (), change.live))
    return replace(change, op="update" if fields else "unchanged", fields=fields, untried=why)


def _unlike(sent: Any, live: Any, path: Path, obj: Json) -> Iterator[Field]:
    """The fields of the manifest that have another value in the cluster, as far as can be told without the server."""
    if isinstance(sent, dict):
        for name, value in sent.items():
            if isinstance(live, dict) and name in live:
                yield from _unlike(value, live[name], (*path, field_step(name)), obj)
            elif value not in (None, {}, []):
                yield _field(obj, (*path, field_step(name)), ABSENT, value)
    elif isinstance(sent, list) and isinstance(live, list) and len(sent) == len(live):
        for index, value in enumerate(sent):
            yield from _unlike(value, live[index], (*path, f"i:{index}"), obj)
    elif sent != live:
        yield _field(obj, path, live, sent)


def _field(obj: Json, path: Path, before: Any, after: Any) -> Field:
    holder = owners(obj, path)
    if obj.get("kind") == "Secret" and is_secret_data(path):
        before, after = HIDDEN_BEFORE, HIDDEN_AFTER
    return Field(text(path), before, after, holder[0].words if holder else "")


# --- all of them ------------------------------------------------------------------------------------------------------


def _carefully(ask: Callable[[Item], Change | Problem]) -> Callable[[Item], Change | Problem | Exception]:
    """So that the first error in the order of the set is the one that is told."""

    def run(item: Item) -> Change | Problem | Exception:
        try:
            return ask(item)
        except Exception as error:
            return error

    return run


def _unused(choices: Choices, changes: Sequence[Change]) -> Iterator[str]:
    contested = [(change.target, one.path) for change in changes for one in change.conflicts]
    for given in choices.given:
        alone = Choices(take=(given,))
        if not any(alone.of(target, path) for target, path in contested):
            yield given
