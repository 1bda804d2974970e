"""`queue list` as a user runs it: everything it prints, what it cannot see, and how it follows a cluster."""

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8sai.errors import Exit
from tests.commands.queue_canned import answers, ask
from tests.commands.queue_site import Site
from tests.commands.relay import Relay
from tests.commands.run import BIN, Ran, environment, on_terminal, run, terminal
from tests.commands.server import Canned, write_kubeconfig
from tests.queues.simulate_objects import (
    GPU,
    NOW,
    Json,
    cluster_queue,
    cohort,
    gpu_tree,
    local_queue,
    recorded,
    workload,
)

TABLE = """\
QUEUE                         ACTIVE   NOMINAL  RESERVED  AVAIL  PENDING  ASKED  BORROWED  MAX  RUNNING  OLDEST  ADMITTED
cohort/ai                     implied       72        60      2        2     12             20        5    120m        60
├─ cohort/prod                              56        42      8        1      8             48        3    120m        42
│  ├─ cq/finetune             yes           16        22      2        1      8         6   24        2    120m        22
│  │  └─ lq/ns-finetune/main  yes                     22               1      8                       2    120m        22
│  └─ cq/serving              yes           32        20     12                             72        1                20
│     └─ lq/ns-serving/main   yes                     20                                              1                20
└─ cohort/research                          16        18      2        1      4         2   20        2    120m        18
   ├─ cq/explore              yes           16        16      2                             20        1                16
   │  └─ lq/ns-explore/main   yes                     16                                              1                16
   └─ cq/students             yes            0         2      2        1      4         2    4        1    120m         2
      └─ lq/ns-students/main  yes                      2               1      4                       1    120m         2
cq/shut                       Stopped        4         0      4                              4        0                 0
"""  # noqa: E501
PLAIN = """\
queue cohort/research: flavor h100, nominal 16, reserved 18, avail 2, pending 1, asked 4, borrowed 2, max 20, \
running 2, oldest 120m, admitted 18
queue cq/explore: active yes, flavor h100, nominal 16, reserved 16, avail 2, max 20, running 1, admitted 16
queue lq/ns-explore/main: active yes, flavor h100, reserved 16, running 1, admitted 16
queue cq/students: active yes, flavor h100, nominal 0, reserved 2, avail 2, pending 1, asked 4, borrowed 2, max 4, \
running 1, oldest 120m, admitted 2
queue lq/ns-students/main: active yes, flavor h100, reserved 2, pending 1, asked 4, running 1, oldest 120m, admitted 2
"""
AT_80 = """\
QUEUE                   ACTIVE  NOMINAL  RESERVED  AVAIL  PENDING  USE
cohort/research                      16        18      2        1  ■■■■■■■■■░
├─ cq/explore           yes          16        16      2           ■■■■■■■■■■
│  └─ lq/ns-explore/m…  yes                    16
└─ cq/students          yes           0         2      2        1  ░░░░░░░░░░
   └─ lq/ns-students/…  yes                     2               1
"""


def objects() -> list[Json]:
    found = [
        *gpu_tree(),
        workload("ns-finetune", "llama-sft", 8),
        workload("ns-students", "hw", 4),
        cluster_queue("shut", 4, stopPolicy="Hold"),
    ]
    for one in found:
        if one["kind"] in ("ClusterQueue", "LocalQueue"):
            one["status"] = {"conditions": [{"type": "Active", "status": "True", "reason": "Ready"}]}
    return found


def listed(folder: Path, *words: str, found: list[Json] | None = None, **env: str) -> Ran:
    """Of a recording."""
    file = recorded(objects() if found is None else found, folder)
    ran = run("kubectl-ai_queue", "list", "--from", file, *words, env=environment(folder, **env))
    return Ran(ran.code, ran.out, ran.err.replace(str(folder), "FOLDER"))


# --- what it prints ---------------------------------------------------------------------------------------------------


def test_the_tree(tmp_path: Path) -> None:
    assert listed(tmp_path) == Ran(Exit.OK, TABLE, "warning: cq/shut admits nothing: stopPolicy Hold\n")


def test_a_cohort_in_words(tmp_path: Path) -> None:
    assert listed(tmp_path, "--cohort", "research", "--plain") == Ran(Exit.OK, PLAIN, "")


def test_gpus_of_two_vendors_are_told_apart(tmp_path: Path) -> None:
    amd = cluster_queue("amd", 4, flavor="mi300x")
    amd["spec"]["resourceGroups"] = json.loads(json.dumps(amd["spec"]["resourceGroups"]).replace(GPU, "amd.com/gpu"))
    told = {line.split()[0]: line.split() for line in listed(tmp_path, found=[*objects(), amd]).out.splitlines()}
    assert told["cq/amd"][:5] == ["cq/amd", "?", "mi300x", "amd.com/gpu", "4"]
    assert told["cq/shut"][:5] == ["cq/shut", "Stopped", "h100", "nvidia.com/gpu", "4"]


