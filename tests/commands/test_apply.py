"""`apply` and `delete` as a user runs them: whole stdout, stderr and exit code, on the embedded cluster."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.faults import Faults
from tests.commands.run import BIN, Ran, environment, read_all, run, terminal
from tests.commands.server import write_kubeconfig
from tests.contract.api import Api

CHOICES = "--leave FIELD keeps theirs, --share FIELD owns it with the value it has, --take FIELD takes it with yours"
_numbers = count(1)


@pytest.fixture(scope="module")
def sim() -> Iterator[Sim]:
    with Sim("cpu-only") as running:
        yield running


class Place:
    """A namespace of a test's own, with a kubeconfig for it."""

    def __init__(self, sim: Sim, folder: Path) -> None:
        self.sim, self.folder = sim, folder
        self.namespace = f"place-{next(_numbers)}"
        self.config = folder / "config"
        sim.write_kubeconfig(self.config)
        Api(sim.server).post("/api/v1/namespaces", {"metadata": {"name": self.namespace}}).ok()

    @property
    def env(self) -> dict[str, str]:
        return environment(self.folder, KUBECONFIG=str(self.config))

    def words(self, *objects: Any, name: str = "set.yaml") -> tuple[str, ...]:
        (self.folder / name).write_text(yaml.safe_dump_all(objects))
        return "-f", str(self.folder / name)

    def __call__(self, command: str, *given: Any) -> Ran:
        """Objects are written to a file that is named by -f; texts are flags."""
        objects = [one for one in given if not isinstance(one, str)]
        flags = [one for one in given if isinstance(one, str)]
        files = self.words(*objects) if objects else ()
        where = () if "-n" in flags else ("-n", self.namespace)
        return run(f"kubectl-ai_{command}", *files, *where, *flags, env=self.env)


@pytest.fixture
def place(sim: Sim, tmp_path: Path) -> Place:
    return Place(sim, tmp_path)


def config(name: str = "conf", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str = "token") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"t": "hush-hush"}}


def deployment(replicas: int = 1, image: str = "nginx:1", **pod: Any) -> dict[str, Any]:
    container = {"name": "main", "image": image, **pod}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def test_created_then_unchanged(place: Place) -> None:
    first = place("apply", deployment(), config(a="1"))
    assert first == Ran(Exit.OK, "configmap/conf created\ndeployment.apps/web created\n", "")
    again = place("apply", deployment(), config(a="1"))
    assert again == Ran(Exit.OK, "configmap/conf unchanged\ndeployment.apps/web unchanged\n", "")


def test_dry_runs_write_nothing(place: Place) -> None:
    for how, said in (("server", "created (server dry run)"), ("client", "applied (dry run)")):
        ran = place("apply", config(a="1"), f"--dry-run={how}")
        assert ran == Ran(Exit.OK, f"configmap/conf {said}\n", "")
    assert place("apply", config(a="1")).out == "configmap/conf created\n"


def test_a_client_dry_run_asks_nobody(place: Place) -> None:
    server = json.loads(place("apply", config(a="1"), "--dry-run=server", "-o", "json").out)
    place.config.unlink()
    assert place("apply", config(a="1"), "--dry-run=client").code == Exit.OK
    assert place("apply", deployment(), config(a="1"), "--dry-run=client", "-o", "name").out == (
        "configmap/conf\ndeployment.apps/web\n"
    )
    client = json.loads(place("apply", config(a="1"), "--dry-run=client", "-o", "json").out)
    assert client.keys() == server.keys() and client["changes"][0].keys() == server["changes"][0].keys()
    assert (client["kind"], client["dryRun"], client["complete"], client["context"]) == ("Plan", "client", False, "")
    assert client["hidden"] == [{"what": "configmap/conf", "why": "no cluster was asked"}]
    (change,) = client["changes"]
    assert (change["op"], change["object"], change["tried"]) == ("unknown", "configmap/conf", False)
    assert change["from"] == server["changes"][0]["from"]


def test_a_choice_that_no_conflict_is_about(place: Place) -> None:
    ran = place("apply", deployment(2), "--leave", ".spec.replicas")
    assert ran == Ran(Exit.OK, "deployment.apps/web created\n", "warning: no conflict is about .spec.replicas\n")


