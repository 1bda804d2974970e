"""YAML bodies: read as the API server reads them."""

import pytest

from k8sai.sim.status import ApiFailure
from k8sai.sim.yaml_bodies import read_config


def test_json_and_yaml() -> None:
    assert read_config(b'{"a": [1]}') == ({"a": [1]}, [])
    assert read_config(b"a:\n- 1\n- 1.5\n- true\n- null\n- 2026-01-01\n- '1'\n") == (
        {"a": [1, 1.5, True, None, "2026-01-01", "1"]},
        [],
    )
    assert read_config(b"") == ({}, [])


def test_keys_are_text() -> None:
    assert read_config(b"1: a\ntrue: b\n1.5: c\n")[0] == {"1": "a", "true": "b", "1.5": "c"}


def test_anchors_and_merges() -> None:
    found, said = read_config(b"a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n")
    assert (found, said) == ({"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}, [])


def test_keys_written_twice_are_told_of() -> None:
    found, said = read_config(b"a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    assert found == {"a": 3, "b": {"c": 2}}
    assert said == ['line 5: key "a" already set in map', 'line 4: key "c" already set in map']


@pytest.mark.parametrize("body", [b"a: [", b"- a", b"text", b"a: 1\n---\nb: 2\n", b"!!python/object:os.system {}"])
def test_bodies_that_are_no_object(body: bytes) -> None:
    with pytest.raises(ApiFailure) as caught:
        read_config(body)
    assert caught.value.code == 400
