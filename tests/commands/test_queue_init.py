"""`queue init` as a user runs it: stdout, stderr and exit code; on files, on the embedded cluster, with few rights."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.errors import Exit
from k8sai.sim.cluster import Sim
from tests.commands.run import Ran, environment, read_all, run, terminal
from tests.contract.api import Api
from tests.queues.machines import node

PROPOSED = """\
# Queues for 2 of 3 nodes, with 5% headroom, made by `k8sai queue init`.
# `k8sai queue init --check` compares what the cluster has with its nodes.
# Left out, control plane: control
---
# From wide to narrow. Kueue counts what is free per domain, so that what it admits has a place; a job asks for
# closeness with the annotation kueue.x-k8s.io/podset-required-topology: kubernetes.io/hostname
apiVersion: kueue.x-k8s.io/v1beta2
kind: Topology
metadata:
  name: hostname
spec:
  levels:
  - {nodeLabel: kubernetes.io/hostname}
---
# 2 nodes: gpu-1, gpu-2
# cpu: 128 allocatable - 7 headroom = 121
# memory: 1Ti allocatable - 52Gi headroom = 972Gi
# nvidia.com/gpu: 16 allocatable - 0 headroom = 16
apiVersion: kueue.x-k8s.io/v1beta2
kind: ResourceFlavor
metadata:
  name: h100-80gb-hbm3
spec:
  nodeLabels:
    nvidia.com/gpu.product: NVIDIA-H100-80GB-HBM3
  # Kueue adds it to the pods it admits here: jobs need not know of the taint.
  tolerations:
  - {key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}
  topologyName: hostname
---
# A job asks for one with the label kueue.x-k8s.io/priority-class.
apiVersion: kueue.x-k8s.io/v1beta2
kind: WorkloadPriorityClass
metadata:
  name: production
value: 1000
description: "Serves people. Takes quota back from research and spare of its own queue."
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: WorkloadPriorityClass
metadata:
  name: research
value: 100
description: "What people wait for."
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: WorkloadPriorityClass
metadata:
  name: spare
value: 10
description: "Fills what is idle and gives way to everybody."
---
# Queues of one cohort lend each other what they do not use. It has none of its own.
apiVersion: kueue.x-k8s.io/v1beta2
kind: Cohort
metadata:
  name: teams
spec: {}
---
# vision: 60 of 100 parts.
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata:
  name: vision
spec:
  # Left out, nobody may use the queue.
  namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: vision
  cohortName: teams
  # A job that does not fit now lets smaller ones pass; with StrictFIFO none passes, and large jobs do not starve.
  queueingStrategy: BestEffortFIFO
  # Own quota of a later flavor before borrowing or evicting in an earlier one.
  flavorFungibility:
    whenCanBorrow: TryNextFlavor
    whenCanPreempt: TryNextFlavor
  preemption:
    # A job may evict those of lower priority in this queue.
    withinClusterQueue: LowerPriority
    # What others borrowed comes back at once, whatever their priority. With Never it could not be taken back.
    reclaimWithinCohort: Any
  # Every resource that a job may ask for is here: one that is missing keeps the job waiting for ever. Flavors are tried
  # from the top; each names all resources, 0 where its nodes have none. borrowingLimit is all that the others have:
  # lower it to keep a team from taking everything that is idle.
  resourceGroups:
  - coveredResources: [cpu, memory, nvidia.com/gpu]
    flavors:
    - name: h100-80gb-hbm3
      resources:
      - {name: cpu, nominalQuota: 73}
      - {name: memory, nominalQuota: "583Gi"}
      - {name: nvidia.com/gpu, nominalQuota: 10, borrowingLimit: 6}
