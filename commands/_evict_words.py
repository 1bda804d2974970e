"""Names for completion of `evict`: the ids of drains that are kept.

Only metadata is asked for, in the process that no key press waits for: see `_objects`.
"""

from collections.abc import Callable
from typing import Any, Final

from k8sai.errors import Forbidden

SOURCES: Final = ("drains",)
List = Callable[..., list[Any]]  # of a path, and labels: its objects' metadata


def words(listed: List) -> list[str]:
    """Of all namespaces, else of the one where they are kept by default. Raises what connecting raises."""
    from k8sai.evict.keeping import names

    labels = f"{names.LABEL}=1,{names.PART}=state"
    try:
        found = listed("/api/v1/configmaps", labels)
    except Forbidden:
        found = listed(f"/api/v1/namespaces/{names.NAMESPACE}/configmaps", labels)
    return list(dict.fromkeys(meta["labels"][names.OF] for meta in found if names.OF in meta.get("labels", {})))
