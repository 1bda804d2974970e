"""Namespaces that pods may be created in."""

from itertools import count

from tests.contract.api import Api

_numbers = count(1)


def new_namespace(api: Api, stem: str, *, service_account: bool = True) -> str:
    """A namespace of its own with all that controllers put into one: nothing comes later that a test did not make.

    Without its default service account a real server refuses every pod.
    """
    name = f"{stem}-{next(_numbers)}"
    api.post("/api/v1/namespaces", {"metadata": {"name": name}}).ok()
    if service_account:
        for put in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
            api.until_object(f"/api/v1/namespaces/{name}/{put}", lambda _: True)
    return name
