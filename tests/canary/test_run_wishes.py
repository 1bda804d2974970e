"""What `start` was asked for is kept and read back; steps; ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.facts import STEPS, Wish
from k8sai.canary.running.starting import new_id
from k8sai.canary.running.wishes import kept, steps_from, steps_of, wish_of
from k8sai.errors import Usage

_WORDS = st.text(max_size=5)
_WISHES = st.builds(
    Wish,
    image=_WORDS,
    model_uri=_WORDS,
    values=st.dictionaries(_WORDS, _WORDS, max_size=2),
    patch=st.none() | st.just({"model": {"storageUri": None, "args": ["--a"]}}),
    to=_WORDS,
    name=_WORDS,
    rule=_WORDS,
    container=_WORDS,
    headers=st.dictionaries(_WORDS, _WORDS, max_size=2),
    warm_replicas=st.none() | st.integers(0, 3),
    swap=st.booleans(),
)


@given(_WISHES)
def test_a_wish_is_read_as_it_was_kept(wish: Wish) -> None:
    assert wish_of(kept(wish)) == wish


def test_what_was_not_said_is_not_kept() -> None:
    assert kept(Wish(to="svc/v2", warm_replicas=0)) == {"to": "svc/v2", "warm_replicas": 0}


@pytest.mark.parametrize(("text", "steps"), [("5", (5,)), ("1,5,100", (1, 5, 100)), ("5%,50%", (5, 50))])
def test_steps_as_they_are_typed(text: str, steps: tuple[int, ...]) -> None:
    assert steps_of(text) == steps


@pytest.mark.parametrize("text", ["0,5", "5,5", "50,5", "5,101", "a", "", "1.5"])
def test_steps_that_mean_nothing(text: str) -> None:
    with pytest.raises(Usage):
        steps_of(text)


def test_steps_begin_where_the_canary_does() -> None:
    assert steps_from(0, (), (), "httproute") == STEPS
    assert steps_from(1, (), (), "llmisvc-group") == STEPS
    assert steps_from(10, (5, 25), (), "x") == (25,)
    assert steps_from(60, (5, 25), (), "x") == (100,)
    assert steps_from(0, (), (20, 40), "rollout") == (20, 40)
    with pytest.raises(Usage, match="rollout walks the steps of the target itself: 20,40"):
        steps_from(0, (5,), (20, 40), "rollout")


def test_ids_are_sorted_by_time() -> None:
    ids = [new_id(now) for now in (1.0, 2.0, 1_800_000_000.0)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {26}
    assert new_id(1.0) != new_id(1.0)