"""


def queues(name: str = "q", gpus: int = 16) -> list[dict[str, Any]]:
    """A flavor of the file's GPU nodes and one queue."""
    resources = {"cpu": 100, "memory": "64Gi", "nvidia.com/gpu": gpus}
    quotas = [{"name": key, "nominalQuota": value} for key, value in resources.items()]
    groups = [{"coveredResources": [*resources], "flavors": [{"name": "h100", "resources": quotas}]}]
    labels = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    tolerations = [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    flavor = {"nodeLabels": labels, "tolerations": tolerations}
    spec = {"namespaceSelector": {}, "resourceGroups": groups}
    head = {"apiVersion": "kueue.x-k8s.io/v1beta2"}
    return [
        {**head, "kind": "ResourceFlavor", "metadata": {"name": "h100"}, "spec": flavor},
        {**head, "kind": "ClusterQueue", "metadata": {"name": name}, "spec": spec},
    ]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "nodes.json")


def written(path: Path, *more: dict[str, Any]) -> Path:
    taints = ["nvidia.com/gpu=present:NoSchedule"]
    control = node("control", 0, taints=["node-role.kubernetes.io/control-plane:NoSchedule"])
    items = [node("gpu-1", taints=taints), node("gpu-2", taints=taints), control, *more]
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return path


def init(file: Path, env: dict[str, str], *flags: str) -> Ran:
    return run("kubectl-ai_queue", "init", "--from", file, *flags, env=env)


# --- printing ---------------------------------------------------------------------------------------------------------


def test_yaml_that_a_person_would_want_to_own(file: Path, env: dict[str, str]) -> None:
    ran = init(file, env, "--teams", "vision=60,speech=40")
    assert ran.code == Exit.OK
    assert ran.out.startswith(PROPOSED)
    assert ran.err.splitlines()[0] == "note: left out: control: control plane"
    assert init(file, env, "--teams", "vision=60,speech=40").out == ran.out


def test_json_is_a_list_and_names_are_names(file: Path, env: dict[str, str]) -> None:
    listed = json.loads(init(file, env, "-o", "json").out)
    of_yaml = [one for one in yaml.safe_load_all(init(file, env, "--from-nodes", "-o", "yaml").out) if one]
    assert (listed["kind"], listed["items"]) == ("List", of_yaml)
    assert init(file, env, "-o", "name").out.splitlines() == [
        "topology.kueue.x-k8s.io/hostname",
        "resourceflavor.kueue.x-k8s.io/h100-80gb-hbm3",
        "workloadpriorityclass.kueue.x-k8s.io/production",
        "workloadpriorityclass.kueue.x-k8s.io/research",
        "workloadpriorityclass.kueue.x-k8s.io/spare",
        "clusterqueue.kueue.x-k8s.io/cluster",
        "localqueue.kueue.x-k8s.io/default",
    ]


def test_nodes_that_no_label_tells_apart_are_said_with_the_command_that_helps(
    tmp_path: Path, env: dict[str, str]
) -> None:
    bare = node("bare", 0, taints=["nvidia.com/gpu=present:NoSchedule"])
    ran = init(written(tmp_path / "nodes.json", bare), env)
    assert "warning: left out: bare: no label tells them from nodes of another flavor\n" in ran.err
    assert "  → `kubectl label nodes bare k8sai.dev/flavor=cpu`\n" in ran.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--teams", "Vision=60"), "'Vision' cannot be the name of a queue"),
        (("--apply",), "--from reads a file, and there is no cluster to apply to"),
        (("--apply", "--check"), "--apply writes a setup"),
        (("-y",), "--dry-run and -y are for --apply"),
        (("-o", "table"), "manifests are no table"),
        (("--check", "-o", "name"), "what is wrong has no names"),
        (("--context", "x"), "--from reads no cluster, so --context means nothing with it"),
    ],
)
def test_contradictions(file: Path, env: dict[str, str], flags: tuple[str, ...], said: str) -> None:
    ran = init(file, env, *flags)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert said in ran.err


# --- checking ---------------------------------------------------------------------------------------------------------