def test_names(tmp_path: Path) -> None:
    found = listed(tmp_path, "-n", "ns-students", "-o", "name")
    assert found.out == "cohort/ai\ncohort/research\ncq/students\nlq/ns-students/main\n"


def test_on_a_terminal_of_80_columns_what_matters_most_is_seen(tmp_path: Path) -> None:
    file = recorded(objects(), tmp_path)
    words = ("kubectl-ai_queue", "list", "--from", file, "--cohort", "research")
    shown = on_terminal(*words, env=environment(tmp_path, NO_COLOR="1"), columns=80)
    assert all(len(line) <= 80 for line in shown.out.splitlines())
    assert "cq/students" in shown.out and "PENDING" in shown.out
    coloured = on_terminal(*words, env=environment(tmp_path), columns=80)
    assert "\x1b[" in coloured.out and "\x1b[" not in shown.out


def test_a_wide_terminal_has_bars_and_says_what_they_mean(tmp_path: Path) -> None:
    file = recorded(objects(), tmp_path)
    shown = on_terminal(
        "kubectl-ai_queue", "list", "--from", file, env=environment(tmp_path, NO_COLOR="1"), columns=200
    ).out
    line = next(line for line in shown.splitlines() if "cq/finetune" in line)
    assert "■■■■■■■░░░" in line
    assert "note: ■ its own quota in use ░ borrowed × its quota in use by others □ free" in shown


def test_a_head_that_waits_although_there_is_room_is_pointed_at(tmp_path: Path) -> None:
    ran = listed(tmp_path, "--cohort", "prod", found=[*objects(), workload("ns-finetune", "small", 1, priority=9)])
    assert ran.err == (
        "warning: cq/finetune has quota for job/small, its first in line, which waits all the same\n"
        "  → `kubectl ai-queue why job/small -n ns-finetune --from FOLDER/queues.json`\n"
    )


def test_of_many_such_heads_the_first_five_are_named(tmp_path: Path) -> None:
    found = objects()
    for name in "abcdefg":
        found += [cluster_queue(name, 4), local_queue(name, name), workload(name, "small", 1)]
    told = listed(tmp_path, found=found).err.splitlines()
    assert sum("its first in line" in line for line in told) == 5
    assert told[-2:] == [
        "warning: 2 more have quota for their first in line, which waits all the same",
        "  → `kubectl ai-queue pending -A --from FOLDER/queues.json`",
    ]


def test_a_cycle_of_cohorts_is_seen_whatever_kueue_says_of_it(tmp_path: Path) -> None:
    ran = listed(tmp_path, found=[*objects(), cohort("ai", "prod")])
    assert ran.code == Exit.OK
    assert [line.split()[:2] for line in ran.out.splitlines() if line.startswith("cohort")] == [
        ["cohort/ai", "CohortCycle"],
        ["cohort/prod", "CohortCycle"],
        ["cohort/research", "CohortCycle"],
    ]
    assert ran.err == (
        "warning: cq/shut admits nothing: stopPolicy Hold\n"
        "warning: cohort/ai admits nothing: its parent is prod, and that way never ends\n"
        "warning: cohort/prod admits nothing: its parent is ai, and that way never ends\n"
        "warning: cohort/research admits nothing: its parent is ai, and that way never ends\n"
    )


def test_a_local_queue_that_leads_nowhere_is_said_to(tmp_path: Path) -> None:
    ran = listed(tmp_path, "-n", "lost", found=[*objects(), local_queue("lost", "gone")])
    assert ran.out.splitlines()[1].split() == ["lq/lost/main", "ClusterQueueDoesNotExist", "0"]
    assert ran.err == "warning: lq/lost/main admits nothing: there is no ClusterQueue gone\n"


def test_the_document(tmp_path: Path) -> None:
    ran = listed(tmp_path, "-o", "json")
    found: Any = json.loads(ran.out)
    assert (ran.code, found["kind"], found["at"], found["complete"]) == (Exit.OK, "QueueView", NOW, True)
    queues = {one["name"]: one for one in found["clusterQueues"]}
    (share,) = queues["finetune"]["resources"]
    assert (share["available"], share["used"], share["borrowed"], share["pending"]) == (2, 22, 6, 8)
    assert (queues["shut"]["active"], queues["shut"]["reason"]) == (False, "Stopped")
    again = yaml.safe_load(listed(tmp_path, "-o", "yaml").out)
    assert again == found


