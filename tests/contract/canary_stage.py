"""`canary` run as a user runs it, against a server that is watched; and HTTPRoutes with a gateway that can be slow."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

from k8sai.canary.facts import Ref
from k8sai.canary.keeping import names
from k8sai.canary.keeping.kept import Kept
from k8sai.canary.state import State
from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.cluster.writing import Writer
from tests.commands.run import BIN, Ran, environment, run
from tests.commands.server import write_kubeconfig
from tests.contract.api import JSON_PATCH, Api, Json
from tests.contract.canary_audit import Audit
from tests.contract.canary_driver import Driver
from tests.faults.schedule import Sent

QUICK = ("--no-gate", "--warmup", "0s", "--keep-old", "0", "--steps", "5,50")


@dataclass
class Stage:
    """`stage("step", "--next")` is `k8sai canary step isvc/chat --next`; `stage.audit.sent` what it has written."""

    api: Api
    ref: Ref
    path: str  # of the target
    audit: Audit
    folder: Path
    kubeconfig: Path = field(init=False)

    def __post_init__(self) -> None:
        where = self.folder / self.ref.namespace / "config"
        self.kubeconfig = write_kubeconfig(where, self.audit.url, namespace=self.ref.namespace)

    @property
    def env(self) -> dict[str, str]:
        return environment(self.folder, KUBECONFIG=str(self.kubeconfig))

    def __call__(self, verb: str, *words: str) -> Ran:
        return run("kubectl-ai_canary", verb, self.ref.title, *words, env=self.env)

    def begun(self, verb: str, *words: str) -> "subprocess.Popen[str]":
        """It runs; nobody waits for it."""
        command = [str(BIN / "kubectl-ai_canary"), verb, self.ref.title, *words]
        return subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    # --- what is there ------------------------------------------------------------------------------------------------

    @property
    def target(self) -> Json:
        return self.api.get(self.path).ok()

    @property
    def state(self) -> State:
        held = self._kept.peek()
        assert held is not None
        return held.state

    @property
    def _kept(self) -> Kept:
        return Kept(Writer(connect(Options(kubeconfig=str(self.kubeconfig)))), self.ref)

    @property
    def ours(self) -> list[str]:
        """The names of what rollouts have made in the namespace."""
        core = f"/api/v1/namespaces/{self.ref.namespace}/configmaps"
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{self.ref.namespace}/leases"
        query = {"labelSelector": f"{names.LABEL}=1"}
        return [one["metadata"]["name"] for path in (core, leases) for one in self.api.get(path, query).ok()["items"]]

    def edit(self, *operations: Json, subresource: str = "") -> None:
        """Somebody else writes."""
        path = f"{self.path}/{subresource}" if subresource else self.path
        self.api.patch(path, [*operations], JSON_PATCH).ok()

    def on_target(self) -> list[Sent]:
        """Of what was sent: the writes to the target itself."""
        return [one for one in self.audit.sent if one.path.startswith(self.path)]

    def holder_died(self, ago: float = 0.0) -> None:
        """Somebody on another machine took the Lease, and has not renewed it since `ago` seconds."""
        lease = names.lease_at(self.ref).path
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(time.time() - ago))
        spec = self.api.get(lease).ok()["spec"]
        held = {"holderIdentity": "ana@ci-7/1/dead", "renewTime": at, "acquireTime": at, "leaseDurationSeconds": 60}
        taken = {**held, "leaseTransitions": spec["leaseTransitions"] + 1}
        self.api.patch(lease, {"spec": taken}).ok()


@contextmanager
def staged(api: Api, ref: Ref, path: str, folder: Path) -> Iterator[Stage]:
    with Audit(api) as audit:
        yield Stage(api, ref, path, audit, folder)


@contextmanager
def staged_beside(driver: Driver, folder: Path, settle: Callable[[], None] | None = None) -> Iterator[Stage]:
    """The driver's target; `settle` plays its controllers, again and again."""
    with staged(driver.api, driver.ref, driver.path, folder) as stage, playing(settle):
        yield stage


@contextmanager
def playing(settle: Callable[[], None] | None) -> Iterator[None]:
    """Controllers that look at everything all the time."""
    ended, failures = Event(), list[BaseException]()

    def play() -> None:
        while settle and not ended.wait(0.1):
            try:
                settle()
            except AssertionError as refused:  # somebody wrote at the same moment: a controller tries again
                failures.append(refused)
                assert len(failures) < 50, refused

    thread = Thread(target=play, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()


def until(holds: Callable[[], Any], seconds: float = 60) -> None:
    """Returns as soon as it holds. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)
