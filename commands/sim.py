"""An embedded cluster with GPUs for any client: start it, load scenarios into it, stop it."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from k8sai.commands import _print, _talk
from k8sai.commands._door import entry
from k8sai.errors import Exit, NotFound, Refused, Usage
from k8sai.view import Note

if TYPE_CHECKING:
    from k8sai.sim.background import Order, State

Output = Literal["table", "json", "yaml"]
_DOWN_HINT = "`k8sai sim up` starts one"

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="An embedded cluster with GPUs for any client: start it, load scenarios into it, stop it.",
)


@app.command()
def up(
    scenario: Annotated[
        str, typer.Argument(metavar="[SCENARIO]", help="demo, empty, cpu-only, huge, …, or a file.", show_default=False)
    ] = "",
    *,
    nodes: Annotated[
        int | None, typer.Option("--nodes", metavar="N", help="Size of a scenario that scales, such as huge.")
    ] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", help="Listen there; 0 takes a free port.")] = 0,
    speed: Annotated[float, typer.Option("--speed", metavar="X", help="Runs end X times sooner.")] = 1.0,
    kubeconfig: Annotated[
        Path | None, typer.Option("--kubeconfig", metavar="FILE", help="Write the kubeconfig there.")
    ] = None,
    rbac: Annotated[bool, typer.Option("--rbac", help="Roles and bindings decide who may do what.")] = False,
    processes: Annotated[
        bool, typer.Option("--processes", help="Pods that ask for it run as processes of this machine, as you.")
    ] = False,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay in the terminal until Ctrl-C.")] = False,
) -> int:
    """Starts it in the background and prints the line that points kubectl at it.

    \b
    Examples:
      eval "$(k8sai sim up)"                 48 GPU nodes, and kubectl sees them
      k8sai sim up huge --nodes 5000         40,000 GPUs
      k8sai sim up ./mine.yaml --foreground  a scenario of yours, until Ctrl-C
    """
    from k8sai.sim import background

    _check_numbers(nodes, port, speed)
    found = background.running()
    if found is not None:
        return _already(found, scenario)
    name = scenario or "demo"
    order = background.Order(
        scenario=_absolute(name),
        nodes=nodes,
        port=port,
        speed=speed,
        kubeconfig=str(kubeconfig.absolute()) if kubeconfig else "",
        rbac=rbac,
        processes=processes,
    )
    _refuse_foreign(background.kubeconfig_path(order))
    if foreground:
        return _in_foreground(order)
    with _Loading(name) as loading:
        state = background.start_detached(order, loading.said)
    _announce(state)
    return Exit.OK


@app.command()
def load(
    scenario: Annotated[
        str, typer.Argument(metavar="[SCENARIO]", help="demo, empty, huge, …", show_default=False)
    ] = "",
    *,
    file: Annotated[
        str, typer.Option("-f", "--filename", metavar="FILE", help="A scenario of yours; - reads stdin.")
    ] = "",
    nodes: Annotated[int | None, typer.Option("--nodes", metavar="N", help="Size of a scenario that scales.")] = None,
) -> int:
    """Replaces what is in the running cluster with a scenario."""
    from urllib.parse import urlencode

    from k8sai.sim import background
    from k8sai.sim.scenario import check, text_of

    if bool(scenario) == bool(file):
        raise Usage("load takes one scenario: a name, or a file with -f", "`k8sai sim load demo`")
    _check_numbers(nodes, 0, 1.0)
    name = file or scenario
    text = sys.stdin.read() if file == "-" else text_of(Path(file) if file else scenario)
    check(text, name, nodes)
    state = _running()
    query = {"name": name} | ({"nodes": str(nodes)} if nodes is not None else {})
    with _talk.Progress(f"loading {name}"):
        about = background.ask(state, f"/sim.k8sai.dev/load?{urlencode(query)}", text.encode())
    _talk.note(Note(f"{name} is loaded: {about['nodes']} nodes, {about['pods']} pods", "good"))
    return Exit.OK


@app.command()
def down() -> int:
    """Stops it; it is no error when nothing runs."""
    from k8sai.sim import background

    state = background.running()
    if state is None and background.alive():
        raise Refused("an embedded cluster is just starting", "try again when it has started")
    if state is None:
        background.forget()
        _talk.note(Note("no embedded cluster is running"))
        return Exit.OK
    background.stop(state)
    background.forget()
    _talk.note(Note(f"the embedded cluster at {state.server} has stopped"))
    return Exit.OK


@app.command()
def status(*, output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table") -> int:
    """Whether it runs, where, and with how much in it. Exit code 1 where none runs."""
    import time

    from k8sai.ages import stamp
    from k8sai.sim import background

    state = background.running()
    about: dict[str, Any] = background.ask(state, "/sim.k8sai.dev/about") if state else {}
    document: dict[str, Any] = {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": "Sim",
        "at": stamp(time.time()),
        "context": "k8sai-sim",
        "complete": True,
        "hidden": [],
        "running": state is not None,
    }
    if state is not None:
        document |= {
            "server": state.server,
            "kubeconfig": state.kubeconfig,
            "pid": state.pid,
            "log": state.log,
            **about,
        }
    if output != "table":
        _print.document(document, output)
    elif state is None:
        _talk.note(Note("no embedded cluster is running", hint=_DOWN_HINT))
    else:
        _print.line(f"{about['scenario']} at {state.server}: {about['nodes']} nodes, {about['pods']} pods")
        _print.line(_export(state))
    return Exit.OK if state is not None else Exit.FINDINGS


def _check_numbers(nodes: int | None, port: int, speed: float) -> None:
    if nodes is not None and nodes < 0:
        raise Usage(f"--nodes {nodes}: a cluster has no fewer than 0 nodes")
    if not 0 <= port <= 65535:
        raise Usage(f"--port {port}: ports are between 1 and 65535, and 0 takes a free one")
    if speed <= 0:
        raise Usage(f"--speed {speed:g}: time runs forwards: give a number above 0")


def _absolute(name: str) -> str:
    """A file by its absolute path: the process that reads it works elsewhere."""
    return str(Path(name).absolute()) if "/" in name or name.endswith((".yaml", ".yml", ".json")) else name


def _already(state: "State", scenario: str) -> int:
    """It runs: that is what was wanted, unless another scenario was."""
    if scenario and _absolute(scenario) != state.scenario:
        raise Refused(
            f"an embedded cluster is already running ({state.scenario} at {state.server})",
            f"`k8sai sim load {scenario}` replaces what is in it; `k8sai sim down` stops it",
        )
    _talk.note(Note(f"the embedded cluster is already running: {state.scenario} at {state.server}"))
    _print.line(_export(state))
    return Exit.OK


def _refuse_foreign(path: Path) -> None:
    """Never over somebody's own kubeconfig. Raises Refused."""
    import yaml

    if not path.exists():
        return
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        names = [context["name"] for context in found.get("contexts") or ()]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        names = ["unknown"]
    if names != ["k8sai-sim"]:
        raise Refused(f"{path} holds something else; it was left as it is", "name another file with --kubeconfig")