def test_the_difference(place: Place) -> None:
    assert place("apply", config(a="1", b="2"), deployment()).code == Exit.OK
    ran = place("apply", config(a="9", c="x\ny\n"), deployment(2), secret(), "--diff")
    assert ran == Ran(
        Exit.FINDINGS,
        f"""~ configmap/conf in namespace {place.namespace}
    ~ .data.a: "1" → "9"  (k8sai)
    - .data.b: "2"  (k8sai)
    + .data.c: "x\\ny\\n"
+ secret/token in namespace {place.namespace}
    + apiVersion: v1
    + kind: Secret
    + metadata:
    +   name: token
    +   namespace: {place.namespace}
    + stringData:
    +   t: "***"
~ deployment.apps/web in namespace {place.namespace}
    ~ .spec.replicas: 1 → 2  (k8sai)
""",
        "",
    )
    assert place("apply", config(a="1", b="2"), deployment(), "--diff") == Ran(Exit.OK, "", "")


def test_names_and_documents(place: Place) -> None:
    assert place("apply", config(a="1"), "-o", "name").out == "configmap/conf\n"
    for flags, dry in ((("--dry-run=server",), "server"), ((), "none")):
        ran = place("apply", config(a="2"), deployment(), "-o", "json", *flags)
        plan = json.loads(ran.out)
        assert (plan["kind"], plan["dryRun"], ran.code) == ("Plan", dry, Exit.OK)
        assert [(one["op"], one["object"]) for one in plan["changes"]] == [
            ("update", "configmap/conf"),
            ("create", "deployment.apps/web"),
        ]
        assert plan["changes"][0]["fields"] == [{"path": ".data.a", "from": "1", "to": "2", "owner": "k8sai"}]
        assert {one["id"]: one["status"] for one in plan["checks"]} == dict.fromkeys(
            ("kinds", "namespaces", "rights", "fit"), "ok"
        )
        assert [one.get("state") for one in plan["changes"]] == (["written"] * 2 if dry == "none" else [None] * 2)
    assert yaml.safe_load(place("apply", config(a="2"), "-o", "yaml").out)["changes"][0]["op"] == "unchanged"


def test_stdin_and_folders(place: Place) -> None:
    ran = run("kubectl-ai_apply", "-f", "-", "-n", place.namespace, env=place.env, stdin=yaml.safe_dump(config(a="1")))
    assert ran == Ran(Exit.OK, "configmap/conf created\n", "")
    inner = place.folder / "deep/er"
    inner.mkdir(parents=True)
    (inner / "x.yaml").write_text(yaml.safe_dump(config("deep")))
    assert place("apply", "-f", str(place.folder / "deep")).code == Exit.USAGE
    assert place("apply", "-f", str(place.folder / "deep"), "-R").out == "configmap/deep created\n"


