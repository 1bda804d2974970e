"""Refusals a scenario asks for: rights a user lacks, and a server that is overloaded or broken for a while."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from k8sai.errors import Usage
from k8sai.sim import status
from k8sai.sim.routes import Target
from k8sai.sim.status import ApiFailure

ADMIN = "admin"
_STATUSES = (403, 429, 500, 503)
_KEYS = ("user", "verb", "group", "resource", "namespace", "status", "retryAfter", "times")


@dataclass(slots=True)
class Denial:
    """One rule. Empty texts match everything; `namespace` None matches every request, "" only those across namespaces.

    `retry_after` is in seconds; `times` is how often it still applies, 0 for always.
    """

    verb: str = ""
    resource: str = ""  # "pods", "pods/eviction", "nodes/proxy"
    group: str | None = None
    namespace: str | None = None
    user: str = ""
    status: int = 403
    retry_after: int = 0
    times: int = 0

    @classmethod
    def parse(cls, rule: Mapping[str, Any]) -> "Denial":
        """A rule of a scenario. Usage for an unknown key or status."""
        unknown = sorted(set(rule) - set(_KEYS))
        if unknown:
            raise Usage(f"a denial has no {unknown[0]!r}: it has {', '.join(_KEYS)}")
        code = rule.get("status", 403)
        if code not in _STATUSES:
            raise Usage(f"a denial answers {', '.join(map(str, _STATUSES))}, not {code!r}")
        return cls(
            verb=_any(rule.get("verb")),
            resource=_any(rule.get("resource")),
            group=rule.get("group"),
            namespace=rule.get("namespace"),
            user=_any(rule.get("user")),
            status=code,
            retry_after=int(rule.get("retryAfter", 0)),
            times=int(rule.get("times", 0)),
        )

    def matches(self, user: str, verb: str, group: str, resource: str, namespace: str) -> bool:
        """Whether it speaks about that request."""
        return (
            self.user in ("", user)
            and self.verb in ("", verb)
            and self.resource in ("", resource)
            and self.group in (None, group)
            and self.namespace in (None, namespace)
        )

    def everywhere(self) -> bool:
        """Whether it is about the server, not about rights or a kind."""
        narrow = self.verb or self.resource or self.group is not None or self.namespace is not None
        return self.status != 403 and not narrow


def _any(value: object) -> str:
    text = str(value or "")
    return "" if text == "*" else text


@dataclass(slots=True)
class Denials:
    """The rules in force; they may change while the server runs."""

    rules: list[Denial] = field(default_factory=list)

    @classmethod
    def parse(cls, rules: Iterable[Mapping[str, Any]]) -> "Denials":
        """The rules of a scenario. Raises Usage."""
        return cls([Denial.parse(rule) for rule in rules])

    def allows(self, user: str, verb: str, group: str, resource: str, namespace: str) -> bool:
        """Whether no rule takes that right away; counts nothing."""
        return not any(r.status == 403 and r.matches(user, verb, group, resource, namespace) for r in self.rules)

    def refusal(self, user: str, verb: str, target: Target) -> ApiFailure | None:
        """The failure to answer with, or None; a rule with `times` wears off."""
        resource = target.resource
        full = f"{resource.plural}/{target.subresource}" if target.subresource else resource.plural
        for rule in self.rules:
            if rule.matches(user, verb, resource.group, full, target.namespace):
                self._wear(rule)
                return _forbidden(user, verb, target) if rule.status == 403 else _trouble(rule)
        return None

    def trouble(self, user: str) -> ApiFailure | None:
        """The same for what is about no objects, such as discovery: rules of a server that is in trouble as a whole."""
        for rule in self.rules:
            if rule.everywhere() and rule.user in ("", user):
                self._wear(rule)
                return _trouble(rule)
        return None

    def _wear(self, rule: Denial) -> None:
        if rule.times:
            rule.times -= 1
            if not rule.times:
                self.rules.remove(rule)


def _forbidden(user: str, verb: str, target: Target) -> ApiFailure:
    return status.forbidden(
        target.resource,
        target.name,
        user=user,
        verb=verb,
        namespace=target.namespace,
        subresource=target.subresource,
    )


def _trouble(rule: Denial) -> ApiFailure:
    if rule.status == 429:
        return status.Overloaded(rule.retry_after or 1)
    if rule.status == 503:
        message = "the server is currently unable to handle the request"
        return ApiFailure(503, "ServiceUnavailable", message, retry_after=rule.retry_after)
    message = "Internal error occurred: the scenario asked for this failure"
    return ApiFailure(500, "InternalError", message, retry_after=rule.retry_after)
