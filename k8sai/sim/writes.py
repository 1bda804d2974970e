"""Create, update, patch, apply and delete."""

from typing import Any

from aiohttp import web

from k8sai.schema.managed import Operation, Owner
from k8sai.sim import applying, customs, escalation, fields, options, patches, scale, status
from k8sai.sim.asking import Ask, answer, parsed, read_body
from k8sai.sim.events import Shelf, home
from k8sai.sim.gate import Gate
from k8sai.sim.kinds import Resource
from k8sai.sim.objects import Obj, copied, name_of, namespace_of
from k8sai.sim.ownership import SETTLED
from k8sai.sim.reads import Reader, selection
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store
from k8sai.sim.yaml_bodies import read_config

_POLICIES = ("Background", "Foreground", "Orphan")
_ORPHANING = ("Job", "ReplicationController")  # keep their pods unless a policy says otherwise
_RETURNED = ("Pod", "Service", "PersistentVolume", "PersistentVolumeClaim", "ResourceQuota", "ServiceAccount")


class Writer:
    """Answers the writing verbs."""

    def __init__(self, store: Store, reader: Reader, gate: Gate) -> None:
        self._store = store
        self._reader = reader
        self._gate = gate

    async def create(self, ask: Ask) -> web.Response:
        """POST to a collection."""
        obj = await ask.object()
        target, author = ask.target, self._author(ask)
        self._typed(target.resource, obj)
        _settle_namespace(ask, obj)
        warnings = _checked(ask, obj)
        self._granting(ask, obj, None)
        new = Shelf(self._store, target.resource).create(obj, ask.dry_run(), author)
        return _warned(answer(ask.request, self._reader.shaped(ask, new), 201), warnings)

    async def update(self, ask: Ask) -> web.Response:
        """PUT of an object, its status or its scale."""
        obj = await ask.object()
        target, author = ask.target, self._author(ask)
        if target.subresource == "scale":
            return answer(ask.request, scale.put(self._store, target, obj, ask.dry_run(), author))
        self._typed(target.resource, obj)
        _settle_namespace(ask, obj)
        if name_of(obj) != target.name:
            message = "the name of the object (%s) does not match the name on the URL (%s)"
            raise status.bad_request(message % (name_of(obj), target.name))
        warnings = _checked(ask, obj)
        customs.check_version(target.resource, obj)
        self._granting(ask, obj, Shelf(self._store, target.resource).find(target.namespace, target.name))
        new = Shelf(self._store, target.resource).update(obj, target.subresource, ask.dry_run(), author)
        return _warned(answer(ask.request, self._reader.shaped(ask, new)), warnings)

    async def patch(self, ask: Ask) -> web.Response:
        """PATCH in any of the formats."""
        target, media = ask.target, ask.request.content_type
        patches.check_media(target.resource, media)
        if media == patches.APPLY_PATCH:
            return await self._apply(ask)
        author = self._author(ask)
        body = await read_body(ask.request)
        patch = body if media == patches.JSON_PATCH else parsed(body, "application/json")
        if target.subresource == "scale":
            current = scale.get(self._store, target)
            changed = patches.patched(target.resource, current, patch, media)
            return answer(ask.request, scale.put(self._store, target, changed, ask.dry_run(), author))
        old = Shelf(self._store, target.resource).entry(target.namespace, target.name).obj
        obj = patches.patched(target.resource, old, patch, media)
        patches.same_object(target.resource, old, obj)
        sent = copied(obj)
        try:
            warnings = _checked(ask, obj)
        except ApiFailure as failure:
            raise patches.unreadable(failure, patch if media == patches.STRATEGIC_PATCH else sent, media) from None
        self._granting(ask, obj, old)
        new = Shelf(self._store, target.resource).update(obj, target.subresource, ask.dry_run(), author)
        return _warned(answer(ask.request, self._reader.shaped(ask, new)), warnings)

    async def _apply(self, ask: Ask) -> web.Response:
        """PATCH of a configuration: the object is made where there is none."""
        author, force = self._author(ask, "Apply"), ask.flag("force")
        config, repeated = read_config(await read_body(ask.request))
        target = ask.target
        if target.subresource == "scale":
            return answer(ask.request, scale.apply(self._store, target, config, author, ask.dry_run(), force=force))
        shelf = Shelf(self._store, target.resource)
        old = shelf.find(target.namespace, target.name)
        if old is None and target.subresource:
            raise status.not_found(target.resource, target.name)
        done = applying.applied(target, old, config, author, force=force)
        _settle_namespace(ask, done.obj)
        if repeated and ask.query.get("fieldValidation") == "Strict":
            said = "\n  ".join(
                ["error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:", *repeated]
            )
            raise status.bad_request(said)
        if ask.query.get("fieldValidation") == "Ignore":
            repeated = []
        warnings = [*repeated, *_checked(ask, done.obj)]
        self._granting(ask, done.obj, old)
        if done.new:
            new = shelf.create(done.obj, ask.dry_run(), SETTLED)
        else:
            new = shelf.update(done.obj, target.subresource, ask.dry_run(), SETTLED)
        return _warned(answer(ask.request, self._reader.shaped(ask, new), 201 if done.new else 200), warnings)

    def _granting(self, ask: Ask, obj: Obj, old: Obj | None) -> None:
        """Roles and bindings give nobody more than their writer has. ApiFailure 403, 404."""
        if self._gate.enforced:
            escalation.check(self._gate.rights, ask.who, ask.target.resource, obj, old)

    def _author(self, ask: Ask, operation: Operation = "Update") -> Owner:
        return options.author(ask, self._store.now(), operation)

    async def delete(self, ask: Ask) -> web.Response:
        """DELETE of one object."""
        options = await _delete_options(ask)
        target = ask.target
        found = Shelf(self._store, target.resource).delete(target.namespace, target.name, **options)
        if found.gone and target.resource.kind not in _RETURNED:
            done = status.success(target.resource, target.name, found.obj["metadata"]["uid"])
            return answer(ask.request, done)
        return answer(ask.request, self._reader.shaped(ask, found.obj))

    async def delete_collection(self, ask: Ask) -> web.Response:
        """DELETE of everything a selector matches."""
        options = await _delete_options(ask)
        target, test = ask.target, selection(ask)
        items: list[Obj] = []
        shelf = Shelf(self._store, target.resource)
        for entry in shelf.entries(target.namespace or None):
            place = namespace_of(entry.obj), name_of(entry.obj)
            wanted = test is None or test(entry.obj)
            if wanted and self._store.find(home(target.resource), *place) is not None:
                items.append(shelf.delete(*place, **options).obj)
        metadata = {"resourceVersion": str(self._store.version)}
        kind = {"kind": f"{target.resource.kind}List", "apiVersion": target.resource.api_version}
        return answer(ask.request, {**kind, "metadata": metadata, "items": items})

    def _typed(self, resource: Resource, obj: Obj) -> None:
        """The body must be of the kind the URL names. ApiFailure 400, 422."""
        if resource.definition is not None:
            customs.check_type(resource, obj)
        kind, version = obj.get("kind", ""), obj.get("apiVersion", "")
        if (kind and kind != resource.kind) or (version and version != resource.api_version):
            plain = str(version).rpartition("/")[2] or resource.version
            group = resource.group.partition(".")[0] or "core"
            message = f'{kind} in version "{plain}" cannot be handled as a {resource.kind}: '
            message += f"converting ({plain}.{kind}) to ({group}.{resource.kind}): unknown conversion"
            raise status.bad_request(message)