def test_a_recipe_is_applied_as_a_set_and_deleted_by_its_name(place: Place) -> None:
    folder = place.folder / "recipes/pair"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(
        "apiVersion: k8sai.dev/v1alpha1\nkind: Recipe\ntitle: Pair\ndescription: Two maps.\ntags: [serving]\n"
        "parameters:\n  required: [name, value]\n  properties:\n"
        "    name: {type: string, title: Name}\n    value: {type: string, title: Value}\n"
        'notes: ["${name} is there"]\n'
        "tests: [{name: one, set: {name: a, value: b}, makes: [ConfigMap/a]}]\n"
    )
    (folder / "map.yaml").write_text(
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "${name}"}\ndata: {a: "${value}"}\n'
    )
    where = ("--recipe-dir", str(place.folder / "recipes"))
    ran = place("apply", "pair", *where, "--set", "name=one", "--set", "value=no")
    assert ran == Ran(Exit.OK, "configmap/one created\n", "note: one is there\n")
    wrong = place("apply", "pair", *where, "--set", "name=one")
    assert (wrong.code, wrong.out, "value" in wrong.err) == (Exit.USAGE, "", True)
    gone = place("delete", "pair", *where, "--set", "name=one", "-y")
    assert gone == Ran(Exit.OK, "configmap/one deleted\n", "")


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "apply needs a recipe or -f FILE"),
        (("vllm", "-f", "x.yaml"), "a recipe and -f are two sets"),
        (("-f", "x.yaml", "--set", "a=b"), "--set and --values are for a recipe"),
        (("-k", "overlay"), "`kubectl ai-apply -f -` reads what `kubectl kustomize overlay` writes"),
        (("-f", "x.yaml", "--prune"), "--prune needs to know the set"),
        (("-f", "x.yaml", "--no-wait", "--timeout", "5s"), "--no-wait does not go with"),
        (("-f", "x.yaml", "--timeout", "soon"), "--timeout: 'soon' is not a duration"),
        (("-f", "x.yaml", "--diff", "--dry-run=client"), "--diff asks the server"),
        (("-f", "nowhere.yaml"), "there is no file nowhere.yaml"),
    ],
)
def test_what_cannot_be_meant(flags: tuple[str, ...], words: str, tmp_path: Path) -> None:
    ran = run("kubectl-ai_apply", *flags, env=environment(tmp_path))
    assert ran.code == (Exit.NOT_FOUND if "nowhere" in words else Exit.USAGE)
    assert (ran.out, words in ran.err) == ("", True), ran.err


def test_a_conflict(place: Place, sim: Sim) -> None:
    assert place("apply", deployment()).code == Exit.OK
    assert place("apply", deployment(4), "--field-manager", "someone", "--force-conflicts", "-y").code == Exit.OK
    ran = place("apply", deployment(2), config(a="1"), "--take", ".spec.nothing")
    lines = ran.err.splitlines()
    assert (ran.code, ran.out) == (Exit.REFUSED, "")
    assert lines[0] == "warning: no conflict is about .spec.nothing"
    assert lines[1].split() == ["OBJECT", "FIELD", "YOURS", "THEIRS", "OWNER", "SINCE"]
    assert lines[2].split()[:5] == ["deployment.apps/web", ".spec.replicas", "2", "4", "someone"]
    assert lines[3:] == ["error: 1 field belongs to others: nothing was written", f"  → {CHOICES}"]
    assert place("apply", deployment(2), "--leave", "spec.replicas").out == "deployment.apps/web unchanged\n"
    refused = place("apply", deployment(2), "--take", "spec.replicas")
    assert refused == Ran(
        Exit.REFUSED,
        "",
        "error: this would take 1 field from others, and nobody can be asked\n  → -y says yes, --diff shows it\n",
    )
    assert place("apply", deployment(2), "--take", "spec.replicas", "-y").out == "deployment.apps/web configured\n"
    assert place("apply", deployment(2)).out == "deployment.apps/web unchanged\n"


def test_checks_that_fail(place: Place) -> None:
    queued = deployment()
    queued["apiVersion"] = "apps/v7"
    ran = place("apply", queued, config(a="1"))
    assert ran == Ran(
        Exit.NOT_FOUND,
        "",
        f"error: nothing was written: {place.folder}/set.yaml:1: the cluster has Deployment in v1, not in apps/v7\n"
        "  → write another apiVersion\n",
    )
    nowhere = place("apply", config(a="1"), "-n", "nowhere")
    assert nowhere == Ran(
        Exit.NOT_FOUND,
        "",
        "error: nothing was written: there is no namespace nowhere\n  → `kubectl create namespace nowhere`\n",
    )


def test_a_queue_that_is_not_there(tmp_path: Path) -> None:
    with Sim("demo") as demo:
        place = Place(demo, tmp_path)
        queued = deployment()
        queued["metadata"]["labels"] = {"kueue.x-k8s.io/queue-name": "research"}
        ran = place("apply", queued)
    assert (ran.code, ran.out) == (Exit.REFUSED, "")
    assert f"names LocalQueue research, and there is none in namespace {place.namespace}" in ran.err


# --- sets -------------------------------------------------------------------------------------------------------------


