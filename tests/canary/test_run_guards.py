"""Somebody writes between the look and the patch, into what a guard tests: it is told, and nothing is written again."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from k8sai.canary.facts import Json, Phase
from k8sai.canary.outcome import exit_of
from k8sai.cluster.connection import Response
from k8sai.errors import Drift, Exit
from tests.canary.operators import Mortal, Site
from tests.canary.run_cases import CASES, Case

_OURS = ("/configmaps", "/leases", ".k8s.io/v1/self")


class Listening(Mortal):
    """Remembers its writes to targets: (what for, JSON patch)."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.patches: list[tuple[str, Any]] = []

    def send(self, method: str, path: str, query: Mapping[str, str], body: Any, *more: Any) -> Response:
        if not any(word in path for word in _OURS):
            pending = self._site.state.pending
            self.patches.append((pending.word if pending else "", body))
            self.meanwhile(len(self.patches), path)
        return super().send(method, path, query, body, *more)

    def meanwhile(self, number: int, path: str) -> None:
        """Before it is sent."""


class Raced(Listening):
    """Somebody writes into the `number`-th of them, just before."""

    def __init__(self, site: Site, number: int, operation: Json) -> None:
        super().__init__(site)
        self._number, self._operation = number, operation
        self.happened = False

    def meanwhile(self, number: int, path: str) -> None:
        if number != self._number:
            return
        with suppress(Drift):  # some of it the server takes from nobody
            *_, plural, name = path.split("/")
            group = path.split("/")[2]
            self._site.world.edit(f"{plural}.{group}", name, self._operation)
            self.happened = True


def races(site: Site) -> list[tuple[int, Json]]:
    """Until all requests are moved, undisturbed: what each guard tests, as somebody else would have it."""
    heard = Listening(site)
    site.begun(heard)
    site.driven(heard)
    assert site.state.phase is Phase.PROMOTED
    found: list[tuple[int, Json]] = []
    for number, (goal, body) in enumerate(heard.patches, 1):
        for one in body if isinstance(body, list) and goal != "retire" else ():
            value = one.get("value")
            if one["op"] == "test" and one["path"].startswith("/spec/") and another(value) != value:
                found.append((number, {"op": "replace", "path": one["path"], "value": another(value)}))
    return found


def another(value: Any) -> Any:
    """The same with another number, or else another word, in it."""
    if isinstance(value, dict):
        key = next((key for key in value if another(value[key]) != value[key] and key not in ("port", "tag")), None)
        return value if key is None else {**value, key: another(value[key])}
    if isinstance(value, list):
        return [*value[:-1], another(value[-1])] if value else value
    if isinstance(value, bool) or value is None:
        return value
    return value + 3 if isinstance(value, int) else f"{value}-other"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_guard_that_does_not_hold(case: Case) -> None:
    tried = races(case.site())
    for number, operation in tried:
        site = case.site()
        raced = Raced(site, number, operation)
        try:
            site.begun(raced)
            state = site.driven(raced)
            where = f"{number} {operation}: {state.phase} {state.reason}"
            if not raced.happened or operation["path"].endswith("/replicas"):
                continue  # of that size it may be as well
            assert exit_of(state) == Exit.DRIFT, where
        except Drift as drift:
            where = f"{number} {operation}: {drift.message}"
            held = site.kept.peek()
            assert held.state.phase is Phase.DRIFTED if held else number == 1, where
        assert len(raced.patches) == number, where
    assert tried
