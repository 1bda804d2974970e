"""Bad input: one sentence with the reason and the next command on stderr, its exit code, nothing on stdout."""

import json
import shutil
import socket
from pathlib import Path

import pytest

from k8sai.errors import Exit
from tests.cluster import certificates
from tests.cluster.loopback import Reply, document, serving
from tests.commands.run import Ran, environment, on_terminal, run
from tests.commands.server import Answer, Canned, forbidden, status, write_kubeconfig

SMALL = Path(__file__).parents[1] / "clusters/small.json"
DRA = "/apis/resource.k8s.io/v1"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


def told(ran: Ran, code: int) -> tuple[str, str]:
    """The sentence and the next command of a run that failed as it should."""
    assert ran.code == code, ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err
    sentence, *hint = ran.err.rstrip("\n").split("\n")
    assert sentence.startswith("error: ")
    assert len(hint) <= 1
    return sentence.removeprefix("error: "), hint[0].removeprefix("  → ") if hint else ""


CONTRADICTIONS = {
    "-n a -A": "-n and -A contradict each other",
    "--from x.json --context y": "--from reads no cluster, so --context means nothing with it",
    "--from x.json --as eve": "--from reads no cluster, so --as means nothing with it",
    "--from x.json -w": "a recording does not change: --from and -w cannot go together",
    "--from x.json --dcgm": "--from reads no cluster, so --dcgm means nothing with it",
    "--from x.json --prometheus https://p": "--from reads no cluster, so --prometheus means nothing with it",
    "--dcgm --prometheus https://p": "--dcgm and --prometheus are two ways to the same numbers",
    "--prometheus-header A:b": "--prometheus-header means nothing without --prometheus",
    "--prometheus ns/p:web --prometheus-header A:s3cret": (
        "--prometheus-header goes with a URL: the API server passes on no header to a service"
    ),
    "--prometheus https://p --prometheus-header s3cret": "--prometheus-header is not NAME:VALUE",
    "--prometheus prom": "'prom' is not the address of a Prometheus",
    "-w --once": "--once ends at once and -w goes on: they cannot go together",
    "-w -o yaml": "-w prints lines, or documents with -o json; not -o yaml",
    "-w -o table": "-w prints lines, or documents with -o json; not -o table",
    "-w --by pod": "-w follows nodes and pods at once, so --by means nothing with it",
    "--by pod -o json": "-o json has every list, so --by means nothing with it",
    "--by pod --sort-by free": "--sort-by orders nodes, and --by shows something else",
    "--by pod --reverse": "--reverse orders nodes, and --by shows something else",
}


@pytest.mark.parametrize("flags", CONTRADICTIONS)
def test_flags_that_contradict(flags: str, env: dict[str, str]) -> None:
    """Said before anything is read: there is neither a cluster nor the file here."""
    sentence, hint = told(run("kubectl-ai_top", *flags.split(), env=env), Exit.USAGE)
    assert sentence == CONTRADICTIONS[flags]
    assert hint


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["-l", "a,,b"], "label selector: '' in 'a,,b' is not a requirement"),
        (["--request-timeout", "soon", "--once"], "--request-timeout 'soon' is not a time"),
        (["-o", "xml"], "Invalid value for '-o' / '--output': 'xml' is not one of 'table', 'wide', 'json', 'yaml', "),
        (["--by", "rack"], "Invalid value for '--by': 'rack' is not one of 'node', 'card', 'map', 'product', "),
    ],
)
def test_values_that_are_none(flags: list[str], sentence: str, env: dict[str, str]) -> None:
    said, hint = told(run("kubectl-ai_top", *flags, env=env), Exit.USAGE)
    assert said.startswith(sentence)
    assert hint


