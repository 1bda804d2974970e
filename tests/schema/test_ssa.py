"""Server-side apply as pure functions: what comes out, who owns it, and what holds whatever is applied."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.schema.comparing import compare, fields_of
from k8sai.schema.fieldset import FieldSet
from k8sai.schema.lists import UNTYPED, Custom, shape_of
from k8sai.schema.managed import Owner, Owners, entries_of, is_reset, owners_of, without_times
from k8sai.schema.merging import merged, removed
from k8sai.schema.ssa import Conflicts, applied, updated
from tests.schema.shaped import SHAPE, Json, objects, tidy


def who(name: str, time: str = "2026-01-01T00:00:00Z") -> Owner:
    return Owner(name, "Apply", "v1", "", time)


def apply(live: Json, config: Json, owners: Owners, name: str, *, force: bool = True) -> tuple[Any, Owners]:
    return applied(live, config, owners, who(name), SHAPE, force=force)


def by_name(owners: Owners) -> dict[str, FieldSet]:
    return {owner.manager: owner.fields for owner in owners.values()}


@given(objects, objects)
def test_merging_gives_all_that_was_applied(live: Json, config: Json) -> None:
    new = merged(live, config, SHAPE)
    difference = compare(new, merged(new, config, SHAPE), SHAPE)
    assert not difference.added and not difference.modified and not difference.removed
    assert set(fields_of(config, SHAPE)) <= set(fields_of(new, SHAPE).with_named_parents(SHAPE))


@given(objects, objects)
def test_what_the_difference_names_is_all_there_is(old: Json, new: Json) -> None:
    difference = compare(old, new, SHAPE)
    assert not difference.added & difference.removed
    assert not difference.added & difference.modified
    assert not difference.modified & difference.removed
    back = compare(new, old, SHAPE)
    assert (back.added, back.removed, back.modified) == (difference.removed, difference.added, difference.modified)
    same = not difference.added and not difference.removed and not difference.modified
    assert not same or tidy(sorted_lists(old)) == tidy(sorted_lists(new))


def sorted_lists(value: Any) -> Any:
    """Lists whose order says nothing, in one order."""
    if isinstance(value, dict):
        return {key: sorted_lists(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted((sorted_lists(one) for one in value), key=repr)
    return value


@given(objects)
def test_taking_all_fields_out_leaves_nothing(obj: Json) -> None:
    assert not tidy(removed(obj, fields_of(obj, SHAPE).with_named_parents(SHAPE), SHAPE) or {})


@given(objects, objects)
def test_applying_twice_changes_nothing(live: Json, config: Json) -> None:
    new, owners = apply(live, config, {}, "one")
    again, same = apply(new, config, owners, "one", force=False)
    assert again == new
    assert entries_of(same) == entries_of(owners)


@given(objects, objects)
def test_what_an_applier_adds_goes_when_it_applies_nothing(live: Json, config: Json) -> None:
    base, owners = apply({}, live, {}, "base")
    try:
        new, owners = apply(base, config, owners, "guest", force=False)
    except Conflicts:
        return
    back, owners = apply(new, {}, owners, "guest", force=False)
    assert tidy(sorted_lists(back)) == tidy(sorted_lists(base))
    assert "guest" not in by_name(owners)


@given(objects, objects, objects)
def test_what_others_own_stays(first: Json, second: Json, third: Json) -> None:
    live, owners = apply({}, first, {}, "one")
    live, owners = apply(live, second, owners, "two")
    live, owners = apply(live, third, owners, "one")
    have = set(fields_of(live, SHAPE).with_named_parents(SHAPE))
    for name, fields in by_name(owners).items():
        assert set(fields) <= have | {("f:metadata",)}, name


@given(objects, objects)
def test_conflicts_are_where_values_differ(first: Json, second: Json) -> None:
    live, owners = apply({}, first, {}, "one")
    difference = compare(live, merged(live, second, SHAPE), SHAPE)
    wanted = by_name(owners).get("one", FieldSet()) & (difference.modified | difference.added)
    try:
        apply(live, second, owners, "two", force=False)
        assert not wanted
    except Conflicts as conflicts:
        assert {path for _, path in conflicts.found} == set(wanted)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["one", "two", "Update"]), objects), max_size=6))
def test_owners_survive_the_wire(writes: list[tuple[str, Json]]) -> None:
    live: Json = {}
    owners: Owners = {}
    for name, config in writes:
        if name == "Update":
            editor = Owner("editor", "Update", "v1", "", "2026-01-01T00:00:00Z")
            owners = updated(live, config, owners, editor, SHAPE)
            live = config
        else:
            live, owners = apply(live, config, owners, name)
        assert owners_of(entries_of(owners)) == owners
        assert all(owner.fields for owner in owners.values())


def test_an_unchanged_apply_keeps_its_time() -> None:
    config = {"metadata": {"labels": {"a": "1"}}}
    live, owners = applied({}, config, {}, who("one", "2026-01-01T00:00:00Z"), SHAPE)
    _, owners = applied(live, config, owners, who("one", "2026-02-02T00:00:00Z"), SHAPE)
    (entry,) = entries_of(owners)
    assert entry["time"] == "2026-01-01T00:00:00Z"
    _, owners = applied(live, config, owners, who("two", "2026-02-02T00:00:00Z"), SHAPE)
    assert [entry.get("time") for entry in entries_of(owners)] == [None, "2026-01-01T00:00:00Z"]


def test_maps_of_custom_kinds_are_merged_and_lists_are_not() -> None:
    shape = Custom(UNTYPED)
    live, owners = applied({}, {"spec": {"a": {"x": 1}, "l": [1]}}, {}, who("one"), shape)
    live, owners = applied(live, {"spec": {"a": {"y": 2}}}, owners, who("two"), shape)
    assert live == {"spec": {"a": {"x": 1, "y": 2}, "l": [1]}}
    with pytest.raises(Conflicts, match=r'Apply failed with 1 conflict: conflict with "one": \.spec\.l'):
        applied(live, {"spec": {"l": [2]}}, owners, who("two"), shape)
    live, owners = applied(live, {}, owners, who("one"), shape)
    assert live == {"spec": {"a": {"y": 2}}}


def test_fields_that_are_ignored_have_no_owner_and_no_conflict() -> None:
    shape, status = shape_of("apps/v1", "Deployment"), FieldSet([("f:status",)])
    _, owners = applied({}, {"status": {"replicas": 1}}, {}, who("one"), shape, ignored=status)
    assert owners == {}
    editor = Owner("editor", "Update", "apps/v1")
    assert updated({}, {"spec": {"replicas": 1}, "status": {"replicas": 2}}, {}, editor, shape, ignored=status)[
        editor.key
    ].fields == FieldSet([("f:spec",), ("f:spec", "f:replicas")])


def test_the_words_of_an_owner() -> None:
    assert str(Owner("kubectl-edit", "Update", "v1")) == '"kubectl-edit" using v1'
    assert str(Owner("hpa", "Apply", "v1", "scale")) == '"hpa" with subresource "scale"'


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"operation": "Other", "apiVersion": "v1", "fieldsType": "FieldsV1"}, "operation must be"),
        ({"operation": "Apply", "apiVersion": "", "fieldsType": "FieldsV1"}, "apiVersion must not be empty"),
        ({"operation": "Apply", "apiVersion": "v1"}, "invalid fieldsType"),
        ({"operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"x": {}}}, "missing colon"),
    ],
)
def test_entries_nobody_can_read(entry: Json, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        owners_of([entry])


def test_resets() -> None:
    assert is_reset([]) and is_reset([{}])
    assert not is_reset(None) and not is_reset([{"manager": "x"}]) and not is_reset([{}, {}])
    assert without_times([{"manager": "a", "time": "t"}]) == [{"manager": "a"}]