def test_a_sound_setup(tmp_path: Path, env: dict[str, str]) -> None:
    ran = init(written(tmp_path / "all.json", *queues()), env, "--check")
    assert ran.out == ""
    assert ran.err.splitlines()[-1] == "note: nothing is wrong in what could be read"
    assert ran.code == Exit.PARTIAL  # the file holds no namespaces


def test_what_is_wrong_and_what_would_mend_it(tmp_path: Path, env: dict[str, str]) -> None:
    broken = queues(gpus=20)
    del broken[1]["spec"]["namespaceSelector"]
    file = written(tmp_path / "all.json", *broken)
    ran = init(file, env, "--check")
    assert ran.code == Exit.FINDINGS
    assert ran.out == (
        "error: ClusterQueue/q: its namespaceSelector is missing, which lets nobody in; {} would let in every "
        "namespace\n"
        "  → set spec.namespaceSelector, for example to matchLabels kubernetes.io/metadata.name: NAMESPACE\n"
        "error: ResourceFlavor/h100: nominal quota of nvidia.com/gpu adds up to 20, and its 2 nodes have 16 "
        "allocatable: jobs are admitted that find no place\n"
        "  → lower nominalQuota by 4 in all\n"
    )
    assert ran.err.splitlines()[-1] == "note: 2 errors"
    found = json.loads(init(file, env, "--check", "-o", "json").out)
    assert (found["apiVersion"], found["kind"], found["complete"]) == ("k8sai.dev/v1alpha1", "QueueCheck", False)
    assert found["findings"][1] == {
        "level": "error",
        "code": "Overcommitted",
        "object": "ResourceFlavor/h100",
        "finding": "nominal quota of nvidia.com/gpu adds up to 20, and its 2 nodes have 16 allocatable: "
        "jobs are admitted that find no place",
        "fix": "lower nominalQuota by 4 in all",
    }
    assert yaml.safe_load(init(file, env, "--check", "-o", "yaml").out)["findings"] == found["findings"]
    assert len(init(file, env, "--check", "--plain").out.splitlines()) == 2


def test_without_kueue_there_is_nothing_to_check(file: Path, env: dict[str, str]) -> None:
    ran = init(file, env, "--check")
    assert (ran.code, ran.out) == (Exit.NOT_FOUND, "")
    assert "has no Kueue" in ran.err


# --- the embedded cluster ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Its kubeconfig's user may do everything, others what they are let."""
    folder = tmp_path_factory.mktemp("demo")
    with Sim("demo", rbac=True) as sim:
        sim.write_kubeconfig(folder / "config")
        yield environment(folder, KUBECONFIG=str(folder / "config"))


TEAMS = ("--teams", "init-a=60,init-b=40", "--cohort", "init")


def test_nothing_is_written_without_a_yes(demo: dict[str, str]) -> None:
    ran = run("k8sai", "queue", "init", *TEAMS, "--apply", env=demo)
    assert (ran.code, ran.out) == (Exit.REFUSED, "")
    assert ran.err.splitlines()[-2:] == [
        "error: this would write 23 objects, and nobody can be asked",
        "  → -y says yes, --dry-run=server shows it",
    ]
    dry = run("k8sai", "queue", "init", *TEAMS, "--apply", "--dry-run=client", env=demo)
    assert (dry.code, len(dry.out.splitlines())) == (Exit.OK, 23)


def test_apply_then_unchanged(demo: dict[str, str]) -> None:
    first = run("k8sai", "queue", "init", *TEAMS, "--apply", "-y", env=demo)
    assert first.code == Exit.OK, first.err
    assert {line.split()[1] for line in first.out.splitlines()} == {"created"}
    again = run("k8sai", "queue", "init", *TEAMS, "--apply", env=demo)
    assert again.code == Exit.OK, again.err
    assert {line.split()[1] for line in again.out.splitlines()} == {"unchanged"}
    assert len(again.out.splitlines()) == len(first.out.splitlines())