@pytest.mark.parametrize("flags", [["--once"], ["-o", "json"], ["-w"], ["-w", "-o", "json"]], ids=" ".join)
def test_no_kubeconfig(flags: list[str], env: dict[str, str]) -> None:
    ran = run("kubectl-ai_top", *flags, env=env)
    sentence, hint = told(ran, ran.code)
    assert ran.code in (Exit.USAGE, Exit.NOT_FOUND)
    assert "kubeconfig" in sentence
    assert hint


def test_no_kubeconfig_on_a_terminal(env: dict[str, str]) -> None:
    """The screen is never entered."""
    ran = on_terminal("kubectl-ai_top", env={**env, "NO_COLOR": "1"})
    assert ran.code in (Exit.USAGE, Exit.NOT_FOUND)
    assert ran.out.startswith("error: ")
    assert "\x1b" not in ran.out


def test_a_context_that_is_not_there(env: dict[str, str], tmp_path: Path) -> None:
    config = write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    ran = run("kubectl-ai_top", "--once", "--kubeconfig", config, "--context", "prdo", env=env)
    sentence, hint = told(ran, ran.code)
    assert ran.code in (Exit.USAGE, Exit.NOT_FOUND)
    assert "prdo" in sentence
    assert hint


def test_nobody_listens(env: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused for as long as we hold it
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        config = write_kubeconfig(tmp_path / "config", url)
        for flags in (["--once"], ["-w"]):
            sentence, _ = told(run("kubectl-ai_top", *flags, "--kubeconfig", config, env=env), Exit.CLUSTER)
            assert url in sentence
            assert "refuses the connection" in sentence


def test_a_server_that_speaks_no_tls(env: dict[str, str], tmp_path: Path) -> None:
    with Canned({}) as server:
        config = write_kubeconfig(tmp_path / "config", server.url.replace("http:", "https:"))
        sentence, hint = told(run("kubectl-ai_top", "--once", "--kubeconfig", config, env=env), Exit.CLUSTER)
    assert server.url.removeprefix("http://") in sentence
    assert hint


def test_credentials_that_expired(env: dict[str, str], tmp_path: Path) -> None:
    denied = status(401, "Unauthorized", "Unauthorized")
    paths = ["/version", "/api/v1/nodes", "/api/v1/pods", *(f"{DRA}/{kind}" for kind in ("resourceslices",))]
    with Canned(dict.fromkeys(paths, denied)) as server:
        config = write_kubeconfig(tmp_path / "config", server.url)
        for flags in (["--once"], ["-w"]):
            sentence, hint = told(run("kubectl-ai_top", *flags, "--kubeconfig", config, env=env), Exit.CLUSTER)
            assert sentence == f"{server.url} does not accept the credentials of context 'test' (401)"
            assert hint


# --- rights -----------------------------------------------------------------------------------------------------------


def lists() -> dict[str, Answer]:
    """A server with the small cluster on it, without DRA."""
    items = json.loads(SMALL.read_text())["items"]

    def listed(kind: str) -> Answer:
        found = [item for item in items if item["kind"] == kind]
        return 200, {"kind": f"{kind}List", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": found}

    return {
        "/version": (200, {"major": "1", "minor": "37", "gitVersion": "v1.37.0"}),
        "/api/v1/nodes": listed("Node"),
        "/api/v1/pods": listed("Pod"),
    }


NO_PODS = {"/api/v1/pods": forbidden("pods"), "/api/v1/namespaces/default/pods": forbidden("pods")}
NO_NODES = {"/api/v1/nodes": forbidden("nodes")}
SERVED: dict[str, Answer] = {
    "/apis": (
        200,
        {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [
                {"name": "resource.k8s.io", "versions": [{"groupVersion": "resource.k8s.io/v1", "version": "v1"}]}
            ],
        },
    ),
    DRA: (
        200,
        {
            "kind": "APIResourceList",
            "groupVersion": "resource.k8s.io/v1",
            "resources": [{"name": name} for name in ("resourceslices", "resourceclaims")],
        },
    ),
}
NO_CLAIMS = {
    **SERVED,
    f"{DRA}/resourceclaims": forbidden("resourceclaims", "resource.k8s.io"),
    f"{DRA}/namespaces/default/resourceclaims": forbidden("resourceclaims", "resource.k8s.io"),
    f"{DRA}/resourceslices": (200, {"kind": "ResourceSliceList", "metadata": {"resourceVersion": "9"}, "items": []}),
}


def seen(changed: dict[str, Answer], env: dict[str, str], tmp_path: Path, *flags: str) -> tuple[Ran, str]:
    with Canned({**lists(), **changed}) as server:
        config = write_kubeconfig(tmp_path / "config", server.url)
        return run("kubectl-ai_top", *flags, "--kubeconfig", config, env=env), server.url


def test_neither_nodes_nor_pods(env: dict[str, str], tmp_path: Path) -> None:
    for flags in (["--once"], ["-o", "json"], ["-w"]):
        ran, url = seen({**NO_NODES, **NO_PODS}, env, tmp_path, *flags)
        sentence, hint = told(ran, Exit.FORBIDDEN)
        assert sentence == f"{url} forbids eve to list nodes in the whole cluster"
        assert "`kubectl auth can-i list nodes --" in hint


def test_no_nodes(env: dict[str, str], tmp_path: Path) -> None:
    ran, url = seen(NO_NODES, env, tmp_path, "-o", "json")
    assert ran.code == Exit.PARTIAL
    assert ran.err.startswith(
        f"warning: nodes are not shown: {url} forbids eve to list nodes in the whole cluster\n  → "
    )
    assert "`kubectl auth can-i list nodes --" in ran.err
    view = json.loads(ran.out)
    assert view["complete"] is False
    assert view["hidden"] == [{"what": "nodes", "why": f"{url} forbids eve to list nodes in the whole cluster"}]
    assert view["totals"]["used"] > 0
    assert [view["totals"][key] for key in ("capacity", "allocatable", "free", "unhealthy")] == [None] * 4


def test_no_pods(env: dict[str, str], tmp_path: Path) -> None:
    """What is used is not known, so nothing is called free."""
    ran, _ = seen(NO_PODS, env, tmp_path, "-o", "json")
    assert ran.code == Exit.PARTIAL
    view = json.loads(ran.out)
    assert view["totals"]["capacity"] == 38
    assert view["totals"]["used"] is None and view["totals"]["free"] is None
    assert {node["largestFree"] for node in view["nodes"]} == {None}
    table, _ = seen(NO_PODS, env, tmp_path, "--once")
    assert " 38 cards, ? used, ? free, 1 unhealthy, ? asked by waiting pods\n" in table.out


def test_no_claims(env: dict[str, str], tmp_path: Path) -> None:
    ran, _ = seen(NO_CLAIMS, env, tmp_path, "--once")
    assert ran.code == Exit.PARTIAL
    assert "H100-80GB-HBM3" in ran.out
    assert ran.err.startswith("warning: resourceclaims are not shown: ")
    assert "`kubectl auth can-i list resourceclaims.resource.k8s.io " in ran.err
    assert ran.err.count("\n") == 2


def test_one_namespace(env: dict[str, str], tmp_path: Path) -> None:
    pods = lists()["/api/v1/pods"]
    changed = {"/api/v1/pods": forbidden("pods"), "/api/v1/namespaces/default/pods": pods}
    ran, _ = seen(changed, env, tmp_path, "-o", "json")
    assert ran.code == Exit.PARTIAL
    view = json.loads(ran.out)
    assert [gap["what"] for gap in view["hidden"]] == ["pods outside namespace default"]
    assert view["totals"]["used"] > 0
    assert "so less may be free than it seems" in ran.err


# --- nothing there ----------------------------------------------------------------------------------------------------

EMPTY: Answer = (200, {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": []})


def test_no_gpu_anywhere(env: dict[str, str], tmp_path: Path) -> None:
    nothing = {"/api/v1/nodes": EMPTY, "/api/v1/pods": EMPTY}
    said = (
        "note: no GPUs in test: none of its 0 nodes offers any and no pod asks for one\n"
        "  → is the device plugin or DRA driver running? "
        f"`kubectl ai-top --all-nodes --kubeconfig {tmp_path / 'config'}` lists the nodes\n"
    )
    assert seen(nothing, env, tmp_path, "--once")[0] == Ran(Exit.OK, "", said)
    assert seen(nothing, env, tmp_path, "-o", "name")[0] == Ran(Exit.OK, "", said)
    ran, _ = seen(nothing, env, tmp_path, "-o", "json")
    view = json.loads(ran.out)
    assert (ran.code, ran.err) == (Exit.OK, said)
    assert view["complete"] is True and view["nodes"] == view["pods"] == view["pending"] == []
    assert view["totals"]["capacity"] == 0


def test_no_node_matches(env: dict[str, str], tmp_path: Path) -> None:
    ran, _ = seen({}, env, tmp_path, "--once", "-l", "pool=moon")
    assert (ran.code, ran.out) == (Exit.OK, "")
    assert ran.err.startswith("note: no node with GPUs matches these flags\n")


def test_a_node_that_is_not_there(env: dict[str, str], tmp_path: Path) -> None:
    ran, _ = seen({}, env, tmp_path, "gpu-h9", "-o", "wide")
    assert told(ran, Exit.NOT_FOUND) == ("there is no node 'gpu-h9'", "did you mean 'gpu-h2'?")
    ran, _ = seen({}, env, tmp_path, "cpu-1", "--once")
    again = f"`kubectl ai-top cpu-1 --all-nodes --kubeconfig {tmp_path / 'config'}`"
    assert told(ran, Exit.NOT_FOUND) == ("node 'cpu-1' has no GPUs", again)


def test_a_server_that_is_no_kubernetes(env: dict[str, str], tmp_path: Path) -> None:
    with serving(lambda request: Reply(200, body=b"<html>welcome</html>")) as loopback:
        config = write_kubeconfig(tmp_path / "config", loopback.url)
        sentence, _ = told(run("kubectl-ai_top", "--once", "--kubeconfig", config, env=env), Exit.CLUSTER)
    assert "not JSON" in sentence


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> certificates.Pki:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH: it makes the certificates of these tests")
    return certificates.make(tmp_path_factory.mktemp("pki"))


@pytest.mark.parametrize(
    ("server", "authority", "reason"),
    [("server", "", "authority"), ("expired-server", "ca", "expired"), ("other-name", "ca", "127.0.0.1")],
)
def test_a_certificate_that_cannot_be_trusted(
    server: str, authority: str, reason: str, pki: certificates.Pki, env: dict[str, str], tmp_path: Path
) -> None:
    with serving(lambda request: document({}), pki.server(server)) as loopback:
        config = write_kubeconfig(tmp_path / "config", loopback.url)
        flags = ["--certificate-authority", str(pki.crt(authority))] if authority else []
        sentence, hint = told(run("kubectl-ai_top", "--once", "--kubeconfig", config, *flags, env=env), Exit.CLUSTER)
    assert loopback.url in sentence and reason in sentence
    assert hint


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_waiting_is_told_on_a_terminal_only(env: dict[str, str], tmp_path: Path) -> None:
    with Canned(lists(), slow={"/api/v1/nodes": 1.3}) as server:
        config = write_kubeconfig(tmp_path / "config", server.url)
        flags = ("kubectl-ai_top", "-o", "name", "--kubeconfig", config)
        shown = on_terminal(*flags, env=env).out
        assert shown.startswith(f"\r\x1b[Kreading {server.url} … 1 s\r\x1b[K")
        assert shown.endswith("node/gpu-t1\n")
        assert run(*flags, env=env).err == ""
