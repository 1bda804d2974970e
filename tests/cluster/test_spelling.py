"""Bodies are spelled as the server spells what it has: a JSON patch's `test` compares strings byte by byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.cluster.writing import as_go_writes

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("ü", '"ü"'),
        ("<b>&", '"\\u003cb\\u003e\\u0026"'),
        ("\u2028\u2029", '"\\u2028\\u2029"'),
        ('"\\/\n\t\x01', '"\\"\\\\/\\n\\t\\u0001"'),
    ],
)
def test_the_letters_that_go_escapes_are_escaped_and_no_others(text: str, sent: str) -> None:
    assert as_go_writes([{"a": text}]).decode() == '[{"a":' + sent + "}]"


@given(st.recursive(TEXTS | st.integers() | st.booleans() | st.none(), lambda inner: st.dictionaries(TEXTS, inner)))
def test_nothing_else_changes(value: object) -> None:
    assert json.loads(as_go_writes({"value": value})) == {"value": value}
