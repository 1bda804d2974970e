"""Writes of many objects at once: the API server takes them in parallel far faster than one by one."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from tests.contract.api import Api, Json

_AT_ONCE = 16  # connections; more do not help a server on a few cores


def create_all(api: Api, path: str, objects: Iterable[Json]) -> list[Json]:
    """POST each to a collection; the first refusal fails."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda obj: api.post(path, obj).ok(), objects))


def delete_all(api: Api, paths: Iterable[str], grace_seconds: int | None = None) -> None:
    """DELETE each, with that grace period where it is given."""
    options = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda path: api.delete(path, options).ok(), paths))
