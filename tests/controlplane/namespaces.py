"""Namespaces that pods may be created in."""

from itertools import count

from tests.contract.api import Api

_numbers = count(1)


def new_namespace(api: Api, stem: str, *, service_account: bool = True) -> str:
    """A namespace of its own; with its default service account there, without which a real server refuses every pod."""
    name = f"{stem}-{next(_numbers)}"
    api.post("/api/v1/namespaces", {"metadata": {"name": name}}).ok()
    if service_account:
        api.until_object(f"/api/v1/namespaces/{name}/serviceaccounts/default", lambda _: True)
    return name
