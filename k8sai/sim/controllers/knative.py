"""Knative Services: a Revision per template, and a route over them as status.traffic tells it.

Configuration and Route are not made as objects of their own: what they would say is the Service's status.
https://github.com/knative/serving/blob/main/pkg/reconciler/{service,configuration,route}
"""

from k8sai.sim.controllers.desk import Desk, Key, condition, key_of, leaving, own
from k8sai.sim.controllers.knative_revisions import (
    GROUP,
    REVISIONS,
    SERVICE,
    SERVICES,
    STATE,
    is_ready,
    number_of,
    owned_by,
    service_of,
    told,
)
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj
from k8sai.sim.status import ApiFailure

_BY = "service-controller"
_OURS = f"{GROUP}/"
Targets = list[Obj]


class KnativeServices:
    """One key per Service."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("knative-services", self.sync)

    def on_event(self, event: Event) -> None:
        if event.resource is SERVICES:
            self._add(key_of(event.obj))
        elif event.resource is REVISIONS:
            self._add((event.obj["metadata"]["namespace"], service_of(event.obj)))

    def sync(self, key: Key) -> None:
        service = self._desk.find(SERVICES, key)
        if service is None or leaving(service):
            return
        created = self._current(service)
        if created is None:
            self._taken(service)
            return
        revisions = self._revisions(service)
        ready = _latest_ready(service, revisions, created)
        traffic, missing = _resolved(service, revisions, ready)
        self._mark(service, revisions, created, traffic)
        self._report(service, created, ready, traffic, missing)

    def _revisions(self, service: Obj) -> dict[str, Obj]:
        """By name."""
        found = self._desk.store.list(REVISIONS, service["metadata"]["namespace"])
        return {one["metadata"]["name"]: one for one in found if owned_by(one, service)}

    def _current(self, service: Obj) -> Obj | None:
        """The revision of the template as it is now; made where it is new. None where its name is taken."""
        revisions, template = self._revisions(service), service["spec"]["template"]
        name = (template.get("metadata") or {}).get("name")
        if name:
            found = self._desk.find(REVISIONS, (service["metadata"]["namespace"], name))
            if found is not None:
                fits = owned_by(found, service) and found["spec"] == template.get("spec")
                return found if fits else None
        newest = max(revisions.values(), key=number_of, default=None)
        if newest is not None and _made_of(newest, template) and not name:
            return newest
        return self._make(service, (number_of(newest) if newest else 0) + 1, name)

    def _make(self, service: Obj, number: int, name: str | None) -> Obj | None:
        meta, template = service["metadata"], service["spec"]["template"]
        own_meta = template.get("metadata") or {}
        labels = {
            **(own_meta.get("labels") or {}),
            SERVICE: meta["name"],
            f"{GROUP}/serviceUID": meta["uid"],
            f"{GROUP}/configuration": meta["name"],
            f"{GROUP}/configurationGeneration": str(number),
            STATE: "pending",
        }
        metadata = {
            "name": name or f"{meta['name']}-{number:05d}",
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": dict(own_meta.get("annotations") or {}),
            "ownerReferences": [own(service, SERVICES)],
        }
        try:
            new = self._desk.store.create(REVISIONS, {"metadata": metadata, "spec": template["spec"]})
        except ApiFailure as failure:
            self._desk.recorder.say(service, "CreationFailed", failure.message, by=_BY, warning=True)
            return None
        self._desk.recorder.say(service, "Created", f'Created Revision "{metadata["name"]}"', by=_BY)
        return new

    def _mark(self, service: Obj, revisions: dict[str, Obj], created: Obj, traffic: Targets) -> None:
        """The routing state of each revision: what a route names, be it at 0 %, is active."""
        named = {one.get("revisionName", "") for one in (*traffic, *_targets(service))}
        if any(one.get("latestRevision") for one in _targets(service)):
            named.add(created["metadata"]["name"])
        for name, revision in revisions.items():
            labels = revision["metadata"].get("labels") or {}
            state = "active" if name in named else "reserve"
            if labels.get(STATE) == state or (state == "reserve" and labels.get(STATE) == "pending"):
                continue
            metadata = {**revision["metadata"], "labels": {**labels, STATE: state}}
            self._desk.store.update(REVISIONS, {**revision, "metadata": metadata})

    def _taken(self, service: Obj) -> None:
        name = (service["spec"]["template"].get("metadata") or {}).get("name", "")
        text = f'The revision name "{name}" is taken by a conflicting Revision, so traffic will not be migrated'
        no = {"status": "False", "reason": "RevisionNameTaken", "message": text}
        conditions = told(service, {"ConfigurationsReady": no, "Ready": no, "RoutesReady": no}, self._desk.stamp())
        seen = service["metadata"].get("generation", 1)
        status = {**(service.get("status") or {}), "conditions": conditions, "observedGeneration": seen}
        self._desk.put_status(SERVICES, service, status)

    def _report(self, service: Obj, created: Obj, ready: str, traffic: Targets, missing: str) -> None:
        meta, now = service["metadata"], self._desk.stamp()
        configured, routed = _configured(created, ready), _routed(service, traffic, missing)
        both = next((one for one in (configured, routed) if one["status"] == "False"), None)
        both = both or next((one for one in (configured, routed) if one["status"] != "True"), {"status": "True"})
        found = {"ConfigurationsReady": configured, "Ready": both, "RoutesReady": routed}
        host = f"{meta['name']}.{meta['namespace']}"
        status: Obj = {
            "observedGeneration": meta.get("generation", 1),
            "conditions": told(service, found, now),
            "latestCreatedRevisionName": created["metadata"]["name"],
            "url": f"http://{host}.example.com",
            "address": {"url": f"http://{host}.svc.cluster.local"},
        }
        status |= {"latestReadyRevisionName": ready} if ready else {}
        status |= {"traffic": traffic} if traffic else {}
        self._desk.put_status(SERVICES, service, status)


def _targets(service: Obj) -> Targets:
    return service["spec"].get("traffic") or [{"latestRevision": True, "percent": 100}]


def _made_of(revision: Obj, template: Obj) -> bool:
    """It was made of this template."""
    meta, wanted = revision["metadata"], template.get("metadata") or {}
    same = all(
        {key: value for key, value in (meta.get(part) or {}).items() if not key.startswith(_OURS)}
        == {key: value for key, value in (wanted.get(part) or {}).items() if not key.startswith(_OURS)}
        for part in ("labels", "annotations")
    )
    return same and bool(revision["spec"] == template.get("spec"))


def _latest_ready(service: Obj, revisions: dict[str, Obj], created: Obj) -> str:
    """The newest that is ready, not older than the one that was; a named template's own counts as the newest."""
    if is_ready(created):
        return str(created["metadata"]["name"])
    before = (service.get("status") or {}).get("latestReadyRevisionName", "")
    least = number_of(revisions[before]) if before in revisions else 0
    found = [one for one in revisions.values() if is_ready(one) and number_of(one) >= least]
    return str(max(found, key=number_of)["metadata"]["name"]) if found else before


