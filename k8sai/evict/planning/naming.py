"""Which gang is meant: `ml/llm-70b`, `jobset/llm-70b`, `llm-70b`."""

from collections.abc import Sequence
from difflib import get_close_matches

from k8sai.errors import NotFound, Usage
from k8sai.evict.facts import Gang
from k8sai.evict.planning.wish import Wish


def the_gang(wish: Wish, gangs: Sequence[Gang]) -> Gang:
    """Raises NotFound, Usage where several are called so."""
    found = [gang for gang in gangs if _called(gang, wish)]
    if len(found) > 1:
        names = ", ".join(f"{one.kind} {one.title}" for one in found)
        raise Usage(f"--gang {wish.gang}: there are several: {names}", "say which: --gang KIND/NAME")
    if not found:
        near = get_close_matches(wish.gang.rpartition("/")[2], [one.ref.name for one in gangs], 1)
        where = f"did you mean {near[0]}?" if near else "write NAMESPACE/NAME as `k8sai evict plan NODE` shows it"
        raise NotFound(f"--gang {wish.gang}: there is no such gang with pods", where)
    return found[0]


def _called(gang: Gang, wish: Wish) -> bool:
    here = gang.ref.namespace == wish.namespace
    return wish.gang == gang.title or (here and wish.gang in (gang.ref.title, gang.ref.name, gang.id))
