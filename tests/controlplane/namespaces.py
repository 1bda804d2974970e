"""Namespaces that pods may be created in."""

import json
from contextlib import suppress
from itertools import count

from urllib3.exceptions import HTTPError

from tests.contract.api import Api, Json

_TRY, _TRIES = 20, 9  # seconds; in all the time that two tries of the controller may lie apart, and more
_numbers = count(1)
_made: list[tuple[Api, str]] = []


def new_namespace(api: Api, stem: str, *, service_account: bool = True) -> str:
    """A namespace of its own with all that controllers put into one: nothing comes later that a test did not make.

    Without its default service account a real server refuses every pod.
    """
    name = f"{stem}-{next(_numbers)}"
    _made.append((api, name))
    api.post("/api/v1/namespaces", {"metadata": {"name": name}}).ok()
    if service_account:
        for put in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
            api.until_object(f"/api/v1/namespaces/{name}/{put}", lambda _: True)
    return name


def end_namespaces() -> None:
    """Those made so far go with all that is in them; a job left behind would take the GPUs of tests to come."""
    while _made:
        api, name = _made.pop()
        with suppress(HTTPError, OSError):  # its server is gone
            api.delete(f"/api/v1/namespaces/{name}")


def wait_for_the_ended(api: Api) -> None:
    """Until no namespace is on its way out, for who makes a ClusterQueue in a cycle of cohorts.

    Kueue 0.19.2 ends when a namespace changes while there is one. The queue must be gone when its test ends.
    A namespace whose end failed is tried again up to a minute later: one that is touched is tried again at once.
    """
    for _ in range(_TRIES):
        try:
            api.until_each("/api/v1/namespaces", lambda one: not _ends(one), seconds=_TRY)
            return
        except TimeoutError:
            for name in [one["metadata"]["name"] for one in _ending(api)]:
                api.patch(f"/api/v1/namespaces/{name}", {"metadata": {"annotations": {"touched": str(next(_numbers))}}})
    left = [f"{one['metadata']['name']}: {json.dumps(one['status'])}" for one in _ending(api)]
    assert not left, f"these do not end: {'; '.join(left)}"


def _ends(namespace: Json) -> bool:
    return "deletionTimestamp" in namespace["metadata"]


def _ending(api: Api) -> list[Json]:
    return [one for one in api.get("/api/v1/namespaces").ok()["items"] if _ends(one)]
