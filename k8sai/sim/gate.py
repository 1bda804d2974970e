"""Who may do what: refusals of the scenario first, then, where they are enforced, the rights that roles grant."""

from aiohttp import web

from k8sai.sim import people, status
from k8sai.sim.deny import Denials
from k8sai.sim.people import Person
from k8sai.sim.rights import Asked, Rights
from k8sai.sim.routes import Target
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

_PATH_VERBS = {"GET": "get", "HEAD": "get", "POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}
_IMPERSONATE = "impersonate"


class Gate:
    """Everybody may do everything but what the scenario denies, unless `enforced`."""

    def __init__(self, store: Store, denials: Denials, *, enforced: bool = False) -> None:
        self.denials = denials
        self.enforced = enforced
        self.rights = Rights(store)

    def pass_path(self, request: web.Request) -> None:
        """Let a request about the server itself pass. ApiFailure 400, 403, and whatever the scenario wants."""
        verb = _PATH_VERBS.get(request.method, request.method.lower())
        who = self._person(request, Asked(verb, path=request.path), None)
        trouble = self.denials.trouble(who.name)
        if trouble is not None:
            raise trouble
        if self.enforced and not self.rights.decide(who, Asked(verb, path=request.path)).allowed:
            raise _no_path(who.name, verb, request.path)

    def pass_resource(self, request: web.Request, verbs: tuple[str, ...], target: Target) -> Person:
        """Let a request about objects pass; as whom. ApiFailure 400, 403, and whatever the scenario wants."""
        who = self._person(request, asked(verbs[0], target), target)
        for verb in verbs:
            refusal = self.denials.refusal(who.name, verb, target)
            if refusal is not None:
                raise refusal
            if self.enforced:
                found = self.rights.decide(who, asked(verb, target))
                if not found.allowed:
                    quiet = target.subresource and verb != verbs[0]
                    raise _also(verb, target) if quiet else _forbidden(who.name, verb, target, found.reason)
        return who

    def _person(self, request: web.Request, about: Asked, target: Target | None) -> Person:
        sender, other = people.sender(request, self.enforced), people.wanted(request)
        if other is None:
            return sender
        if self.enforced and not self._may_be(sender, other):
            namespace, _ = people.account(other.name)
            verb = f"{_IMPERSONATE}-on:{'serviceaccount' if namespace else 'user-info'}:{about.verb}"
            raise _no_path(sender.name, verb, about.path) if target is None else _forbidden(sender.name, verb, target)
        return other

    def _may_be(self, sender: Person, other: Person) -> bool:
        """Whether somebody may be taken for a user, for each group that does not come by itself, and so on."""
        namespace, own = people.account(other.name)
        wanted = [Asked(_IMPERSONATE, "", "users", "", other.name)]
        if namespace:
            wanted = [Asked(_IMPERSONATE, "", "serviceaccounts", namespace, own)]
        given = people.person(other.name).groups
        wanted += [Asked(_IMPERSONATE, "", "groups", "", one) for one in other.groups if one not in given]
        kinds = "authentication.k8s.io"
        if other.uid:
            wanted.append(Asked(_IMPERSONATE, kinds, "uids", "", other.uid))
        wanted += [Asked(_IMPERSONATE, kinds, f"userextras/{key}", "", value) for key, value in other.extra]
        return all(self.rights.decide(sender, one).allowed for one in wanted)


def asked(verb: str, target: Target) -> Asked:
    """What a request wants."""
    resource = target.resource
    full = f"{resource.plural}/{target.subresource}" if target.subresource else resource.plural
    namespace = target.name if resource.plural == "namespaces" and not resource.group else target.namespace
    return Asked(verb, resource.group, full, namespace, target.name)


def _forbidden(user: str, verb: str, target: Target, reason: str = "") -> ApiFailure:
    namespace = asked(verb, target).namespace
    failure = status.forbidden(
        target.resource, target.name, user=user, verb=verb, namespace=namespace, subresource=target.subresource
    )
    if reason:
        failure.message += f": rbac: {reason}"
    return failure


def _also(verb: str, target: Target) -> ApiFailure:
    """A right that a request takes beside that of its verb: an upgrade (a get) does not say of whom, nor which."""
    found = _forbidden("", verb, target)
    found.message = f'{target.resource.title} "{target.name}" is forbidden: '
    return found


def _no_path(user: str, verb: str, path: str) -> ApiFailure:
    return ApiFailure(403, "Forbidden", f'forbidden: User "{user}" cannot {verb} path "{path}"', {})
