"""Role-based access control: what roles and their bindings allow somebody.

Source: `plugin/pkg/auth/authorizer/rbac`, `pkg/registry/rbac/validation/rule.go`.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from k8sai.sim.kinds import find
from k8sai.sim.memory import Memory
from k8sai.sim.objects import Obj, name_of
from k8sai.sim.people import Person, account

GROUP = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = find(GROUP, "roles"), find(GROUP, "clusterroles")
BINDINGS, CLUSTER_BINDINGS = find(GROUP, "rolebindings"), find(GROUP, "clusterrolebindings")


class Asked(NamedTuple):
    """What somebody wants to do; `resource` is with its subresource: "pods/log"."""

    verb: str
    group: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""  # of a request about no resource; the rest is empty then


class Answer(NamedTuple):
    """Whether it is allowed; by which binding, or which roles were not found."""

    allowed: bool
    reason: str = ""


def fill(binding: Obj) -> None:
    """Complete a binding in place: users and groups, and roles, are of the group of RBAC."""
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", GROUP)
    reference = binding.get("roleRef")
    if isinstance(reference, dict):
        reference.setdefault("apiGroup", GROUP)


class Rights:
    """The rights of everybody, as the roles and bindings of a store say at the moment."""

    def __init__(self, store: Memory) -> None:
        self._store = store

    def decide(self, who: Person, asked: Asked) -> Answer:
        """Whether somebody may do something."""
        missing: list[str] = []
        for source, rule in self._granted(who, asked.namespace, missing):
            if allows(rule, asked):
                return Answer(True, f"RBAC: allowed by {source}")
        if len(missing) > 1:
            return Answer(False, f"RBAC: [{', '.join(missing)}]")
        return Answer(False, f"RBAC: {missing[0]}" if missing else "")

    def rules(self, who: Person, namespace: str) -> list[Obj]:
        """Every rule that counts for somebody in a namespace; "" is the whole cluster."""
        return [rule for _, rule in self._granted(who, namespace, [])]

    def rules_of(self, reference: Obj, namespace: str) -> list[Obj] | None:
        """The rules of the role that a binding refers to; None where there is no such role."""
        kind, name = reference.get("kind"), str(reference.get("name", ""))
        role = self._store.find(ROLES, namespace, name) if kind == "Role" else self._store.find(CLUSTER_ROLES, "", name)
        return None if role is None else role.get("rules") or []

    def _granted(self, who: Person, namespace: str, missing: list[str]) -> Iterator[tuple[str, Obj]]:
        """Rules with the binding that grants each; `missing` takes the roles that are not there."""
        yield from self._of(CLUSTER_BINDINGS.kind, self._store.list(CLUSTER_BINDINGS), who, "", missing)
        if namespace:
            yield from self._of(BINDINGS.kind, self._store.list(BINDINGS, namespace), who, namespace, missing)

    def _of(
        self, kind: str, bindings: Iterable[Obj], who: Person, namespace: str, missing: list[str]
    ) -> Iterator[tuple[str, Obj]]:
        for binding in bindings:
            subject = next((one for one in binding.get("subjects") or () if _is(who, one, namespace)), None)
            if subject is None:
                continue
            reference = binding.get("roleRef") or {}
            rules = self.rules_of(reference, namespace)
            if rules is None:
                plural = "role" if reference.get("kind") == "Role" else "clusterrole"
                missing.append(f'{plural}.{GROUP} "{reference.get("name", "")}" not found')
                continue
            name = f"{name_of(binding)}/{namespace}" if namespace else name_of(binding)
            role = f'{reference.get("kind")} "{reference.get("name")}"'
            source = f'{kind} "{name}" of {role} to {_told(subject, namespace)}'
            for rule in rules:
                yield source, rule


def _is(who: Person, subject: Obj, namespace: str) -> bool:
    name = subject.get("name")
    match subject.get("kind"):
        case "User":
            return who.name == name
        case "Group":
            return name in who.groups
        case "ServiceAccount":
            home = subject.get("namespace") or namespace
            return bool(home) and account(who.name) == (home, name)
    return False


def _told(subject: Obj, namespace: str) -> str:
    name = subject.get("name", "")
    if subject.get("kind") == "ServiceAccount":
        name = f"{name}/{subject.get('namespace') or namespace}"
    return f'{subject.get("kind")} "{name}"'


def allows(rule: Obj, asked: Asked) -> bool:
    """Whether a rule is about what is asked."""
    if not _within(rule.get("verbs"), asked.verb):
        return False
    if asked.path:
        return any(_path_fits(one, asked.path) for one in rule.get("nonResourceURLs") or ())
    _, slash, subresource = asked.resource.partition("/")
    wanted = (asked.resource, *((f"*/{subresource}",) if slash else ()))
    names = rule.get("resourceNames") or ()
    return (
        _within(rule.get("apiGroups"), asked.group)
        and any(_within(rule.get("resources"), one) for one in wanted)
        and (not names or asked.name in names)
    )


def _within(listed: object, wanted: str) -> bool:
    return isinstance(listed, list) and ("*" in listed or wanted in listed)


def _path_fits(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))