def test_of_quota_that_somebody_else_has_set_it_is_said_which(demo: dict[str, str]) -> None:
    """The list of resource groups has one owner; beside its length stands what differs in it."""
    run("k8sai", "queue", "init", *TEAMS, "--apply", "-y", env=demo)
    path, api = "/apis/kueue.x-k8s.io/v1beta2/clusterqueues/init-a", Api.of(Path(demo["KUBECONFIG"]))
    groups = api.get(path).ok()["spec"]["resourceGroups"]
    quotas = groups[0]["flavors"][0]["resources"]
    gpus = next(one for one in quotas if one["name"] == "nvidia.com/gpu")
    written, gpus["nominalQuota"] = gpus["nominalQuota"], 3
    api.patch(path, {"spec": {"resourceGroups": groups}}, query={"fieldManager": "somebody"}).ok()
    refused = run("k8sai", "queue", "init", *TEAMS, "--apply", env=demo)
    assert (refused.code, refused.out) == (Exit.REFUSED, "")
    flavor = groups[0]["flavors"][0]["name"]
    said = f'[0].flavors[name="{flavor}"].resources[name="nvidia.com/gpu"].nominalQuota: yours {written}, theirs 3'
    lines = refused.err.splitlines()
    after = lines.index("clusterqueue.kueue.x-k8s.io/init-a .spec.resourceGroups:")
    assert lines[after + 1 : after + 3] == [f"    {said}", "error: 1 field belongs to others: nothing was written"]
    gpus["nominalQuota"] = written
    api.patch(path, {"spec": {"resourceGroups": groups}}, query={"fieldManager": "somebody"}).ok()


def test_a_person_is_asked(demo: dict[str, str]) -> None:
    ran = on_terminal_answering("k8sai", "queue", "init", "--teams", "init-c", "--apply", env=demo, answer="n")
    assert "Write " in ran and "objects? [y/N]" in ran
    assert "nothing was written" in ran


def on_terminal_answering(*argv: str, env: dict[str, str], answer: str) -> str:
    with terminal(*argv, env=env, columns=160) as (process, master):
        os.write(master, f"{answer}\n".encode())
        shown = b"".join(read_all(master)).decode()
        process.wait(60)
    return shown


READER = ("--as", "reader", "--as-group", "system:authenticated")


def test_with_the_right_to_read_queues_alone(demo: dict[str, str]) -> None:
    let_read(Api.of(Path(demo["KUBECONFIG"])), "kueue.x-k8s.io")
    checked = run("k8sai", "queue", "init", "--check", "-o", "json", *READER, env=demo)
    found = json.loads(checked.out)
    assert checked.code == (
        Exit.FINDINGS if any(one["level"] == "error" for one in found["findings"]) else Exit.PARTIAL
    )
    assert {one["what"] for one in found["hidden"]} >= {"nodes", "namespaces"}
    assert not found["complete"]
    assert {one["object"].partition("/")[0] for one in found["findings"]} <= {"ClusterQueue", "LocalQueue", "Cohort"}
    proposed = run("k8sai", "queue", "init", *READER, env=demo)
    assert (proposed.code, proposed.out) == (Exit.FORBIDDEN, "")
    assert "nodes" in proposed.err


def let_read(api: Api, group: str) -> None:
    """A user `reader` may read this group of kinds, and nothing else."""
    rbac = "/apis/rbac.authorization.k8s.io"
    rules = [{"apiGroups": [group], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
    role = {"apiGroup": rbac.removeprefix("/apis/"), "kind": "ClusterRole", "name": "reads"}
    who = {"apiGroup": role["apiGroup"], "kind": "User", "name": "reader"}
    api.post(f"{rbac}/v1/clusterroles", {"metadata": {"name": "reads"}, "rules": rules}).ok()
    binding = {"metadata": {"name": "reads"}, "roleRef": role, "subjects": [who]}
    api.post(f"{rbac}/v1/clusterrolebindings", binding).ok()
