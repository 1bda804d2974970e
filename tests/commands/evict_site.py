"""A yard of nodes on the embedded cluster, and `evict` as a user runs it there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8sai.sim.cluster import Sim
from tests.commands.run import Ran, environment, run
from tests.commands.server import write_kubeconfig
from tests.contract.api import Api
from tests.evict.yard import Yard

__all__ = ["EvictSite", "evict_sim", "evicts"]

Json = dict[str, Any]
_RBAC = "/apis/rbac.authorization.k8s.io/v1"


class EvictSite(Yard):
    """Its namespace is the current one."""

    def __init__(self, sim: Sim, folder: Path) -> None:
        super().__init__(Api(sim.server), "evict")
        self.folder = folder
        self.config = write_kubeconfig(folder / "config", sim.server, namespace=self.namespace)

    def __call__(self, *words: str) -> Ran:
        ran = run("kubectl-ai_evict", *words, env=environment(self.folder, KUBECONFIG=str(self.config)))
        return Ran(ran.code, self.clean(ran.out), self.clean(ran.err))

    def clean(self, text: str) -> str:
        """Without what differs from run to run."""
        text = text.replace(self.namespace, "site")
        text = re.sub(r"^PLAN \w{6} ", "PLAN IDENTI ", text, flags=re.MULTILINE)
        return re.sub(r"hash [0-9a-f]{12}", "hash HASH", text)

    def document(self, *words: str, code: int = 0) -> Json:
        ran = run("kubectl-ai_evict", *words, "-o", "json", env=environment(self.folder, KUBECONFIG=str(self.config)))
        assert ran.code == code, f"{ran.code}: {ran.err}\n{ran.out}"
        found: Json = json.loads(ran.out)
        return found

    @property
    def user(self) -> str:
        """Somebody who has no rights but those that are granted."""
        return f"{self.namespace}-drainer"

    def grant(self, rules: list[Json]) -> None:
        """A ClusterRole of these rules, bound to the user; the rules replace those before."""
        user = name = self.user
        role, binding = f"{_RBAC}/clusterroles", f"{_RBAC}/clusterrolebindings"
        for path in (f"{role}/{name}", f"{binding}/{name}"):
            self.api.delete(path)
        self.api.post(role, {"metadata": {"name": name}, "rules": rules}).ok()
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
        self.api.post(binding, {"metadata": {"name": name}, "roleRef": ref, "subjects": subjects}).ok()


@pytest.fixture(scope="module")
def evict_sim() -> Iterator[Sim]:
    with Sim("empty", rbac=True, speed=10) as running:
        yield running


@pytest.fixture
def evicts(evict_sim: Sim, tmp_path: Path) -> Iterator[EvictSite]:
    made = EvictSite(evict_sim, tmp_path)
    try:
        yield made
    finally:
        made.forget()
