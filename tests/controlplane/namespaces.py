"""Namespaces that pods may be created in."""

from contextlib import suppress
from itertools import count

from urllib3.exceptions import HTTPError

from tests.contract.api import Api, Json

_TRY, _TRIES = 20, 9  # seconds: namespaces with pods take 8 at least
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
    What does not go by itself is let go: a pod of a group, which Kueue holds until somebody sends another one in its
    place, and one that a test lets linger.
    """
    for _ in range(_TRIES):
        try:
            api.until_each("/api/v1/namespaces", lambda one: not _ends(one), seconds=_TRY)
            return
        except TimeoutError:
            for name in _ending(api):
                _let_go(api, f"/api/v1/namespaces/{name}/pods")
    assert not (left := _ending(api)), f"these do not end: {', '.join(left)}"


def _let_go(api: Api, path: str) -> None:
    for pod in api.get(path).ok()["items"]:
        name = pod["metadata"]["name"]
        if pod["metadata"].get("finalizers"):
            api.patch(f"{path}/{name}", {"metadata": {"finalizers": None}})
        api.delete(f"{path}/{name}", {"gracePeriodSeconds": 0})


def _ends(namespace: Json) -> bool:
    return "deletionTimestamp" in namespace["metadata"]


def _ending(api: Api) -> list[str]:
    return [one["metadata"]["name"] for one in api.get("/api/v1/namespaces").ok()["items"] if _ends(one)]