def test_a_set_is_pruned_and_deleted(place: Place) -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}}
    claim["spec"] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    mine = ("--set-name", "mine")
    assert place("apply", config("a"), config("b"), claim, *mine).code == Exit.OK
    stays = f"persistentvolumeclaim/data in namespace {place.namespace}"
    note = f"note: {stays} has left the set and stays\n  → --prune-also KIND deletes it too\n"
    refused = place("apply", config("a"), *mine, "--prune")
    assert (refused.code, refused.out) == (Exit.REFUSED, "")
    assert "this would delete 1 object, and nobody can be asked" in refused.err
    pruned = place("apply", config("a"), *mine, "--prune", "-y")
    assert pruned == Ran(Exit.OK, "configmap/a unchanged\nconfigmap/b pruned\n", note)
    deleted = place("delete", *mine, "-y")
    assert deleted == Ran(
        Exit.OK, "configmap/a deleted\n", f"note: {stays} stays\n  → --delete-also KIND deletes it too\n"
    )
    whole = place("delete", *mine, "-y", "--delete-also", "pvc")
    assert whole == Ran(Exit.OK, "persistentvolumeclaim/data deleted\n", "")
    assert place("delete", *mine, "-y").code == Exit.NOT_FOUND


@pytest.mark.parametrize(("typed", "code"), [("y\n", Exit.OK), ("n\n", Exit.REFUSED), ("\n", Exit.REFUSED)])
def test_a_person_is_asked(place: Place, typed: str, code: int) -> None:
    mine = ("--set-name", "mine", "-n", place.namespace)
    assert place("apply", config("a"), config("b"), *mine).code == Exit.OK
    files = place.words(config("a"))
    with terminal("kubectl-ai_apply", *files, *mine, "--prune", env=place.env, columns=120) as (process, master):
        shown = b""
        for data in read_all(master):
            shown += data
            if b"[y/N]" in shown:
                os.write(master, typed.encode())
                break
        shown += b"".join(read_all(master))
        assert process.wait(30) == code
    text = shown.decode()
    assert "Delete 1 object?" in text and f"- configmap/b in namespace {place.namespace}" in text
    assert ("configmap/b pruned" in text) is (code == Exit.OK)


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_it_waits_until_all_is_ready(place: Place) -> None:
    ran = place("apply", deployment(), config(a="1"), "--wait", "--timeout", "60s")
    assert (ran.code, ran.out) == (Exit.OK, "configmap/conf created\ndeployment.apps/web created\n")
    assert ran.err.splitlines()[-1] == "deployment.apps/web: ready"


def test_what_does_not_get_ready_is_put_back(place: Place) -> None:
    assert place("apply", deployment(), "--wait", "--timeout", "60s").code == Exit.OK
    never = deployment(image="nginx:2", resources={"requests": {"cpu": "9999"}})
    ran = place("apply", never, config(a="1"), "--timeout", "1s", "--rollback-on-failure")
    assert (ran.code, ran.out) == (Exit.TIMEOUT, "configmap/conf created\ndeployment.apps/web configured\n")
    assert "error: deployment.apps/web: not ready within 1 s: " in ran.err
    assert ran.err.splitlines()[-3:] == [
        f"  → `kubectl ai-why deployment/web -n {place.namespace}`",
        f"deployment.apps/web in namespace {place.namespace} restored",
        f"configmap/conf in namespace {place.namespace} deleted",
    ]
    assert place("apply", deployment()).out == "deployment.apps/web unchanged\n"


def test_ctrl_c_says_what_stands(place: Place) -> None:
    files = place.words(deployment(resources={"requests": {"cpu": "9999"}}))
    command = ("kubectl-ai_apply", *files, "-n", place.namespace, "--rollback-on-failure")
    with terminal(*command, env=place.env, columns=150) as (process, master):
        shown = b""
        for data in read_all(master):
            shown += data
            if b"waiting for 1 of 1" in shown:
                process.send_signal(signal.SIGINT)
                break
        shown += b"".join(read_all(master))
        assert process.wait(30) == Exit.INTERRUPT
    text = shown.decode()
    assert "deployment.apps/web created" in text
    assert ": deployment.apps/web: everything was written; not waited for any longer: " in text
    assert "nothing was put back" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("output", ["table", "name", "json"])
