"""Pods as real processes: started, signalled, executed in, and ended with the cluster."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.api import Api
from tests.sim.process_yard import PODS, Yard, execute, fifo, node, process_pod, shell, yard_in

WAITS = "while :; do sleep 1000 & wait $!; done"
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with yard_in(tmp_path_factory.mktemp("yard")) as made:
        yield made


def test_nothing_runs_where_processes_were_not_allowed(tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    with yard_in(tmp_path, processes=False) as plain:
        plain.running("p", ["touch", str(proof)])
        plain.sim.settled()
        assert not proof.exists()
        refused = plain.api.get(f"{PODS}/p/exec", {"command": "ls"}).refused(501, "NotImplemented")
        assert "`k8sai sim up --processes`" in refused["message"]


@pytest.mark.parametrize(("code", "phase"), [(0, "Succeeded"), (3, "Failed")])
def test_a_command_ends_its_pod_with_its_exit_code(yard: Yard, code: int, phase: str) -> None:
    yard.pod(f"ends-{code}", shell(f"echo out; echo err >&2; exit {code}"))
    assert yard.ended(f"ends-{code}") == (phase, code)
    assert yard.log(f"ends-{code}") == "out\nerr\n"


def test_a_command_that_is_not_there(yard: Yard) -> None:
    yard.pod("missing", ["no-such-command"])
    assert yard.ended("missing") == ("Failed", 128)


def test_restart_policy(yard: Yard) -> None:
    yard.pod("again", shell("echo run; exit 1"), restartPolicy="OnFailure")
    again = yard.api.until_object(
        f"{PODS}/again",
        lambda one: any(status.get("restartCount") for status in one["status"].get("containerStatuses", ())),
    )
    (status,) = again["status"]["containerStatuses"]
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status["lastState"]["terminated"]["exitCode"] == 1


def test_a_delete_sends_sigterm_first(yard: Yard, tmp_path: Path) -> None:
    told = fifo(tmp_path)
    yard.running("saves", shell(f"trap 'echo saved > {told}; exit 0' TERM; echo up > {told}; {WAITS}"))
    assert told.read_text() == "up\n"
    yard.api.delete(f"{PODS}/saves").ok()
    assert told.read_text() == "saved\n"
    yard.api.until_gone(f"{PODS}/saves")


def test_who_does_not_listen_is_killed_when_its_grace_is_over(yard: Yard, tmp_path: Path) -> None:
    told = fifo(tmp_path)
    yard.running("deaf", shell(f"exec 3> {told}; trap '' TERM; echo up >&3; {WAITS}"))
    with told.open() as reader:
        assert reader.readline() == "up\n"
        yard.api.delete(f"{PODS}/deaf", {"gracePeriodSeconds": 3600}).ok()
        yard.api.delete(f"{PODS}/deaf", {"gracePeriodSeconds": 1}).ok()
        yard.api.until_gone(f"{PODS}/deaf")
        assert reader.read() == ""  # its children have gone too


def test_a_prestop_hook_comes_before_the_signal(yard: Yard, tmp_path: Path) -> None:
    told = tmp_path / "told"
    ready = fifo(tmp_path, "ready")
    hook = {"preStop": {"exec": {"command": ["sh", "-c", f"echo hook >> {told}"]}}}
    script = f"trap 'echo term >> {told}; exit 0' TERM; echo up > {ready}; {WAITS}"
    yard.running("hooked", shell(script), container={"lifecycle": hook})
    ready.read_text()
    yard.api.delete(f"{PODS}/hooked").ok()
    yard.api.until_gone(f"{PODS}/hooked")
    assert told.read_text() == "hook\nterm\n"


def test_exec_streams_and_exit_code(yard: Yard) -> None:
    yard.running("target", shell(WAITS))
    heard = yard.execute("target", *shell("echo out; echo err >&2; exit 7"))
    assert (heard.out, heard.err, heard.code) == (b"out\n", b"err\n", 7)
    assert heard.status is not None
    assert heard.status["message"] == "command terminated with non-zero exit code: exit status 7"
    assert yard.execute("target", "true").status == {"metadata": {}, "status": "Success"}
    piped = b"x" * 300_000
    assert yard.execute("target", "cat", stdin=piped).out == piped
    four = execute(yard.api.url, "target", ("head", "-c", "2"), b"hello", version="v4")
    assert (four.out, four.code) == (b"he", 0)
    lost = yard.execute("target", "no-such-command").status
    assert lost is not None
    assert 'exec: "no-such-command": executable file not found in $PATH' in lost["message"]
    assert yard.execute("target", *shell("sleep 1000 & echo done")).out == b"done\n"


def test_exec_is_in_the_folder_and_environment_of_the_pod(yard: Yard, tmp_path: Path) -> None:
    told = fifo(tmp_path)
    container = {
        "env": [{"name": "DIR", "value": "/data/run"}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    script = f"echo marker > $DIR; echo up > {told}; {WAITS}"
    yard.running("home", shell(script), container=container, volumes=[{"name": "data", "emptyDir": {}}])
    told.read_text()
    assert yard.execute("home", "cat", "/data/run").out == b"marker\n"
    assert yard.execute("home", "sh", "-c", "cat '/data/run' && [ $K8SAI_ROOT = $PWD ]").code == 0


def test_a_claim_outlives_its_pod_and_is_shared(yard: Yard) -> None:
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "shared"}}]
    container = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    yard.pod("first", shell("echo kept > /data/file"), container=container, volumes=volumes)
    yard.ended("first")
    yard.api.delete(f"{PODS}/first").ok()
    yard.pod("second", shell("cat /data/file"), container=container, volumes=volumes)
    yard.ended("second")
    assert yard.log("second") == "kept\n"


def test_the_downward_api_follows_annotations(yard: Yard) -> None:
    field = {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}
    yard.running(
        "annotated",
        shell(WAITS),
        container={"volumeMounts": [{"name": "info", "mountPath": "/etc/podinfo"}]},
        volumes=[{"name": "info", "downwardAPI": {"items": [field]}}],
    )
    yard.api.patch(f"{PODS}/annotated", {"metadata": {"annotations": {"k8sai.dev/request": '{"id": "a"}'}}}).ok()
    shown = yard.execute("annotated", "cat", "/etc/podinfo/annotations").out.decode().splitlines()
    assert r'k8sai.dev/request="{\"id\": \"a\"}"' in shown


@linux
def test_proc_of_the_pod_begins_with_one(yard: Yard, tmp_path: Path) -> None:
    told = fifo(tmp_path)
    yard.running("proc", shell(f"trap '' USR1; sleep 1000 & echo $$ > {told}; {WAITS}"))
    pid = told.read_text().strip()
    found = yard.execute("proc", *shell("readlink $K8SAI_PROC/1; grep SigIgn $K8SAI_PROC/1/status")).out.decode()
    link, ignored = found.splitlines()
    assert link == f"/proc/{pid}"
    assert int(ignored.split()[1], 16) >> (signal.SIGUSR1 - 1) & 1


def test_ranks_know_their_place(yard: Yard) -> None:
    annotations = {"sim.k8sai.dev/process": json.dumps(shell("echo $RANK of $WORLD_SIZE"))}
    template = {"metadata": {"annotations": annotations}, "spec": process_pod("x", [])["spec"]}
    spec = {"completions": 2, "parallelism": 2, "completionMode": "Indexed", "template": template}
    jobs = "/apis/batch/v1/namespaces/default/jobs"
    yard.api.post(jobs, {"metadata": {"name": "gang"}, "spec": spec}).ok()
    yard.api.until_object(f"{jobs}/gang", lambda one: one.get("status", {}).get("succeeded") == 2)
    pods = yard.api.get(PODS, {"labelSelector": "job-name=gang"}).ok()["items"]
    assert sorted(yard.log(one["metadata"]["name"]) for one in pods) == ["0 of 2\n", "1 of 2\n"]


@linux
def test_the_proxy_reaches_the_port_a_process_listens_on(yard: Yard, tmp_path: Path) -> None:
    told = fifo(tmp_path)
    program = (
        "import http.server, os\n"
        "class Hello(http.server.BaseHTTPRequestHandler):\n"
        "    def do_POST(self):\n"
        "        body = self.rfile.read(int(self.headers['Content-Length']))\n"
        "        self.send_response(202); self.end_headers(); self.wfile.write(body[::-1])\n"
        "server = http.server.HTTPServer((os.environ['K8SAI_ADDRESS'], 8080), Hello)\n"
        f"open({str(told)!r}, 'w').write('up')\n"
        "server.serve_forever()\n"
    )
    ports = {"ports": [{"name": "ask", "containerPort": 8080}]}
    yard.running("listens", [sys.executable, "-c", program], container=ports)
    told.read_text()
    answer = yard.api.call("POST", f"{PODS}/listens:ask/proxy/checkpoint", b"abc")
    assert (answer.status, answer.body) == (202, "cba")
    yard.api.post(f"{PODS}/listens:8081/proxy/checkpoint", {}).refused(503, "ServiceUnavailable")


def test_everything_ends_with_the_cluster(tmp_path: Path) -> None:
    told = fifo(tmp_path)
    script = f"exec 3> {told}; trap '' TERM; sleep 1000 & setsid sleep 1000 & echo up >&3; {WAITS}"
    with yard_in(tmp_path) as short:
        short.pod("p", shell(script))
        reader = told.open()
        assert reader.readline() == "up\n"
        folder = Path(short.execute("p", "pwd").out.decode().strip())
        assert folder.is_dir()
    with reader:
        assert reader.read() == ""
    assert not folder.exists()


def test_everything_ends_with_a_cluster_that_is_killed(tmp_path: Path) -> None:
    told, config = fifo(tmp_path), tmp_path / "config"
    program = (
        "import pathlib, sys\n"
        "from k8sai.sim.cluster import Sim\n"
        "sim = Sim('empty', processes=True)\n"
        "sim.start()\n"
        f"sim.write_kubeconfig(pathlib.Path({str(config)!r}))\n"
        "print('up', flush=True)\n"
        "sim.wait()\n"
    )
    cluster = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert cluster.stdout is not None
    with cluster, cluster.stdout as news:
        assert news.readline() == b"up\n"
        api = Api.of(config)
        api.post("/api/v1/nodes", node()).ok()
        script = f"exec 3> {told}; trap '' TERM; sleep 1000 & setsid sleep 1000 & echo up >&3; {WAITS}"
        api.post(PODS, process_pod("p", shell(script))).ok()
        with told.open() as reader:
            assert reader.readline() == "up\n"
            os.kill(cluster.pid, signal.SIGKILL)
            assert reader.read() == ""
        api.close()
