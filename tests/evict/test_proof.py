"""Grades: what is enough for each, and the sentence for whatever lowers one."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.evict.contracts.proof import SKEW, Seen, judge, restored
from k8sai.evict.facts import Ack, Contract, Grade, Proof, Request, at_least

ASKED = 1_800_000_000.0
NOW = ASKED + 120
REQUEST = Request("r-1", ASKED + 900, "drain", "me", ASKED)
CONTRACT = Contract(methods=("exec",), path="/ckpt", format="dcp")
GOOD = Ack("r-1", 8120, ASKED + 90, ASKED + 5, "/ckpt/8120", True, 8, 8, 0)
LOOKED = replace(GOOD, request="", rank=-1)
SEEN = Seen("step-8120/.metadata", 8120, ASKED + 90, committed=True, steady=True, moved=True)


def grade(*acks: Ack, contract: Contract = CONTRACT, pods: int = 8, before: int = 8000, **more: Any) -> Proof:
    return judge(contract, REQUEST, acks, pods, before, **({"now": NOW} | more))


def test_a_full_answer_is_attested() -> None:
    found = grade(GOOD)
    assert found.grade is Grade.ATTESTED
    assert (found.step, found.time, found.snapshot, found.path) == (8120, ASKED + 90, ASKED + 5, "/ckpt/8120")
    assert found.why == "it answered our request: step 8120, 8 of 8 ranks"
    assert found.missing == "" and found.acks == (GOOD,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"complete": False}, "rank 0 says that its checkpoint is not complete"),
        ({"ranks": 7}, "7 of 8 ranks have saved"),
        ({"ranks": 9}, "9 of 8 ranks have saved"),
        ({"world": 0, "ranks": 0}, "rank 0 does not say how many ranks there are"),
        ({"world": 1, "ranks": 1}, "it speaks of 1 ranks, and the gang has 8 pods"),
        ({"step": -1}, "rank 0 does not say which step it has saved"),
        ({"step": 7999}, "its step 7999 is below step 8000, which it had before we asked"),
        ({"rank": 3}, "rank 3 has answered, rank 0 has not"),
        ({"request": "r-0"}, "it answers another request, 'r-0'"),
        ({"time": ASKED - 40}, "it was done 40s before we asked"),
        ({"time": NOW + 61}, "its clock is 61s ahead of the API server's"),
        ({"snapshot": NOW + 61}, "its clock is 61s ahead of the API server's"),
    ],
)
def test_each_flaw_lowers_an_answer_and_is_said(change: dict[str, Any], said: str) -> None:
    found = grade(replace(GOOD, **change), durable=True)
    assert not at_least(found.grade, Grade.VERIFIED)
    assert said in found.why or said in found.missing


@pytest.mark.parametrize(
    "change", [{"step": 8000}, {"time": 0.0}, {"snapshot": 0.0}, {"rank": -1}, {"world": 64, "ranks": 64}]
)
def test_what_is_no_flaw(change: dict[str, Any]) -> None:
    assert grade(replace(GOOD, **change)).grade is Grade.ATTESTED


def test_clocks_may_be_a_little_apart() -> None:
    assert grade(replace(GOOD, time=ASKED - SKEW)).grade is Grade.ATTESTED
    assert grade(replace(GOOD, time=NOW + SKEW)).grade is Grade.ATTESTED
    assert grade(replace(GOOD, time=REQUEST.deadline + SKEW + 1), now=0.0).grade is not Grade.ATTESTED


def test_any_rank_may_answer_where_the_contract_says_so() -> None:
    third = replace(GOOD, rank=3)
    assert grade(third, contract=replace(CONTRACT, scope="any")).grade is Grade.ATTESTED
    assert grade(third).grade is not Grade.ATTESTED
    assert grade(third, GOOD).grade is Grade.ATTESTED


# --- all ranks --------------------------------------------------------------------------------------------------------

ALL = replace(CONTRACT, scope="all")


def parts(pods: int, **change: Any) -> list[Ack]:
    return [replace(GOOD, **({"rank": rank, "ranks": 1, "world": pods} | change)) for rank in range(pods)]


@given(st.integers(1, 12))
def test_all_pods_have_to_answer_for_their_parts(pods: int) -> None:
    every = parts(pods)
    assert judge(ALL, REQUEST, every, pods, 8000, now=NOW).grade is Grade.ATTESTED
    short = judge(ALL, REQUEST, every[1:], pods, 8000, now=NOW)
    assert short.grade is not Grade.ATTESTED
    if pods > 1:
        assert f"{pods - 1} of {pods} pods have answered our request" in short.why + short.missing


def test_one_rank_that_answers_twice_is_one_rank() -> None:
    first = parts(2)[0]
    found = judge(ALL, REQUEST, [first, first], 2, 8000, now=NOW)
    assert found.grade is not Grade.ATTESTED
    assert "1 of 2 pods have answered" in found.why + found.missing


def test_pods_with_eight_ranks_each_sum_up() -> None:
    nodes = [replace(GOOD, rank=8 * place, ranks=8, world=16) for place in range(2)]
    assert judge(ALL, REQUEST, nodes, 2, 8000, now=NOW).grade is Grade.ATTESTED
    said = judge(ALL, REQUEST, [replace(one, ranks=7) for one in nodes], 2, 8000, now=NOW)
    assert "14 of 16 ranks have saved" in said.why + said.missing


def test_one_that_answers_for_all_ranks_is_enough() -> None:
    whole = replace(GOOD, rank=-1)
    assert judge(ALL, REQUEST, [whole], 8, 8000, now=NOW).grade is Grade.ATTESTED
    assert judge(ALL, REQUEST, [whole, parts(8)[3]], 8, 8000, now=NOW).grade is Grade.ATTESTED
    short = judge(ALL, REQUEST, [replace(whole, ranks=7)], 8, 8000, now=NOW)
    assert short.grade is not Grade.ATTESTED and "7 of 8 ranks have saved" in short.why + short.missing
    nameless = [replace(one, rank=-1) for one in parts(8)]
    assert judge(ALL, REQUEST, nameless, 8, 8000, now=NOW).grade is not Grade.ATTESTED


def test_ranks_that_saved_different_steps_have_no_checkpoint() -> None:
    one, two = parts(2)
    said = judge(ALL, REQUEST, [one, replace(two, step=8121)], 2, 8000, now=NOW)
    assert "the ranks have saved different steps: 8120, 8121" in said.why + said.missing
    assert said.grade is not Grade.ATTESTED


def test_one_part_that_is_not_complete_spoils_all() -> None:
    one, two = parts(2)
    said = judge(ALL, REQUEST, [one, replace(two, complete=False)], 2, 8000, now=NOW)
    assert "rank 1 says that its checkpoint is not complete" in said.why + said.missing


# --- a command that verifies ------------------------------------------------------------------------------------------


def test_a_command_that_looked_is_verified() -> None:
    found = grade(verified=LOOKED)
    assert (found.grade, found.step) == (Grade.VERIFIED, 8120)
    assert grade(verified=replace(LOOKED, ranks=0, world=0, step=-1)).grade is Grade.VERIFIED
    assert grade(GOOD, verified=LOOKED).grade is Grade.ATTESTED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"time": ASKED - 2}, "before we asked"),
        ({"time": 0.0}, "does not say when the checkpoint was done"),
        ({"time": NOW + 99}, "its clock is 99s ahead"),
        ({"complete": False}, "says that it is not complete"),
        ({"ranks": 3, "world": 8}, "it holds 3 of 8 ranks"),
        ({"step": 7000}, "its step 7000 is below step 8000"),
        ({"request": "r-0"}, "it answers another request"),
    ],
)
def test_each_flaw_lowers_what_was_verified(change: dict[str, Any], said: str) -> None:
    found = grade(verified=replace(LOOKED, **change), durable=True)
    assert not at_least(found.grade, Grade.MARKER)
    assert said in found.why


def test_the_second_we_asked_in_counts_as_after_it() -> None:
    request = replace(REQUEST, asked=ASKED + 0.9)
    assert judge(CONTRACT, request, [], 8, 0, replace(LOOKED, time=ASKED), now=NOW).grade is Grade.VERIFIED
    assert judge(CONTRACT, request, [], 8, 0, replace(LOOKED, time=ASKED - 1), now=NOW).grade is not Grade.VERIFIED


# --- markers and telemetry --------------------------------------------------------------------------------------------


def test_a_marker_needs_two_looks_and_a_durable_volume() -> None:
    assert grade(marker=SEEN, durable=True).grade is Grade.MARKER
    assert grade(marker=replace(SEEN, step=-1, moved=None), durable=True).grade is Grade.MARKER


@pytest.mark.parametrize(
    ("change", "durable", "said"),
    [
        ({"committed": False}, True, "no finished checkpoint"),
        ({"committed": False, "why": "checkpoint-9: torn"}, True, "checkpoint-9: torn"),
        ({"steady": False}, True, "was not seen the same in two looks"),
        ({"moved": False}, True, "is the one that was there before we asked"),
        ({"moved": None, "step": 8000}, True, "is the one that was there before we asked"),
        ({"time": ASKED - 3600}, True, "60m before we asked"),
        ({"time": NOW + 3600}, True, "ahead of the API server's"),
        ({"time": 0.0}, True, "does not say when"),
        ({"step": 7000}, True, "below step 8000"),
        ({}, False, "storage that goes with the pods"),
        ({}, None, "not known whether its storage outlives the pods"),
    ],
)
def test_each_flaw_lowers_a_marker(change: dict[str, Any], durable: bool | None, said: str) -> None:
    found = grade(marker=replace(SEEN, **change), durable=durable)
    assert not at_least(found.grade, Grade.MARKER)
    assert said in found.why


def test_a_checkpoint_that_was_not_our_answer_counts_as_a_marker_does() -> None:
    routine = replace(GOOD, request="", rank=-1)
    assert grade(routine, durable=True).grade is Grade.MARKER
    assert grade(routine).grade is Grade.TOUCHED
    other = grade(replace(routine, request="r-0"), durable=True)
    assert other.grade is Grade.MARKER and "names request 'r-0', not ours" in other.why
    assert "it answers another request, 'r-0'" in other.missing


def test_without_a_moment_of_asking_nothing_is_fresh() -> None:
    never = replace(REQUEST, asked=0.0)
    for more in ({"verified": LOOKED}, {"marker": SEEN}, {"acks": [LOOKED]}):
        found = judge(CONTRACT, never, more.pop("acks", []), 8, -1, **more, durable=True, now=NOW)  # type: ignore[arg-type]
        assert found.grade is Grade.NONE and "not known when we asked" in found.why


# --- storage, and nothing at all --------------------------------------------------------------------------------------


def test_what_goes_with_the_pods_proves_nothing() -> None:
    for found in (grade(GOOD, durable=False), grade(verified=LOOKED, durable=False)):
        assert found.grade is Grade.TOUCHED
        assert "storage that goes with the pods" in found.why


def test_who_was_asked_and_is_silent_was_signalled() -> None:
    assert (grade().grade, grade().why) == (Grade.SIGNALLED, "it was asked and has not answered")
    none = judge(Contract(), REQUEST, [], 8, -1, now=NOW)
    assert (none.grade, none.why) == (Grade.NONE, "it was not asked for a checkpoint")
    assert judge(CONTRACT, replace(REQUEST, asked=0.0), [], 8, -1).grade is Grade.NONE


ACKS = st.builds(
    Ack,
    st.sampled_from(["", "r-1", "r-0"]),
    st.integers(-1, 3),
    st.sampled_from([0.0, ASKED - 3600, ASKED - 1, ASKED, ASKED + 60, NOW + 3600]),
    st.sampled_from([0.0, ASKED - 1, ASKED + 30, NOW + 3600]),
    st.just(""),
    st.booleans(),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(-1, 3),
)
SEENS = st.builds(
    Seen,
    st.just("marker"),
    st.integers(-1, 3),
    st.sampled_from([0.0, ASKED - 3600, ASKED - 1, ASKED, ASKED + 60, NOW + 3600]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, True, False]),
    st.sampled_from(["", "torn"]),
)
SCOPES = st.sampled_from(["rank0", "all", "any"])


@given(SCOPES, st.lists(ACKS, max_size=4), st.integers(1, 4), st.integers(-1, 3), st.none() | ACKS, st.none() | SEENS)
def test_no_grade_is_given_that_the_facts_do_not_bear(
    scope: Any, acks: list[Ack], pods: int, before: int, verified: Ack | None, marker: Seen | None
) -> None:
    for durable in (True, None, False):
        found = judge(replace(CONTRACT, scope=scope), REQUEST, acks, pods, before, verified, marker, durable, NOW)
        good = [one for one in acks if one.request == "r-1" and one.complete and 0 <= one.step >= before]
        assert found.why
        if found.grade is Grade.ATTESTED:
            assert good and durable is not False
            whole = any(one.rank < 0 and one.ranks == one.world >= pods for one in good)
            assert scope != "all" or whole or len({one.rank for one in good if one.rank >= 0}) >= pods
        if found.grade is Grade.VERIFIED:
            assert verified is not None and verified.complete and ASKED <= verified.time <= NOW + SKEW
            assert durable is not False
        if found.grade is Grade.MARKER:
            own = [one for one in acks if one.complete and ASKED <= one.time <= NOW + SKEW]
            seen = marker is not None and marker.committed and marker.steady and marker.moved is not False
            assert durable is True and (own or seen)
        if found.grade is Grade.RESTORED:
            raise AssertionError("nobody has restarted")


@given(st.lists(ACKS, max_size=3), st.none() | ACKS, st.none() | SEENS)
def test_more_evidence_never_makes_a_proof_worse(acks: list[Ack], verified: Ack | None, marker: Seen | None) -> None:
    alone = judge(CONTRACT, REQUEST, acks, 2, 0, now=NOW, durable=True).grade
    more = judge(CONTRACT, REQUEST, acks, 2, 0, verified, marker, True, NOW).grade
    assert at_least(more, alone)


# --- after the restart ------------------------------------------------------------------------------------------------


def test_a_restart_is_compared_with_what_was_proven() -> None:
    proof = grade(GOOD)
    assert restored(proof, Ack(restored=8120)) == (True, "it went on from step 8120")
    assert restored(proof, Ack(restored=8121))[0] is True
    assert restored(proof, Ack(restored=8000)) == (False, "it went on from step 8000, and step 8120 was proven")
    assert restored(proof, Ack())[0] is None and restored(proof, None)[0] is None
    assert restored(Proof(Grade.SIGNALLED), Ack(restored=5))[0] is None


def test_what_was_saved_in_the_second_of_the_request_but_was_known_before_is_not_new() -> None:
    second = replace(REQUEST, asked=ASKED + 0.9)
    told = replace(LOOKED, time=ASKED + 0.5, snapshot=ASKED + 0.5)
    for last, wanted in ((replace(told, step=8119), Grade.VERIFIED), (told, Grade.TOUCHED)):
        found = judge(replace(CONTRACT, last=last), second, (), 8, last.step, now=NOW, verified=told)
        assert found.grade is wanted
    assert found.why == "step 8120 is the one that was there before we asked"