def _running() -> "State":
    from k8sai.sim import background

    state = background.running()
    if state is None:
        raise NotFound("no embedded cluster is running", _DOWN_HINT)
    return state


def _export(state: "State") -> str:
    return f"export KUBECONFIG={shlex.quote(state.kubeconfig)}"


def _announce(state: "State") -> None:
    _talk.note(Note(f"{Path(state.scenario).name} runs at {state.server}", "good", "`k8sai top` shows it"))
    _print.line(_export(state))
    _print.flush()


def _in_foreground(order: "Order") -> int:
    import threading

    from k8sai.sim import background

    with _Loading(Path(order.scenario).name) as loading:

        def ready(state: "State") -> None:
            loading.done()
            _announce(state)

        background.run(order, ready, threading.Event().wait, loading.said)
    return Exit.OK


class _Loading:
    """A line on a terminal's stderr that says how far a load is; nothing elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = False

    def __enter__(self) -> "_Loading":
        return self

    def __exit__(self, *_: object) -> None:
        self.done()

    def said(self, what: str, done: int, of: int) -> None:
        """So many of these are there."""
        if sys.stderr is not None and sys.stderr.isatty():
            self._shown = True
            sys.stderr.write(f"\r\x1b[K{self._name}: {done:,} of {of:,} {what}")
            sys.stderr.flush()

    def done(self) -> None:
        """Wipe the line."""
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


main = entry(app, "sim")