def test_a_closed_or_full_output_ends_no_work_half_way(place: Place, output: str) -> None:
    many = [config(f"many-{number}", a=output) for number in range(20)]
    files, wanted = place.words(*many), ("-n", place.namespace, "-o", output)
    for command, left in (("apply", 20), ("delete", 0)):
        read, write = os.pipe()
        os.close(read)
        yes = ("-y",) if command == "delete" else ()
        try:
            ran = subprocess.run(
                [BIN / f"kubectl-ai_{command}", *files, *wanted, *yes],
                env=place.env,
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=subprocess.PIPE,
                check=False,
            )
        finally:
            os.close(write)
        assert (ran.returncode, ran.stderr) == (Exit.OK, b"")
        there = Api(place.sim.server).get(f"/api/v1/namespaces/{place.namespace}/configmaps").ok()["items"]
        assert len([one for one in there if one["metadata"]["name"].startswith("many-")]) == left


# --- a server that fails ----------------------------------------------------------------------------------------------

OBJECTS = [config("a", x="1"), secret("b"), deployment()]
REFS = ["configmap/a", "secret/b", "deployment.apps/web"]


def through(place: Place, faults: Faults) -> None:
    write_kubeconfig(place.config, faults.url, context="faulty")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_server_that_fails_at_the_nth_write(place: Place, number: int) -> None:
    """The parent of the set is the first; what fails is named, what stands too, and the next apply converges."""
    with Faults(place.sim.server, lambda write: 500 if write >= number else "pass") as faults:
        through(place, faults)
        ran = place("apply", *OBJECTS, "--set-name", "x")
    done = REFS[: number - 2] if number > 1 else []
    assert ran.out.splitlines() == [f"{ref} created" for ref in done]
    if number == 1:
        assert ran.code == Exit.CLUSTER
    else:
        assert ran.code == (Exit.PARTIAL if done else Exit.CLUSTER)
        assert f"error: {REFS[number - 2]} in namespace {place.namespace}: " in ran.err
        assert f"{len(done)} of 3 objects were written" in ran.err
    place.sim.write_kubeconfig(place.config)
    again = place("apply", *OBJECTS, "--set-name", "x")
    words = ["unchanged" if ref in done else "created" for ref in REFS]
    assert again == Ran(Exit.OK, "".join(f"{ref} {word}\n" for ref, word in zip(REFS, words, strict=True)), "")


@pytest.mark.parametrize("number", [2, 3, 4])
def test_an_answer_that_is_lost(place: Place, number: int) -> None:
    """It was done all the same, and nobody knows; the next apply finds it unchanged."""
    with Faults(
        place.sim.server, lambda write: "lost" if write == number else 500 if write > number else "pass"
    ) as faults:
        through(place, faults)
        ran = place("apply", *OBJECTS, "--set-name", "x")
    assert ran.code in (Exit.PARTIAL, Exit.CLUSTER)
    place.sim.write_kubeconfig(place.config)
    again = place("apply", *OBJECTS, "--set-name", "x")
    words = ["unchanged"] * (number - 1) + ["created"] * (4 - number)
    assert again.out.splitlines() == [f"{ref} {word}" for ref, word in zip(REFS, words, strict=True)]


@pytest.mark.parametrize("code", [429, 503])
def test_a_server_that_says_when_to_come_again_is_asked_again(place: Place, code: int) -> None:
    with Faults(place.sim.server, lambda write: code if write in (1, 3) else "pass", retry_after="0") as faults:
        through(place, faults)
        ran = place("apply", *OBJECTS)
        assert len(faults.writes) == len(OBJECTS) + 2
    assert (ran.code, ran.out.splitlines()) == (Exit.OK, [f"{ref} created" for ref in REFS])


def test_a_server_that_does_not_say_so_is_not_asked_again(place: Place) -> None:
    with Faults(place.sim.server, lambda write: 503 if write == 1 else "pass") as faults:
        through(place, faults)
        assert place("apply", config(a="1")).code == Exit.CLUSTER
        assert len(faults.writes) == 1
