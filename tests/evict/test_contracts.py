"""Contracts as they stand on owners and pods, and one sentence for each value that cannot be understood."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.ages import stamp
from k8sai.evict.contracts.read import contract_of
from k8sai.evict.contracts.values import KEYS, contract_from, http_target
from k8sai.evict.facts import Contract, Grade
from tests.evict.contract_world import gang, owner, pod, reading

FULL = {
    "checkpoint": "exec, http,signal",
    "checkpoint-scope": "all",
    "checkpoint-exec": '["python", "/app/k8sai_checkpoint.py", "request"]',
    "checkpoint-container": "trainer",
    "checkpoint-http": "POST :8080/checkpoint",
    "checkpoint-signal": "SIGUSR1",
    "signal-target": "cmd~python .*train",
    "verify-exec": '["cat", "/ckpt/ok"]',
    "checkpoint-deadline": "15m",
    "checkpoint-interval": "30m",
    "checkpoint-after": "pause",
    "checkpoint-path": "/ckpt/llm",
    "checkpoint-format": "dcp",
    "checkpoint-durable": "pvc",
    "checkpoint-proof": "ack",
    "restart-seconds": "240",
}


def test_every_key_has_its_field() -> None:
    assert set(FULL) == set(KEYS)
    assert contract_from(FULL, "here") == Contract(
        methods=("exec", "http", "signal"),
        scope="all",
        exec=("python", "/app/k8sai_checkpoint.py", "request"),
        container="trainer",
        http="POST :8080/checkpoint",
        signal="USR1",
        signal_target="cmd~python .*train",
        verify=("cat", "/ckpt/ok"),
        deadline=900.0,
        interval=1800.0,
        after="pause",
        path="/ckpt/llm",
        format="dcp",
        durable="pvc",
        proof=Grade.ATTESTED,
        restart=240.0,
        source="here",
    )


@pytest.mark.parametrize(
    ("word", "grade"), [("ack", Grade.ATTESTED), ("verify", Grade.VERIFIED), ("marker", Grade.MARKER)]
)
def test_the_least_proof_is_said_in_words(word: str, grade: Grade) -> None:
    assert contract_from({"checkpoint-proof": word}).proof is grade


# key, value, what the sentence expects
WRONG = [
    ("checkpoint", "", "exec, http, signal"),
    ("checkpoint", "ssh", "exec, http, signal"),
    ("checkpoint", "exec,exec", "each once"),
    ("checkpoint", "exec,none", "each once"),
    ("checkpoint-scope", "rank1", "rank0, all or any"),
    ("checkpoint-exec", "python save.py", "not a command line"),
    ("checkpoint-exec", "[]", "a JSON list of words"),
    ("checkpoint-exec", '[""]', "a JSON list of words"),
    ("checkpoint-exec", '["a", 1]', "a JSON list of words"),
    ("checkpoint-exec", "[" * 100_000, "a JSON list of words"),
    ("verify-exec", '"cat /ok"', "not a command line"),
    ("checkpoint-container", "Main", "the name of a container"),
    ("checkpoint-http", "GET :8080/checkpoint", "POST :8080/checkpoint"),
    ("checkpoint-http", "POST http://x/checkpoint", "POST :8080/checkpoint"),
    ("checkpoint-http", "POST :0/checkpoint", "POST :8080/checkpoint"),
    ("checkpoint-http", "POST :99999/checkpoint", "POST :8080/checkpoint"),
    ("checkpoint-signal", "KILL", "can be handled"),
    ("checkpoint-signal", "SIGSTOP", "can be handled"),
    ("checkpoint-signal", "10", "the name of a signal"),
    ("checkpoint-signal", "USR3", "the name of a signal"),
    ("signal-target", "python", "cmd~ and a regular expression"),
    ("signal-target", "cmd~(", "cmd~ and a regular expression"),
    ("checkpoint-deadline", "soon", "a duration like 15m"),
    ("checkpoint-deadline", "0s", "a duration like 15m"),
    ("checkpoint-deadline", "-5m", "a duration like 15m"),
    ("checkpoint-deadline", "900", "a duration like 15m"),
    ("checkpoint-interval", "365d", "at most 7d"),
    ("checkpoint-after", "stop", "continue, pause or exit"),
    ("checkpoint-path", "ckpt", "an absolute path or a URL"),
    ("checkpoint-format", "safetensors", "hf, lightning"),
    ("checkpoint-durable", "yes", "pvc, object or local"),
    ("checkpoint-proof", "A", "ack, verify or marker"),
    ("restart-seconds", "nan", "a number of seconds"),
    ("restart-seconds", "-1", "a number of seconds"),
    ("restart-seconds", "5m", "a number of seconds"),
]


@pytest.mark.parametrize(("key", "value", "expected"), WRONG)
def test_a_wrong_value_is_one_sentence_with_key_value_and_what_is_expected(key: str, value: str, expected: str) -> None:
    rest = {name: text for name, text in FULL.items() if name != key}
    (said,) = contract_from(rest | {key: value}).wrong
    assert said.startswith(f"k8sai.dev/{key} is {repr(value)[:40]}")
    assert expected in said and said.endswith("is expected")
    assert "\n" not in said and len(said) < 400


def test_each_key_can_be_wrong() -> None:
    assert {key for key, _, _ in WRONG} == set(KEYS)


@given(st.dictionaries(st.sampled_from(sorted(KEYS)), st.text(max_size=30)))
def test_no_value_whatever_raises(values: dict[str, str]) -> None:
    contract = contract_from(values)
    assert all(one.startswith("k8sai.dev/") for one in contract.wrong)
    assert contract == contract_from(values)


@pytest.mark.parametrize("method", ["exec", "http", "signal"])
def test_a_method_needs_its_words(method: str) -> None:
    (said,) = contract_from({"checkpoint": method}).wrong
    assert said == f"k8sai.dev/checkpoint names {method}: k8sai.dev/checkpoint-{method} is expected with it"


def test_words_need_their_method() -> None:
    (said,) = contract_from({"checkpoint": "http", "checkpoint-http": "POST :1/x", "checkpoint-exec": '["a"]'}).wrong
    assert "checkpoint does not name exec" in said and '["a"]' in said
    assert contract_from({"checkpoint-exec": '["a"]'}).wrong
    assert contract_from({"checkpoint": "none", "checkpoint-signal": "USR1"}).wrong


def test_a_slip_in_a_key_is_told_with_the_key_that_was_meant() -> None:
    (said,) = contract_from({"checkpoint": "annotation", "checkpoint-dedline": "5m"}).wrong
    assert said == "k8sai.dev/checkpoint-dedline is no key of a contract: k8sai.dev/checkpoint-deadline is"


def test_the_target_of_http() -> None:
    assert http_target("PUT :80/a/b?c=d") == ("PUT", 80, "/a/b?c=d")


# --- where it stands --------------------------------------------------------------------------------------------------


def test_the_topmost_owner_counts_then_the_pods() -> None:
    top = owner("JobSet", {"checkpoint-deadline": "5m"})
    below = owner("Job", {"checkpoint-deadline": "7m", "checkpoint": "annotation"})
    pods = [pod("a", {"checkpoint": "suspend", "checkpoint-interval": "10m"}), pod("b", {"checkpoint-interval": "10m"})]
    found = contract_of(gang(below, top, pods=pods), reading())
    assert (found.deadline, found.methods, found.interval) == (300.0, ("annotation",), 600.0)
    assert (found.source, found.wrong) == ("JobSet ml/llm", ())


def test_pods_bear_the_contract_of_their_template() -> None:
    found = contract_of(gang(owner("JobSet"), pods=[pod("a", {"checkpoint": "annotation"})]), reading())
    assert (found.methods, found.source) == (("annotation",), "pods of jobset/llm")


def test_pods_that_do_not_agree_are_no_contract() -> None:
    pods = [pod("a", {"checkpoint": "annotation"}), pod("b", {"checkpoint": "suspend"})]
    (said,) = contract_of(gang(owner("JobSet"), pods=pods), reading()).wrong
    assert said == (
        "k8sai.dev/checkpoint is 'annotation' on pod a and 'suspend' on pod b: the same is expected on all pods"
    )
    top = owner("JobSet", {"checkpoint": "annotation"})
    assert contract_of(gang(top, pods=pods), reading()).wrong == ()


def test_without_a_word_there_is_no_contract() -> None:
    found = contract_of(gang(owner("JobSet"), pods=[pod()]), reading())
    assert found == Contract() and not found.asks


@pytest.mark.parametrize("kind", ["Job", "JobSet", "TrainJob"])
def test_ranks_of_jobs_may_not_exit(kind: str) -> None:
    contract = {"checkpoint": "annotation", "checkpoint-after": "exit"}
    (said,) = contract_of(gang(owner(kind, contract), pods=[pod()]), reading()).wrong
    assert "k8sai.dev/checkpoint-after is 'exit'" in said and f"expected for a {kind}" in said


def test_a_job_below_another_owner_may_not_exit_either() -> None:
    top = owner("RayJob", {"checkpoint": "annotation", "checkpoint-after": "exit"}, "ray.io/v1")
    assert contract_of(gang(top, pods=[pod()]), reading()).wrong == ()
    (said,) = contract_of(gang(owner("Job"), top, pods=[pod()]), reading()).wrong
    assert "Job" in said
    stranger = owner("Job", {"checkpoint": "annotation", "checkpoint-after": "exit"}, "batch.volcano.sh/v1alpha1")
    assert contract_of(gang(stranger), reading()).wrong == ()


# --- what the workload wrote of itself ------------------------------------------------------------------------------


def written(step: int, at: float, **more: object) -> dict[str, str]:
    base = {"step": step, "time": stamp(at), "complete": True, "ranks": 2, "worldSize": 2}
    return {"last-checkpoint": json.dumps(base | more)}


def test_the_newest_word_of_the_workload_is_taken_wherever_it_stands() -> None:
    top, pods = owner("JobSet", written(10, 1e9)), [pod("a", written(30, 1e9 + 60)), pod("b", written(20, 1e9 + 30))]
    last = contract_of(gang(top, pods=pods), reading()).last
    assert last is not None and (last.step, last.time) == (30, 1e9 + 60)


def test_ranks_that_speak_for_themselves_have_together_what_the_slowest_has() -> None:
    def part(rank: int, step: int) -> dict[str, str]:
        return written(step, 1e9 + step, rank=rank, ranks=1)

    both = contract_of(gang(pods=[pod("a", part(0, 30)), pod("b", part(1, 20))]), reading()).last
    assert both is not None and (both.step, both.complete, both.ranks, both.rank) == (20, True, 2, -1)
    alone = contract_of(gang(pods=[pod("a", part(0, 30))]), reading()).last
    assert alone is not None and not alone.complete


def test_what_stands_on_the_owner_of_several_groups_is_none_of_theirs() -> None:
    top = owner("LeaderWorkerSet", written(50, 1e9))
    group = gang(top, pods=[pod("a", written(10, 1e9))], id="u1/0")
    last = contract_of(group, reading()).last
    assert last is not None and last.step == 10
    whole = contract_of(replace(group, id="u1"), reading()).last
    assert whole is not None and whole.step == 50


def test_an_answer_that_cannot_be_read_is_told() -> None:
    (said,) = contract_of(gang(owner("JobSet", {"last-checkpoint": '{"step": "x"}'})), reading()).wrong
    assert said.startswith("k8sai.dev/last-checkpoint of JobSet ml/llm cannot be read: step is 'x'")
    assert contract_of(gang(owner("JobSet", {"last-checkpoint": ""})), reading()).wrong == ()
