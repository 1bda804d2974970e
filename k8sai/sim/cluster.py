"""The embedded cluster as one thing: an API server and its controllers on a thread of their own."""

import asyncio
import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from k8sai.errors import ClusterError, K8saiError, TimedOut, Usage
from k8sai.sim import default_roles, kinds
from k8sai.sim.clock import LoopClock
from k8sai.sim.controllers.crew import Crew
from k8sai.sim.controllers.desk import Desk
from k8sai.sim.controllers.evictionrequests import EvictionRequests
from k8sai.sim.controllers.work import Work
from k8sai.sim.deny import Denials
from k8sai.sim.founding import founded
from k8sai.sim.kinds import Resource
from k8sai.sim.kubeconfig import kubeconfig_text, write_private
from k8sai.sim.lifecycle import Lifecycle
from k8sai.sim.lifecycle import serve as serve_lifecycle
from k8sai.sim.populate import Population
from k8sai.sim.processes import Processes
from k8sai.sim.scenario import Scenario, load, parse, scaled
from k8sai.sim.server import Server
from k8sai.sim.store import Store

T = TypeVar("T")
_HOST = "127.0.0.1"
_SLICE = 0.01  # seconds the controllers work before requests get their turn
_LARGE = 5_000  # objects of a cluster that Python's garbage collector is kept away from
LOAD_PATH = "/sim.k8sai.dev/load"
ABOUT_PATH = "/sim.k8sai.dev/about"
_FURNITURE = (("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt"), ("Service", "kubernetes"))
_SPARED = ("default", "kube-node-lease", "kube-public", "kube-system")
_log = logging.getLogger("k8sai.sim")
_log.addHandler(logging.NullHandler())

Said = Callable[[str, int, int], None]


