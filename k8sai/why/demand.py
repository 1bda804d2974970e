"""What a claim asks for, request by request."""

from k8sai.cluster.reading import Json


def demands(claim: Json) -> list[Json]:
    """Its requests."""
    return list(((claim.get("spec") or {}).get("devices") or {}).get("requests") or ())


def alternatives(request: Json) -> list[tuple[str, Json]]:
    """(name, body) of the request, or of each of its subrequests."""
    if request.get("firstAvailable"):
        return [(f"{request['name']}/{sub['name']}", sub) for sub in request["firstAvailable"]]
    return [(request["name"], request["exactly"])]


def count(body: Json) -> int:
    """How many devices; 0 for all there are."""
    return 0 if body.get("allocationMode") == "All" else int(body.get("count") or 1)
