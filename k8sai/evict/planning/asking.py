"""How a gang will be asked for a checkpoint, and what proof comes of it: the first way of its contract that works.

Nothing is executed and nothing is written to find out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from k8sai.errors import ClusterError, Forbidden
from k8sai.evict.facts import Contract, Grade, MethodName, at_least
from k8sai.evict.plan import Refusal
from k8sai.evict.state import Settings

if TYPE_CHECKING:
    from k8sai.evict.method import Method, Right, Site

    May = Callable[[Right], bool]

_ATTESTED: Final = ("exec", "http", "annotation")  # the answer names our request
PERIODIC: Final = "periodic"
NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Way:
    """`notes` say of the ways before it why they do not work."""

    method: str = NONE
    grade: Grade = Grade.NONE
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def way(site: "Site", settings: Settings, methods: "Mapping[MethodName, Method]", may: "May") -> Way:
    """For one gang. `may` answers for one right."""
    contract = site.contract
    notes: list[str] = []
    refusals: list[Refusal] = []
    for name in contract.methods:
        if name == NONE:
            break
        method = methods.get(name)
        if method is None:
            return _taken(name, contract, settings, notes)
        lacks = [right for right in method.rights(site) if not may(right)]
        if lacks:
            refusals.append(Refusal("forbidden", f"{name}: you may not {said(lacks[0])}", _CAN_I))
            continue
        troubles = _troubles(method, site)
        if not troubles:
            return _taken(name, contract, settings, notes)
        notes += troubles
    if contract.interval:
        return Way(PERIODIC, Grade.MARKER, notes=(*notes, *(one.why for one in refusals)))
    return Way(refusals=tuple(refusals), notes=tuple(notes))


_CAN_I: Final = "`k8sai evict rbac` prints the rights it needs"


def said(right: "Right") -> str:
    """`create pods/exec in ml`."""
    verb, plural, sub, namespace = right
    return f"{verb} {plural}{f'/{sub}' if sub else ''}{f' in {namespace}' if namespace else ''}"


def _troubles(method: "Method", site: "Site") -> list[str]:
    """Why it does not work here."""
    try:
        return [f"{method.name}: {one.why}" for one in method.preflight(site, True)]
    except (Forbidden, ClusterError) as error:
        return [f"{method.name}: {error.message}"]


def _taken(name: str, contract: Contract, settings: Settings, notes: list[str]) -> Way:
    grade = expected(name, contract)
    wanted = accepted(contract, settings)
    if at_least(grade, wanted):
        return Way(name, grade, notes=tuple(notes))
    why = f"by {name} no better proof than {grade} comes, and {wanted} is wanted"
    return Way(name, grade, (Refusal("weak-proof", why, _better(contract), f"--accept-proof={grade}"),), tuple(notes))


def _better(contract: Contract) -> str:
    if not contract.verify:
        return "add k8sai.dev/verify-exec to the contract, or accept it with --accept-proof"
    return "accept it with --accept-proof"


def expected(name: str, contract: Contract) -> Grade:
    """What such a request brings when all goes well."""
    if name in _ATTESTED:
        return Grade.ATTESTED
    if contract.verify and name != "suspend":
        return Grade.VERIFIED
    if contract.path and contract.format:
        return Grade.MARKER
    return Grade.SIGNALLED if name != NONE else Grade.NONE


def accepted(contract: Contract, settings: Settings) -> Grade:
    """The least that this gang is stopped with: a contract may lower it to C, and only the flag goes below that."""
    if settings.accept_forced:
        return settings.accept
    return contract.proof if at_least(contract.proof, Grade.MARKER) else Grade.MARKER