def _checked(ask: Ask, obj: Obj) -> list[str]:
    """Drop the fields nobody knows; what there is to say about them. ApiFailure 400."""
    return fields.check(ask.target.resource, obj, ask.query.get("fieldValidation", "") or "Warn")


def _warned(response: web.Response, said: list[str]) -> web.Response:
    """Say it in the headers kubectl prints."""
    for text in said:
        escaped = text.replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{escaped}"')
    return response


def _settle_namespace(ask: Ask, obj: Obj) -> None:
    """The object lives where the URL says. ApiFailure 400 where it says otherwise."""
    target = ask.target
    meta = obj.get("metadata")
    if not isinstance(meta, dict):
        meta = obj["metadata"] = {}
    if not target.resource.namespaced:
        return
    given = meta.get("namespace")
    if given and target.namespace and given != target.namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise status.bad_request(message)
    if target.namespace:
        meta["namespace"] = target.namespace


async def _delete_options(ask: Ask) -> dict[str, Any]:
    """DeleteOptions from the body, else from the URL. ApiFailure 400, 422."""
    body = await ask.body()
    options: Obj = body if isinstance(body, dict) else {}
    grace = options.get("gracePeriodSeconds", ask.number("gracePeriodSeconds"))
    policy = options.get("propagationPolicy") or ask.query.get("propagationPolicy", "")
    orphan = options.get("orphanDependents")
    if policy and policy not in _POLICIES:
        allowed = ("Foreground", "Background", "Orphan", "nil")
        cause = status.unsupported_value("propagationPolicy", policy, allowed)
        message = f'DeleteOptions.meta.k8s.io "" is invalid: {cause}'
        details = {"group": "meta.k8s.io", "kind": "DeleteOptions", "causes": [cause.document()]}
        raise status.ApiFailure(422, "Invalid", message, details)
    if not policy and orphan is not None:
        policy = "Orphan" if orphan else "Background"
    if not policy:
        policy = "Orphan" if ask.target.resource.kind in _ORPHANING else "Background"
    conditions = options.get("preconditions") or {}
    return {
        "grace": grace,
        "propagation": policy,
        "uid": conditions.get("uid", ""),
        "resource_version": conditions.get("resourceVersion", ""),
        "dry_run": ask.dry_run() or bool(options.get("dryRun")),
    }
