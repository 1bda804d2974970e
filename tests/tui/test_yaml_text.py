"""YAML as the screen writes it is the same object to everybody who reads YAML."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sai.tui.ink import flat
from k8sai.tui.yaml_text import shown, yaml_lines
from tests.tui.objects import pod

_TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            *(
                "yes",
                "No",
                "null",
                "~",
                "1",
                "0x10",
                "1e3",
                "1.5",
                ".inf",
                "-",
                "- a",
                "a: b",
                "a #b",
                "#c",
                "@x",
                "%y",
            ),
            *("", " ", " lead", "trail ", "=", "<<", "!tag", "&a", "*a", "[x]", "{x}", "'", '"', "\\", "2026-11-21"),
            *(
                "a\nb",
                "a\n",
                "\na",
                "a\n\nb\n",
                "  a\nb",
                "a\n b",
                "a \nb",
                "tab\there",
                "a\r\nb",
                "é",
                "\x85",
                "\u2028",
            ),
            *("0o17", "1_000", "12:30:45", "on", "y", "true ", "-.5", "?", "? x", ":", "x:", "a, b", "---", "..."),
        ]
    ),
)
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def read(thing: dict[str, Any]) -> Any:
    return yaml.safe_load("".join(f"{flat(line)}\n" for line in yaml_lines(thing)))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_TEXTS, _VALUES, max_size=4))
def test_it_reads_back_as_what_it_was(thing: dict[str, Any]) -> None:
    assert read(thing) == thing


@pytest.mark.parametrize("text", ["a\nb\n", "#!/bin/sh\nset -e\n\nrun\n"])
def test_texts_of_several_lines_stay_readable(text: str) -> None:
    lines = [flat(line) for line in yaml_lines({"script": text})]
    assert lines[0] == "script: |"
    assert lines[1:] == [f"  {line}" if line else "" for line in text.removesuffix("\n").split("\n")]


def test_what_only_servers_read_is_left_out() -> None:
    thing = pod()
    assert "managedFields" not in shown(thing)["metadata"]
    assert "managedFields" in thing["metadata"]
    assert shown({"kind": "Status"}) == {"kind": "Status"}


def test_keys_and_numbers_have_colours_of_their_own() -> None:
    (line,) = yaml_lines({"replicas": 3})
    assert line == (("replicas", "key"), (":", "dim"), (" ", "plain"), ("3", "accent"))
