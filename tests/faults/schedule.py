"""Which request meets which fault: rules, and the record of all that was asked for."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from hypothesis import strategies as st

from tests.faults.faults import PASSING, Fault, faults

_REVIEWS: Final = ("/apis/authentication.k8s.io/", "/apis/authorization.k8s.io/")  # POSTs that change nothing
_READS: Final = ("GET", "HEAD", "OPTIONS")


@dataclass(slots=True)
class Sent:
    """A request as it came. `status` is what the server said, 0 where it was not asked or has not answered yet."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    body: Any = None
    user: str = ""  # by its certificate
    agent: str = ""
    fault: str = ""
    status: int = 0

    @property
    def dry(self) -> bool:
        """A trial: by the query, or in an eviction by its deleteOptions."""
        options = (self.body.get("deleteOptions") or self.body) if isinstance(self.body, dict) else {}
        return "dryRun" in self.query or bool(options.get("dryRun"))

    @property
    def writes(self) -> bool:
        """It would change something; of exec nobody knows."""
        return self.method not in _READS and not self.dry and not self.path.startswith(_REVIEWS)

    @property
    def ours(self) -> bool:
        """Of the state, the Leases or the events of a drain."""
        return any(f"/{plural}" in self.path for plural in ("configmaps", "leases", "events"))

    @property
    def sets(self) -> dict[str, Any]:
        """Of a JSON patch: what it writes, by path."""
        ops = self.body if isinstance(self.body, list) else []
        return {one["path"]: one.get("value") for one in ops if one["op"] != "test"}


def sent(method: str, target: str, body: bytes, user: str = "", agent: str = "") -> Sent:
    """`target` is path and query, as in the request line."""
    where = urlsplit(target)
    try:
        read = json.loads(body) if body else None
    except ValueError:
        read = body
    return Sent(method, where.path, parse_qs(where.query, keep_blank_values=True), read, user, agent)


@dataclass(frozen=True, slots=True)
class Rule:
    """The fault of the `times` requests that fit after `skip` of them went by. `path` is searched for in the path.

    `method` "": whatever writes; `*`: whatever there is.
    """

    fault: Fault
    method: str = ""
    path: str = ""
    skip: int = 0
    times: int = 1

    def fits(self, request: Sent) -> bool:
        kind = request.writes if not self.method else self.method in ("*", request.method)
        return kind and re.search(self.path, request.path) is not None

    def __str__(self) -> str:
        return f"{self.times}x {self.fault} at {self.method or 'write'} {self.path} after {self.skip}"


class Schedule:
    """`met` tells the fault of a request and keeps it in `all`. Thread-safe: the order is that of arrival."""

    def __init__(self, *rules: Rule) -> None:
        self.all: list[Sent] = []
        self._rules = list(rules)
        self._seen = [0] * len(rules)
        self._lock = Lock()

    def add(self, *rules: Rule) -> None:
        """From now on."""
        with self._lock:
            self._rules += rules
            self._seen += [0] * len(rules)

    def clear(self) -> None:
        """No faults from now on; the record stays."""
        with self._lock:
            self._rules, self._seen = [], []

    def met(self, request: Sent) -> Fault | None:
        with self._lock:
            self.all.append(request)
            found = [rule.fault for i, rule in enumerate(self._rules) if self._turn(i, rule, request)]
            request.fault = found[0].name if found else ""
            return found[0] if found else None

    def _turn(self, place: int, rule: Rule, request: Sent) -> bool:
        if not rule.fits(request):
            return False
        self._seen[place] += 1
        return rule.skip < self._seen[place] <= rule.skip + rule.times

    @property
    def writes(self) -> list[Sent]:
        """All that was tried, in its order."""
        return [one for one in self.all if one.writes]

    @property
    def done(self) -> list[Sent]:
        """The writes that the server took."""
        return [one for one in self.writes if 200 <= one.status < 300]

    @property
    def on_targets(self) -> list[Sent]:
        """Of those: no state, no Lease, no event."""
        return [one for one in self.done if not one.ours]


def rules(
    of: Sequence[Fault] = PASSING, paths: Sequence[str] = ("",), methods: Sequence[str] = ("", "*"), most: int = 4
) -> st.SearchStrategy[list[Rule]]:
    """Schedules of up to `most` rules, as Hypothesis chooses them."""
    one = st.builds(
        Rule,
        faults(*of),
        st.sampled_from(list(methods)),
        st.sampled_from(list(paths)),
        st.integers(0, 12),
        st.integers(1, 3),
    )
    return st.lists(one, max_size=most)
