"""Whether every gateway has taken a route over as it is written now.

Accepted says that the route is in force there, ResolvedRefs that requests can be sent to all it refers to: of a backend
that cannot be found its share answers 500. https://gateway-api.sigs.k8s.io/reference/spec/#routeparentstatus
"""

from typing import Final

from k8sai.canary.facts import Json

_CONDITIONS: Final = ("Accepted", "ResolvedRefs")


def not_taken_over(route: Json) -> str:
    """Which gateway has not, and why; "" where all have."""
    parents, home = (route.get("status") or {}).get("parents") or [], route["metadata"].get("namespace")
    known = [_key(parent["parentRef"], home) for parent in parents]
    for ref in (route.get("spec") or {}).get("parentRefs") or ():
        if _key(ref, home) not in known:
            return f"gateway {ref['name']} has not taken the route over"
    if not parents:
        return "no gateway has taken the route over"
    generation = route["metadata"].get("generation")
    said = (_lacking(parent, kind, generation) for parent in parents for kind in _CONDITIONS)
    return next((one for one in said if one), "")


def _key(ref: Json, home: str | None) -> tuple[str | None, ...]:
    return ref.get("namespace") or home, ref["name"], ref.get("sectionName"), ref.get("port")


def _lacking(parent: Json, kind: str, generation: int | None) -> str:
    where = f"gateway {parent['parentRef']['name']}"
    found = next((one for one in parent.get("conditions") or () if one["type"] == kind), None)
    if found is None or found.get("observedGeneration") != generation:
        return f"{where} has not yet said {kind} of what is written"
    if found["status"] != "True":
        return f"{where}: {found.get('message') or found.get('reason') or f'not {kind}'}"
    return ""
