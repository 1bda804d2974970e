"""Who makes a request, and as whom: the embedded cluster takes names on trust, and rights as they are granted.

Nobody proves who he is: without a word it is the admin, with a bearer token (where rights are enforced) whoever the
token names. Source: apiserver `pkg/endpoints/filters/impersonation`.
"""

from dataclasses import dataclass

from aiohttp import web

from k8sai.sim import status
from k8sai.sim.deny import ADMIN

MASTERS = "system:masters"
EVERYBODY, NOBODY = "system:authenticated", "system:anonymous"
_ACCOUNT = "system:serviceaccount:"
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Person:
    """A user with his groups."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, str], ...] = ()

    def shown(self) -> str:
        """The groups as a message lists them."""
        return "[" + " ".join(f'"{one}"' for one in self.groups) + "]"


ROOT = Person(ADMIN, (MASTERS, EVERYBODY))


def account(name: str) -> tuple[str, str]:
    """Namespace and name of a service account's user name; both empty for other users."""
    if not name.startswith(_ACCOUNT):
        return "", ""
    namespace, _, own = name.removeprefix(_ACCOUNT).partition(":")
    return namespace, own


def person(name: str, groups: tuple[str, ...] = ()) -> Person:
    """A user with the groups that come with his name."""
    namespace, _ = account(name)
    if namespace and not groups:
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    everybody = "system:unauthenticated" if name == NOBODY else EVERYBODY
    return Person(name, groups if everybody in groups else (*groups, everybody))


def sender(request: web.Request, enforced: bool) -> Person:
    """Who sent a request, before he is taken for somebody else."""
    header = request.headers.get("Authorization", "")
    if enforced and header.startswith(_BEARER):
        return person(header.removeprefix(_BEARER).strip())
    return ROOT


def wanted(request: web.Request) -> Person | None:
    """Whom the request is to be taken for; None where that is its sender. ApiFailure 400."""
    name = request.headers.get("Impersonate-User", "")
    groups = tuple(request.headers.getall("Impersonate-Group", []))
    prefix = "impersonate-extra-"
    extra = tuple((key[len(prefix) :].lower(), value) for key, value in request.headers.items() if _extra(key, prefix))
    if not name:
        if groups or extra or request.headers.get("Impersonate-Uid"):
            raise status.bad_request("requested impersonation without impersonating a user name")
        return None
    found = person(name, groups)
    if name == ADMIN and not groups:
        found = ROOT
    return Person(found.name, found.groups, request.headers.get("Impersonate-Uid", ""), extra)


def _extra(key: str, prefix: str) -> bool:
    return key.lower().startswith(prefix)