class Sim:
    """An embedded cluster. `with Sim("demo") as sim: … sim.server`.

    `scenario` is a name, a file or None; `nodes` sets the size of one that scales; `port` 0 takes a free one; with
    `speed` 10 a minute of a run takes six seconds; the same `seed` draws the same names. With `rbac` roles and bindings
    decide who may do what, whatever the scenario says. With `processes` pods that ask for it run as real processes of
    this machine, as this user: only for scenarios and users one trusts. `lifecycle` serves EvictionRequests, which
    nobody reads as in 1.37.0, or with "running" a controller does. `said` hears of a load.
    """

    def __init__(
        self,
        scenario: str | Path | None = "empty",
        *,
        port: int = 0,
        nodes: int | None = None,
        speed: float = 1.0,
        seed: int = 0,
        rbac: bool = False,
        processes: bool = False,
        lifecycle: Lifecycle = "",
        said: Said = lambda what, done, of: None,
    ) -> None:
        if speed <= 0:
            raise Usage(f"--speed {speed:g}: time runs forwards: give a number above 0")
        self.server = ""
        self.scenario = str(scenario or "empty")
        self._plan = load(scenario or "empty", nodes=nodes)
        self._port, self._speed, self._seed, self._rbac, self._said = port, speed, seed, rbac, said
        self._allowed, self._lifecycle = processes, lifecycle
        self._processes: Processes | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._failures: list[str] = []

    # life

    def start(self) -> None:
        """Returns when the scenario is loaded and the server answers. Usage for a port that is taken, or a scenario."""
        self._ready.clear()
        self._failure, self._failures = None, []
        self._thread = threading.Thread(target=self._run, name="k8sai-sim", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            self._thread = None
            raise self._failure

    def stop(self) -> None:
        """End it; open watches are closed. It is no error when it is not running."""
        thread, loop = self._thread, self._loop
        if thread is None:
            return
        if loop is not None and thread.is_alive():
            loop.call_soon_threadsafe(self._stopping.set)
        thread.join()
        self._thread = None

    def __enter__(self) -> "Sim":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait(self) -> None:
        """Until it is stopped from elsewhere."""
        if self._thread is not None:
            self._thread.join()

    # talking to it from other threads

    def kubeconfig_text(self, context: str = "k8sai-sim") -> str:
        """A kubeconfig for any client."""
        return kubeconfig_text(self.server, context)

    def write_kubeconfig(self, path: Path, context: str = "k8sai-sim") -> None:
        """Write it, readable by its owner only."""
        write_private(path, self.kubeconfig_text(context))

    def settled(self, timeout: float = 10.0) -> None:
        """Wait until the controllers have nothing left to do and no container is about to start. Raises TimedOut.

        Raises ClusterError when a controller failed meanwhile: a bug of the embedded cluster.
        """

        async def idle() -> None:
            async with asyncio.timeout(timeout):
                while not self._work.idle() or self._clock.settling() or self._held:
                    await asyncio.sleep(0.005)

        try:
            self._call(idle())
        except TimeoutError as error:
            raise TimedOut(f"the embedded cluster has not come to rest within {timeout:g} s") from error
        if self._failures:
            raise ClusterError(f"a controller of the embedded cluster failed: {self._failures[0]}")

    def load(self, scenario: str | Path, *, nodes: int | None = None) -> None:
        """Replace what is in the cluster. Raises Usage, NotFound."""
        plan = load(scenario, nodes=nodes)
        self._call(self._replace(plan))
        self.scenario = str(scenario)

    def add(self, scenario: str | Path) -> None:
        """Put what a scenario has beside what is there; what has the same name stays.

        Rights and denials are those of the scenario that came last. Raises Usage, NotFound.
        """
        self._call(self._populate(load(scenario)))

    def compact(self) -> None:
        """Forget all past writes, as etcd does every few minutes: watches from an older version get 410."""

        async def forget() -> None:
            self._store.compact()

        self._call(forget())

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        if self._loop is None or self._thread is None:
            work.close()
            raise ClusterError("the embedded cluster is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    # on the thread

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = Usage(
                f"cannot listen on port {self._port}: {os.strerror(error.errno).lower() if error.errno else error}",
                "give another with --port, or none: then a free one is taken",
            )
        except BaseException as error:  # handed to the thread that started us
            self._failure = error
        finally:
            self._loop = None
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._held = True
        self._clock = LoopClock(self._loop, self._speed)
        self._work = Work(wake=self._wake, failed=self._failed)
        self._store = founded(now=self._clock.now, seed=self._seed)
        if self._lifecycle:
            serve_lifecycle(self._store.catalog)
        self._denials = Denials()
        self._processes = Processes(self._loop, self._store) if self._allowed else None
        desk = Desk(self._store, self._clock, self._work)
        self._crew = Crew(desk, self._processes)
        if self._lifecycle == "running":
            self._store.subscribe(EvictionRequests(desk).on_event)
        runner = await self._listen()
        try:
            await self._populate(self._plan)
            self._crew.start()
            self._ready.set()
            await self._stopping.wait()
        finally:
            if self._processes is not None:
                self._processes.close()
            await runner.cleanup()
            gc.unfreeze()

    async def _listen(self) -> web.AppRunner:
        server = Server(self._store, self._denials, lines=self._crew.kueue, processes=self._processes)
        self._gate = server.gate
        app = server.app()
        app.router.add_post(LOAD_PATH, self._load_asked)
        app.router.add_get(ABOUT_PATH, self._about_asked)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, keepalive_timeout=3600)
        await runner.setup()
        try:
            await web.TCPSite(runner, _HOST, self._port).start()
        except OSError:
            await runner.cleanup()
            raise
        host, port = runner.addresses[0][:2]
        server.address = f"{host}:{port}"
        self.server = f"http://{server.address}"
        if self._processes is not None:
            self._processes.server = self.server
        return runner

    async def _populate(self, plan: Scenario) -> None:
        """Load while the controllers hold still, so that they meet owners and pods together."""
        self._held = True
        self._denials.rules[:] = []
        self._gate.enforced = self._rbac or plan.rbac
        if self._gate.enforced:
            default_roles.furnish(self._store)
        enabled = gc.isenabled()
        gc.disable()  # a load only allocates: looking for garbage meanwhile is most of its time
        try:
            for _ in Population(self._store, self._crew, plan, self._clock.now(), self._said).load():
                await asyncio.sleep(0)
            self._denials.rules[:] = Denials.parse(plan.denials).rules
        finally:
            if enabled:
                gc.enable()
            self._held = False
            self._wake()
        if sum(map(self._store.count, self._store.catalog.homes())) > _LARGE:
            gc.collect()
            gc.freeze()  # what was loaded stays: walking all of it between two requests would make them wait

    def _wake(self) -> None:
        if self._loop is not None and not self._held:
            self._loop.call_soon(self._step)

    def _step(self) -> None:
        """Let the controllers work for a slice of time."""
        end = time.perf_counter() + _SLICE
        while not self._held and not self._work.idle():
            self._work.step()
            if time.perf_counter() > end:
                self._wake()
                return

    def _failed(self, controller: str, error: Exception) -> None:
        _log.error("the %s controller failed", controller, exc_info=error)
        if len(self._failures) < 100:
            self._failures.append(f"{controller}: {type(error).__name__}: {error}")

    # replacing what is there

    async def _load_asked(self, request: web.Request) -> web.Response:
        """POST a scenario's YAML; `?nodes=` scales it, `?name=` is how errors and `status` call it."""
        name = request.query.get("name", "scenario")
        try:
            plan = parse(await request.text(), name)
            if request.query.get("nodes"):
                plan = scaled(plan, int(request.query["nodes"]), name)
            await self._replace(plan)
        except (K8saiError, ValueError) as error:
            return web.json_response({"message": str(error)}, status=400)
        self.scenario = name
        return await self._about_asked(request)

    async def _about_asked(self, _: web.Request) -> web.Response:
        """What is in it, and whether its controllers have come to rest."""
        settled = self._work.idle() and not self._clock.settling() and not self._held
        about = {"scenario": self.scenario, "settled": settled, "failures": self._failures}
        return web.json_response({**about, "nodes": self._count("nodes"), "pods": self._count("pods")})

    def _count(self, plural: str) -> int:
        return self._store.count(kinds.find("", plural))

    async def _replace(self, plan: Scenario) -> None:
        self._held = True
        try:
            wipe(self._store)
        finally:
            self._held = False
        await self._populate(plan)


def wipe(store: Store) -> None:
    """Take everything away but what each cluster starts with."""
    for resource in store.catalog.homes():
        for obj in store.list(resource):
            if not _first(resource, obj):
                _remove(store, resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _first(resource: Resource, obj: dict[str, Any]) -> bool:
    """It belongs to an empty cluster."""
    namespace, name = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
    if resource.kind == "Namespace":
        return name in _SPARED
    if resource.kind == "PriorityClass":
        return bool(name.startswith("system-"))
    return namespace in _SPARED and (resource.kind, name) in _FURNITURE


def _remove(store: Store, resource: Resource, namespace: str, name: str) -> None:
    """Without waiting for finalizers; it may be gone already, with its owner."""
    found = store.find(resource, namespace, name)
    if found is None:
        return
    if found["metadata"].get("finalizers"):
        kept = {k: v for k, v in found["metadata"].items() if k != "finalizers"}
        store.update(resource, {**found, "metadata": kept})
    if store.find(resource, namespace, name) is not None:
        store.delete(resource, namespace, name, grace=0)