# --- what is wrong with a question ------------------------------------------------------------------------------------


ONE = "\n  → leave one of them out\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--cohort", "nope"), Exit.NOT_FOUND, "error: there is no cohort nope\n  → cohorts: ai, prod, research\n"),
        (("--resource", "tpu"), Exit.NOT_FOUND, f"error: no queue has quota of tpu\n  → there is quota of {GPU}\n"),
        (("-A", "-n", "x"), Exit.USAGE, "error: -n and -A contradict each other" + ONE),
        (("-w",), Exit.USAGE, "error: a recording does not change: --from and -w cannot go together" + ONE),
        (("--context", "x"), Exit.USAGE, "error: --from reads no cluster, so --context means nothing with it" + ONE),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(words: tuple[str, ...], code: Exit, message: str, tmp_path: Path) -> None:
    assert listed(tmp_path, *words) == Ran(code, "", message)


def test_a_cluster_without_kueue_says_so(tmp_path: Path) -> None:
    with Canned({"/apis": (200, {"kind": "APIGroupList", "groups": []})}) as canned:
        ran = ask(canned, tmp_path, "list")
    assert (ran.code, ran.out) == (Exit.NOT_FOUND, "")
    assert ran.err.startswith("error: SERVER has no Kueue: it does not serve clusterqueues.kueue.x-k8s.io\n")


# --- rights -----------------------------------------------------------------------------------------------------------

MAY = "  → ask an admin for it; this tells when it is granted: `kubectl auth can-i list {} --context test -A`\n"


def gap(plural: str, hides: str) -> str:
    kind = f"{plural}.kueue.x-k8s.io"
    return f"warning: SERVER forbids eve to list {kind} in the whole cluster: {hides}\n" + MAY.format(kind)


def test_without_cluster_queues_the_doors_to_them_are_shown(tmp_path: Path) -> None:
    with Canned(answers(objects(), ["clusterqueues", "cohorts"])) as canned:
        ran = ask(canned, tmp_path, "list", "-o", "name")
        table = ask(canned, tmp_path, "list")
    assert ran.out == "".join(f"lq/ns-{name}/main\n" for name in ("explore", "finetune", "serving", "students"))
    assert (ran.code, table.code) == (Exit.PARTIAL, Exit.PARTIAL)
    assert table.err == gap("clusterqueues", "quota and cohorts are left out") + gap(
        "cohorts", "a cohort counts as having nothing of its own and no parent"
    )


def test_without_workloads_the_status_is_counted_with(tmp_path: Path) -> None:
    found = objects()
    finetune = next(one for one in found if one["metadata"]["name"] == "finetune" and one["kind"] == "ClusterQueue")
    part = [{"name": "h100", "resources": [{"name": "nvidia.com/gpu", "total": "10"}]}]
    finetune["status"] |= {"flavorsReservation": part, "pendingWorkloads": 3}
    with Canned(answers(found, ["workloads"])) as canned:
        ran = ask(canned, tmp_path, "list", "--plain")
    line = next(line for line in ran.out.splitlines() if line.startswith("queue cq/finetune"))
    assert "nominal 16, reserved 10, avail 14, pending 3, max 24, running 0, admitted 0" in line
    trails = "use is what the queues' status says, which trails by a second; who asks for what is not known"
    assert ran.code == Exit.PARTIAL and gap("workloads", trails) in ran.err


def test_who_may_read_only_their_own_namespace_sees_it_whole(tmp_path: Path) -> None:
    denied = ["clusterqueues", "cohorts", "workloads", "localqueues"]
    with Canned(answers(objects(), denied, own="ns-finetune")) as canned:
        ran = ask(canned, tmp_path, "list", "-n", "ns-finetune", "--plain")
    assert ran.out == (
        "queue lq/ns-finetune/main: active yes, flavor h100, reserved 22, pending 1, asked 8, running 2, "
        f"{ran.out[ran.out.index('oldest') :]}"
    )
    assert "workloads" not in ran.err and "localqueues" not in ran.err  # nothing of the question is hidden there
    assert ran.code == Exit.PARTIAL


def test_who_may_read_no_queue_is_told_what_to_ask_for(tmp_path: Path) -> None:
    with Canned(answers(objects(), ["clusterqueues", "localqueues"])) as canned:
        ran = ask(canned, tmp_path, "list")
    assert (ran.code, ran.out) == (Exit.FORBIDDEN, "")
    assert ran.err.endswith(MAY.format("clusterqueues.kueue.x-k8s.io"))