def _resolved(service: Obj, revisions: dict[str, Obj], ready: str) -> tuple[Targets, str]:
    """status.traffic; where a target has no revision that is ready, as it was, and the name that is missing."""
    before: Targets = (service.get("status") or {}).get("traffic") or []
    host = f"{service['metadata']['name']}.{service['metadata']['namespace']}.example.com"
    traffic = []
    for one in _targets(service):
        name = one.get("revisionName") or ready
        if not name or (name not in revisions and one.get("revisionName")):
            return before, name
        tag = one.get("tag")
        traffic.append(
            {
                "revisionName": name,
                "latestRevision": not one.get("revisionName"),
                "percent": one.get("percent") or 0,
                **({"tag": tag, "url": f"http://{tag}-{host}"} if tag else {}),
            }
        )
    return traffic, ""


def _configured(created: Obj, ready: str) -> Obj:
    name, own_ready = created["metadata"]["name"], condition(created, "Ready") or {}
    if own_ready.get("status") == "False":
        text = f'Revision "{name}" failed with message: {own_ready.get("message", "")}.'
        return {"status": "False", "reason": "RevisionFailed", "message": text}
    return {"status": "True" if name == ready else "Unknown"}


def _routed(service: Obj, traffic: Targets, missing: str) -> Obj:
    if missing:
        text = f'Revision "{missing}" referenced in traffic not found.'
        return {"status": "False", "reason": "RevisionMissing", "message": text}
    return {"status": "True" if traffic else "Unknown"}
