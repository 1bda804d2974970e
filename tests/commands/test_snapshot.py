"""`snapshot` on the embedded cluster, over HTTP: what is written, what never is, and what a file answers."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from k8sai.cluster.connect import connect
from k8sai.cluster.options import Options
from k8sai.cluster.recording import open_recording
from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.run import Ran, environment, run
from tests.commands.server import Canned, write_kubeconfig

CANARY = "canary-7d2e9"
SMALL = Path(__file__).parents[1] / "clusters/small.json"


@pytest.fixture(scope="module")
def demo() -> Iterator[Sim]:
    with Sim("demo") as sim:
        sim.settled(60)
        yield sim


def on(sim: Sim, folder: Path, *words: str | Path) -> Ran:
    sim.write_kubeconfig(folder / "config", "prod")
    return run("kubectl-ai_snapshot", *words, env=environment(folder, KUBECONFIG=str(folder / "config")))


def offline(folder: Path, *words: str | Path) -> Ran:
    return run("kubectl-ai_snapshot", *words, env=environment(folder))


def top(folder: Path, file: Path) -> dict[str, Any]:
    ran = run("kubectl-ai_top", "--from", file, "-o", "json", env=environment(folder))
    view: dict[str, Any] = json.loads(ran.out)
    return view


def small(folder: Path, name: str = "before.json", **changed: Any) -> Path:
    """The small cluster as kubectl prints it; `changed` replaces the specs of nodes by name."""
    document = json.loads(SMALL.read_text())
    for item in document["items"]:
        if item["metadata"]["name"].replace("-", "_") in changed:
            item["spec"] |= changed[item["metadata"]["name"].replace("-", "_")]
    path = folder / name
    path.write_text(json.dumps(document))
    return path


# --- save -------------------------------------------------------------------------------------------------------------


def test_a_file_is_written_and_named(demo: Sim, tmp_path: Path) -> None:
    ran = on(demo, tmp_path, "save", "-o", tmp_path / "c.gz")
    assert (ran.code, ran.out) == (Exit.OK, f"{tmp_path / 'c.gz'}\n")
    assert ran.err.startswith("note: 48 nodes, ")
    assert (tmp_path / "c.gz").stat().st_mode & 0o777 == 0o600
    recorded, _, objects = open_recording(tmp_path / "c.gz")
    assert (recorded.context, recorded.redacted) == ("prod", False)
    assert recorded.server_version.startswith("v1.")
    assert len(objects.list("jobs.batch")) > 10
    assert {pod["metadata"]["uid"] for pod in objects.list("pods", fields="status.phase=Pending")} >= {
        pod["uid"] for pod in top(tmp_path, tmp_path / "c.gz")["pending"]
    }


def test_the_default_name_is_of_context_and_time(demo: Sim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = on(demo, tmp_path, "save").out.strip()
    assert name.startswith("k8sai-prod-2") and name.endswith("Z.json.gz")
    assert (tmp_path / name).exists()
    hidden = on(demo, tmp_path, "save", "--redact").out.strip()
    assert hidden.startswith("k8sai-redacted-2")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("-", "a snapshot is written to a file, not to stdout"),
        (".", ". is no file: nothing was written"),
        ("/dev/null", "/dev/null is no file: nothing was written"),
        ("nowhere/c.gz", "cannot write nowhere/c.gz: there is no folder nowhere"),
        ("n" * 300, f"cannot write {'n' * 300}: File name too long"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_read(tmp_path: Path, name: str, said: str) -> None:
    """There is no cluster here. No device is replaced, not even by force."""
    ran = offline(tmp_path, "save", "--force", "-o", name)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert ran.err.splitlines()[0] == f"error: {said}"
    assert Path("/dev/null").is_char_device()


def test_the_next_command_is_to_be_pasted(demo: Sim, tmp_path: Path) -> None:
    ran = on(demo, tmp_path, "save", "-o", tmp_path / "our cluster.gz")
    assert f"`kubectl ai-snapshot show '{tmp_path}/our cluster.gz'`" in ran.err


def test_a_file_is_not_overwritten_unless_told(demo: Sim, tmp_path: Path) -> None:
    (tmp_path / "c.gz").write_text("mine")
    ran = on(demo, tmp_path, "save", "-o", tmp_path / "c.gz")
    assert (ran.code, ran.out) == (Exit.REFUSED, "")
    assert "is there already" in ran.err and "--force" in ran.err
    assert (tmp_path / "c.gz").read_text() == "mine"
    assert on(demo, tmp_path, "save", "-o", tmp_path / "c.gz", "--force").code == Exit.OK
    assert top(tmp_path, tmp_path / "c.gz")["context"] == "prod"


CONTAINER = {
    "name": "main",
    "image": "registry.example/x:1",
    "env": [{"name": "TOKEN", "value": CANARY}],
    "command": ["sh", CANARY],
    "args": [CANARY],
    "resources": {"limits": {"nvidia.com/gpu": "1"}},
}
APPLIED = {"kubectl.kubernetes.io/last-applied-configuration": CANARY, "example.com/token": CANARY}


def hidden_in(kind: str, api: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "trap", "namespace": "default", "annotations": APPLIED},
        **spec,
    }


TEMPLATE = {"metadata": {"annotations": APPLIED}, "spec": {"containers": [CONTAINER], "restartPolicy": "Never"}}
TRAPS = {
    "/api/v1/namespaces/default/secrets": hidden_in("Secret", "v1", {"stringData": {"password": CANARY}}),
    "/api/v1/namespaces/default/configmaps": hidden_in("ConfigMap", "v1", {"data": {"password": CANARY}}),
    "/api/v1/namespaces/default/pods": hidden_in("Pod", "v1", {"spec": TEMPLATE["spec"]}),
    "/apis/batch/v1/namespaces/default/jobs": hidden_in("Job", "batch/v1", {"spec": {"template": TEMPLATE}}),
}


@pytest.mark.parametrize("flags", [[], ["--redact"]], ids=["plain", "redacted"])
def test_no_secret_is_in_the_file(flags: list[str], tmp_path: Path) -> None:
    with Sim("empty") as sim:
        sim.write_kubeconfig(tmp_path / "config", "prod")
        connection = connect(Options(kubeconfig=str(tmp_path / "config")))
        for path, obj in TRAPS.items():
            connection.request("POST", path, body=json.dumps(obj).encode())
        said = connection.request("GET", "/api/v1/namespaces/default/pods/trap").body
        connection.close()
        ran = on(sim, tmp_path, "save", "-o", tmp_path / "c.gz", *flags)
    assert CANARY.encode() in said, "the cluster itself has it"
    assert ran.code == Exit.OK
    text = gzip.decompress((tmp_path / "c.gz").read_bytes()).decode()
    kept = json.loads(text)
    assert CANARY not in text
    assert "Secret" not in {obj["kind"] for found in kept["others"].values() for obj in found}
    assert len(kept["others"]["jobs.batch"]) == 1 and len(kept["objects"]["pods"]) == 2


def test_names_are_codes_and_figures_stay(demo: Sim, tmp_path: Path) -> None:
    ran = on(demo, tmp_path, "save", "-o", tmp_path / "r.gz", "--redact")
    assert ran.code == Exit.OK
    view = top(tmp_path, tmp_path / "r.gz")
    assert view["totals"]["capacity"] == pytest.approx(313.714286)
    assert view["context"].startswith("cluster-")
    assert {node["name"].partition("-")[0] for node in view["nodes"]} == {"node"}
    assert "NVIDIA-H100-80GB-HBM3" in {node["product"] for node in view["nodes"]}


def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    with Sim("no-rights") as sim:
        ran = on(sim, tmp_path, "save", "-o", tmp_path / "c.gz")
    assert ran.code == Exit.PARTIAL
    assert "warning: not in the file: nodes, " in ran.err
    assert "only of namespace default: pods" in ran.err
    shown = offline(tmp_path, "show", tmp_path / "c.gz", "-o", "json")
    assert shown.code == Exit.PARTIAL
    document = json.loads(shown.out)
    assert not document["complete"]
    assert {"nodes", "namespaces"} <= {gap["what"] for gap in document["hidden"]}
    assert {"kind": "nodes", "count": None, "state": "forbidden", "namespace": ""} in document["kinds"]


def test_one_namespace_is_no_cluster(demo: Sim, tmp_path: Path) -> None:
    ran = on(demo, tmp_path, "save", "-n", "research")
    assert ran.code == Exit.USAGE
    assert "-n means nothing" in ran.err


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    config = write_kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    ran = run("kubectl-ai_snapshot", "save", env=environment(tmp_path, KUBECONFIG=str(config)))
    assert ran.code == Exit.CLUSTER
    assert list(tmp_path.glob("*.gz")) == []


def test_a_server_of_another_kind(tmp_path: Path) -> None:
    with Canned({}) as server:
        config = write_kubeconfig(tmp_path / "config", server.url)
        ran = run("kubectl-ai_snapshot", "save", env=environment(tmp_path, KUBECONFIG=str(config)))
    assert ran.code == Exit.CLUSTER
    assert list(tmp_path.glob("*.gz")) == []


# --- show -------------------------------------------------------------------------------------------------------------


def test_what_is_in_a_file(demo: Sim, tmp_path: Path) -> None:
    on(demo, tmp_path, "save", "-o", tmp_path / "c.gz")
    ran = offline(tmp_path, "show", tmp_path / "c.gz")
    assert ran.code == Exit.OK
    head, kinds, totals, products = ran.out.split("\n\n")
    assert head.startswith("prod at 2") and "Kubernetes v1." in head
    assert "jobs.batch" in kinds and "resourcequotas" in kinds
    assert totals.startswith("prod: 313.71 cards, ")
    assert products.startswith("PRODUCT")
    view, document = (
        top(tmp_path, tmp_path / "c.gz"),
        json.loads(offline(tmp_path, "show", tmp_path / "c.gz", "-o", "json").out),
    )
    assert (document["kind"], document["context"], document["redacted"]) == ("Snapshot", "prod", False)
    assert (document["totals"], document["products"]) == (view["totals"], view["products"])


def test_a_list_of_kubectl_is_shown_too(tmp_path: Path) -> None:
    ran = offline(tmp_path, "show", small(tmp_path))
    assert ran.code == Exit.OK
    assert "before.json: 38 cards, " in ran.out


def test_no_such_file(tmp_path: Path) -> None:
    assert offline(tmp_path, "show", tmp_path / "nothing").code == Exit.NOT_FOUND


# --- diff -------------------------------------------------------------------------------------------------------------


def test_the_same_twice(tmp_path: Path) -> None:
    ran = offline(tmp_path, "diff", small(tmp_path), small(tmp_path, "after.json"))
    assert (ran.code, ran.err) == (Exit.OK, "")
    assert ran.out.endswith("no GPU changed hands\n")


def test_what_changed(tmp_path: Path) -> None:
    before, after = small(tmp_path), small(tmp_path, "after.json", gpu_h1={"unschedulable": True})
    ran = offline(tmp_path, "diff", before, after)
    assert ran.code == Exit.FINDINGS
    assert ran.out.splitlines()[-1].split() == ["gpu-h1", "changed", "H100-80GB-HBM3", "cordoned"]
    document = json.loads(offline(tmp_path, "diff", before, after, "-o", "json").out)
    assert (document["kind"], document["differs"]) == ("SnapshotDiff", True)
    fields = [{"field": "schedulable", "before": True, "after": False}]
    assert document["nodes"] == [
        {"name": "gpu-h1", "change": "changed", "product": "NVIDIA-H100-80GB-HBM3", "fields": fields}
    ]
    assert document["pods"] == document["namespaces"] == []


def test_codes_of_two_files_have_nothing_in_common(demo: Sim, tmp_path: Path) -> None:
    on(demo, tmp_path, "save", "-o", tmp_path / "r.gz", "--redact")
    ran = offline(tmp_path, "diff", small(tmp_path), tmp_path / "r.gz")
    assert ran.code == Exit.USAGE
    assert "r.gz has codes for names" in ran.err
    assert offline(tmp_path, "diff", tmp_path / "r.gz", tmp_path / "r.gz").code == Exit.OK
