"""Who is stopped first: nobody is forgotten, nobody saves in vain, no more save at a time than storage takes."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from k8sai.evict.planning.order import Turn, Turned, order

NOW = 1000.0


def ids(turned: Sequence[Turned]) -> list[str]:
    return [one.id for one in turned]


def test_the_cheapest_to_save_goes_first() -> None:
    turns = [Turn("big", 64, 90, 300), Turn("small", 4, 90, 300), Turn("quick", 64, 10, 20)]
    assert ids(order(turns, NOW)) == ["small", "quick", "big"]


def test_whose_node_goes_first_goes_first() -> None:
    turns = [Turn("small", 1, 10), Turn("late", 64, 90, external=NOW + 900), Turn("soon", 64, 90, external=NOW + 200)]
    assert [(one.id, one.begin, one.end) for one in order(turns, NOW)] == [
        ("soon", NOW, NOW + 90),
        ("late", NOW + 90, NOW + 180),
        ("small", NOW + 180, NOW + 190),
    ]


def test_as_many_save_at_a_time_as_storage_takes() -> None:
    turns = [Turn(name, 8, 100) for name in "abcd"]
    assert [one.begin - NOW for one in order(turns, NOW, parallel=2)] == [0, 0, 100, 100]
    assert [one.begin - NOW for one in order(turns, NOW, parallel=9)] == [0, 0, 0, 0]


def test_who_ends_in_time_is_waited_for() -> None:
    turns = [Turn("ends", 8, 60, ends=NOW + 500), Turn("other", 8, 60)]
    first, second = order(turns, NOW, deadline=NOW + 600)
    assert (first.id, first.action) == ("other", "stop")
    assert (second.id, second.action, second.begin) == ("ends", "wait", NOW + 500)
    assert {one.action for one in order(turns, NOW, deadline=NOW + 400)} == {"stop"}
    assert {one.action for one in order(turns, NOW)} == {"stop"}


def test_who_cannot_be_asked_is_stopped_after_its_next_checkpoint() -> None:
    ride = Turn("ride", 8, asks=False, periodic=NOW + 300)
    (one,) = order([ride], NOW)
    assert (one.action, one.begin) == ("ride", NOW + 300)
    (one,) = order([ride], NOW, deadline=NOW + 200)
    assert (one.action, one.begin, one.late) == ("stop", NOW, False)
    (one,) = order([Turn("asked", 8, 10, asks=True, periodic=NOW + 300)], NOW)
    assert one.action == "stop"


def test_a_save_that_does_not_fit_is_not_begun_and_makes_room() -> None:
    turns = [Turn("long", 8, 500, external=NOW + 120), Turn("short", 64, 90, external=NOW + 150)]
    late, fits = order(turns, NOW)
    assert (late.id, late.late) == ("long", True)
    assert late.why == "its save takes 8m20s, and 2m are left: it is not asked"
    assert (fits.id, fits.late, fits.begin) == ("short", False, NOW)


def test_those_without_a_save_need_no_place() -> None:
    turns = [Turn("saves", 1, 100), Turn("bare", 64, asks=False)]
    assert {one.begin for one in order(turns, NOW)} == {NOW}


times = st.integers(0, 2000).map(lambda number: NOW + number)
turns_of = st.lists(
    st.builds(
        Turn,
        st.text("abcdefgh", min_size=1, max_size=4),
        st.integers(0, 64),
        st.none() | st.integers(0, 600),
        st.none() | st.integers(0, 600),
        st.booleans(),
        st.none() | times,
        st.none() | times,
        st.none() | times,
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(turns_of, st.none() | times, st.integers(1, 3))
def test_the_rules_hold_for_all(turns: list[Turn], deadline: float | None, parallel: int) -> None:
    rows = order(turns, NOW, deadline, parallel)
    assert sorted(ids(rows)) == sorted(one.id for one in turns)
    assert [one.begin for one in rows] == sorted(one.begin for one in rows)
    by = {one.id: one for one in turns}
    for row in rows:
        turn = by[row.id]
        limits = [limit for limit in (deadline, turn.external) if limit is not None]
        assert row.begin >= NOW
        if row.late:
            assert turn.asks and row.why
        elif row.action in ("wait", "ride") or turn.asks:
            assert all(row.end <= limit for limit in limits)
        if row.action == "ride":
            assert not turn.asks
    saving = [row for row in rows if by[row.id].asks and row.action == "stop" and not row.late]
    for moment in {row.begin for row in saving}:
        assert sum(row.begin <= moment < row.end for row in saving) <= parallel


@given(turns_of, st.integers(1, 3))
def test_it_does_not_depend_on_how_they_were_listed(turns: list[Turn], parallel: int) -> None:
    assert order(turns, NOW, None, parallel) == order(turns[::-1], NOW, None, parallel)


@given(turns_of)
def test_among_gangs_without_deadline_the_cheaper_begins_no_later(turns: list[Turn]) -> None:
    plain = [Turn(one.id, one.gpus, one.save, one.restart) for one in turns]
    begins = {one.id: one.begin for one in order(plain, NOW)}
    for one in plain:
        for other in plain:
            if one.cost < other.cost:
                assert begins[one.id] <= begins[other.id]