def test_a_cluster_that_serves_only_v1beta1_is_read_alike(tmp_path: Path) -> None:
    old = objects()
    for one in old:
        if one["kind"] == "ClusterQueue" and "cohortName" in one["spec"]:
            one["spec"]["cohort"] = one["spec"].pop("cohortName")
    with Canned(answers(old, version="v1beta1")) as canned:
        ran = ask(canned, tmp_path, "list", "-o", "name")
    with Canned(answers(objects())) as canned:
        assert ask(canned, tmp_path, "list", "-o", "name") == ran
    assert ran.code == Exit.OK and "cq/finetune\n" in ran.out


# --- live -------------------------------------------------------------------------------------------------------------


def test_in_a_pipe_each_change_is_a_line_that_says_what_was_and_what_is(site: Site, tmp_path: Path) -> None:
    with following(site, tmp_path) as lines:
        shown = [next(lines) for _ in range(3)]
        assert shown[1].startswith(f"cq/{site.cq('one')}")
        site.job("a")
        assert any("reserved 0 → 2, avail 2 → 0" in line for line in until(lines, "reserved"))


def test_as_documents_a_view_then_what_is_different(site: Site, tmp_path: Path) -> None:
    with following(site, tmp_path, "-o", "json") as lines:
        first = json.loads(next(lines))
        assert first["kind"] == "QueueView"
        site.job("a")
        for line in lines:
            change = json.loads(line)
            if change["clusterQueues"] and change["clusterQueues"][0]["resources"][0]["used"] == 2:
                break
    assert change["kind"] == "QueueChange" and change["gone"] == []
    assert [one["name"] for one in change["clusterQueues"]] == [site.cq("one")]


def test_on_a_terminal_the_tree_is_repainted_in_place_and_ctrl_c_ends_it(site: Site, tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", site.server, namespace=site.namespace)
    env = environment(tmp_path, KUBECONFIG=str(kubeconfig), NO_COLOR="1")
    words = ("kubectl-ai_queue", "list", "-w", "-n", site.namespace, "--resource", "cpu")
    with terminal(*words, env=env, columns=120, rows=20) as (process, master):
        shown = b""
        while b"lq/" not in shown or shown.count(b"\x1b[J") < 2:
            assert select.select([master], [], [], 30)[0], shown
            shown += os.read(master, 65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == Exit.INTERRUPT
    first, second, *_ = shown.decode().split("\x1b[J")
    assert second.lstrip("\r\n").startswith(f"\x1b[{first.count(chr(10))}A")  # up to where the first one began


def test_a_tree_that_is_taller_than_the_terminal_is_cut_and_said_to_be(site: Site, tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", site.server, namespace=site.namespace)
    env = environment(tmp_path, KUBECONFIG=str(kubeconfig), NO_COLOR="1")
    words = ("kubectl-ai_queue", "list", "-w", "-n", site.namespace, "--resource", "cpu")
    with terminal(*words, env=env, columns=120, rows=6) as (process, master):
        shown = b""
        while b"\x1b[J" not in shown:
            assert select.select([master], [], [], 30)[0], shown
            shown += os.read(master, 65536)
        process.kill()
    frame = shown.decode().split("\x1b[J")[0]
    assert frame.count("\n") == 4
    assert "more lines" in frame.splitlines()[-2]


def test_a_server_that_is_away_is_told_and_what_happened_meanwhile_is_found(site: Site, tmp_path: Path) -> None:
    with Relay(site.server) as relay, (watch := following(site, tmp_path, server=relay.url)) as lines:
        next(lines)
        relay.cut()
        assert any("not up to date: " in line for line in iter(watch.notes.readline, ""))
        site.job("a")
        relay.mend()
        assert any("reserved 0 → 2" in line for line in until(lines, "reserved"))
        assert any("up to date again" in line for line in iter(watch.notes.readline, ""))


class following:
    """`queue list -w` in a pipe: its lines, and in `notes` what it says beside; ended at the end."""

    def __init__(self, site: Site, folder: Path, *words: str, server: str = "") -> None:
        kubeconfig = write_kubeconfig(folder / "kubeconfig", server or site.server, namespace=site.namespace)
        self._process = subprocess.Popen(
            [BIN / "kubectl-ai_queue", "list", "-w", "-n", site.namespace, "--resource", "cpu", *words],
            env=environment(folder, KUBECONFIG=str(kubeconfig)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        self._lines, self.notes = self._process.stdout, self._process.stderr

    def __enter__(self) -> Iterator[str]:
        return iter(self._lines.readline, "")

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._lines.close()
        self.notes.close()


def until(lines: Iterator[str], word: str) -> Iterator[str]:
    """Lines up to the first few with that word in them."""
    for line in lines:
        yield line
        if word in line and "→" in line:
            return
