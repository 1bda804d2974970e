"""What a person means by the name of a queue or cohort: `cq/finetune`, `lq/main`, `cohort/ai`, or a name alone."""

from collections.abc import Iterable
from typing import NamedTuple

from k8sai.errors import Forbidden, NotFound, Usage
from k8sai.queues.quota import Tree
from k8sai.queues.rows import Kind
from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, Setting

_WORDS: dict[str, Kind] = {
    "cq": "cq",
    "clusterqueue": "cq",
    "clusterqueues": "cq",
    "lq": "lq",
    "queue": "lq",
    "queues": "lq",
    "localqueue": "lq",
    "localqueues": "lq",
    "cohort": "cohort",
    "cohorts": "cohort",
}
_SAID: dict[Kind, str] = {"cq": "ClusterQueue", "lq": "LocalQueue", "cohort": "Cohort"}
_PLURAL: dict[Kind, str] = {"cq": CLUSTER_QUEUES, "lq": LOCAL_QUEUES, "cohort": COHORTS}


class Named(NamedTuple):
    """`name` is `namespace/name` of a LocalQueue. Its key is that of its row."""

    kind: Kind
    name: str

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def word(self) -> str:
        """`ClusterQueue finetune`."""
        return f"{_SAID[self.kind]} {self.name}"


def named(
    setting: Setting, tree: Tree, text: str, namespace: str, kinds: Iterable[Kind] = ("cq", "lq", "cohort")
) -> Named:
    """Raises Usage where several are called so, NotFound, or Forbidden where the kind may not be read."""
    allowed = tuple(kinds)
    word, slash, rest = text.partition("/")
    kind = _WORDS.get(word.partition(".")[0].lower()) if slash else None
    if kind is not None and kind not in allowed:
        raise Usage(f"{text} is a {_SAID[kind]}, and this is about {_either(allowed)}")
    name = rest if kind is not None else text
    found = [
        one
        for one in _candidates(setting, tree, name, namespace)
        if one.kind == kind or (kind is None and one.kind in allowed)
    ]
    if len(found) > 1:
        ways = " or ".join(_pasted(one, namespace) for one in found)
        raise Usage(f"{name} is the name of a {' and a '.join(_SAID[one.kind] for one in found)}", f"say {ways}")
    if not found:
        raise _missing(setting, tree, text, name, namespace, (kind,) if kind else allowed)
    return found[0]


def _candidates(setting: Setting, tree: Tree, name: str, namespace: str) -> list[Named]:
    ref = name if "/" in name else f"{namespace}/{name}"
    found: list[Named] = []
    if name in setting.cluster_queues:
        found.append(Named("cq", name))
    if ref in setting.local_queues:
        found.append(Named("lq", ref))
    if name in tree.cohorts or name in tree.cycles:
        found.append(Named("cohort", name))
    return found


def _missing(
    setting: Setting, tree: Tree, text: str, name: str, namespace: str, kinds: tuple[Kind, ...]
) -> NotFound | Forbidden:
    from difflib import get_close_matches

    blind = [gap for gap in setting.hidden if gap.what in {_PLURAL[kind] for kind in kinds}]
    if len(blind) == len(kinds):
        return Forbidden(blind[0].why, blind[0].hint)
    known = {
        "cq": list(setting.cluster_queues),
        "lq": [one.name for one in setting.local_queues.values() if one.namespace == namespace],
        "cohort": [*tree.cohorts, *tree.cycles],
    }
    near = [f"{kind}/{match}" for kind in kinds for match in get_close_matches(name.rpartition("/")[2], known[kind], 2)]
    elsewhere = [one.ref for one in setting.local_queues.values() if one.name == name and one.namespace != namespace]
    hint = "`k8sai queue list -o name` lists them all"
    if "lq" in kinds and elsewhere:
        hint = f"there is lq/{elsewhere[0]}"
    elif near:
        hint = f"did you mean {' or '.join(near)}?"
    where = f" (LocalQueues of namespace {namespace})" if "lq" in kinds else ""
    return NotFound(f"there is no {_either(kinds)} {name if len(kinds) == 1 else text}{where}", hint)


def _pasted(one: Named, namespace: str) -> str:
    return f"{one.kind}/{one.name.removeprefix(f'{namespace}/')}"


def _either(kinds: Iterable[Kind]) -> str:
    *before, last = (_SAID[kind] for kind in kinds)
    return f"{', '.join(before)} or {last}" if before else last
