"""Templates: data stays as it was written, expressions become values, errors have a place."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from k8sai.cookbook.render import render
from k8sai.cookbook.tree import rendered
from k8sai.errors import Usage
from k8sai.yaml_in import documents
from tests.cookbook.making import HEAD, recipe

CONTEXT: dict[str, Any] = {"name": "qwen", "gpus": 8, "queue": None, "args": ["--a", "1e3"], "flag": True}


def made(text: str, **context: Any) -> str:
    return rendered(dedent(text), "t.yaml", CONTEXT | context)


def test_comments_and_order_stay() -> None:
    text = """\
    # who it is for
    b: 1 # first
    # why
    a:
    - x # one
    # before two
    - ${name}
    """
    assert made(text) == dedent(text).replace("${name}", "qwen")


def test_an_optional_part_comes_with_its_comments_or_not_at_all() -> None:
    text = """\
    metadata:
      labels:
        app: x
        queue: {$if: queue != null, then: "${queue}"}
    env:
    - $if: queue != null
      then:
        name: QUEUE # who pays
        value: ${queue}
    - name: LAST
    """
    assert made(text) == "metadata:\n  labels:\n    app: x\nenv:\n- name: LAST\n"
    said = made(text, queue="team-a")
    assert "queue: team-a" in said or 'queue: "team-a"' in said
    assert "- name: QUEUE # who pays\n" in said


def test_a_document_may_be_left_out_or_become_several() -> None:
    assert made("$if: queue != null\nthen: {a: 1}\n---\nb: 2\n") == "b: 2\n"
    found = made("$map: {$eval: args}\neach(x): {a: {$eval: x}}\n")
    assert documents(found.encode()) == [{"a": "--a"}, {"a": "1e3"}]


def test_values_keep_their_type_and_texts_stay_texts() -> None:
    (found,) = documents(
        made("a: {$eval: gpus}\nb: ${gpus}\nc: ${name}-x\nd: {$eval: args}\ne: {$eval: flag}\n").encode()
    )
    assert found == {"a": 8, "b": "8", "c": "qwen-x", "d": ["--a", "1e3"], "e": True}


def test_what_shells_and_kubernetes_expand_passes() -> None:
    (found,) = documents(made("a: [sh, -c, 'echo $${RANK} $(INDEX) $HOME']\n").encode())
    assert found == {"a": ["sh", "-c", "echo ${RANK} $(INDEX) $HOME"]}


def test_a_key_may_be_made_and_must_be_a_new_text() -> None:
    (found,) = documents(made("labels: {'${name}/x': a, b: c}\n").encode())
    assert found == {"labels": {"qwen/x": "a", "b": "c"}}
    assert list(found["labels"]) == ["qwen/x", "b"]
    with pytest.raises(Usage, match=r"t\.yaml:1:2: .*there already"):
        made("{'${name}': a, qwen: c}\n")


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("a:\n  b: ${nmae}\n", "t.yaml:2:6", "there is no parameter nmae; did you mean name?"),
        ("a:\n- x\n- ${name +}\n", "t.yaml:3:3", ""),
        ("a: {$evall: x}\n", "t.yaml:1:4", "$<identifier> is reserved"),
        ("a: {$eval: 10 ** 9}\n", "t.yaml:1:4", "** is not allowed"),
        ("a: {$eval: 'range(0, 100000000)'}\n", "t.yaml:1:4", "a range of 100,000,000 numbers"),
        ("a: {$if: 'x y', then: 1}\n", "t.yaml:1:10", ""),
        ("a: &x 1\nb: *x\n", "t.yaml:1:4", "the anchor x is not allowed"),
        ("a: 1\na: 2\n", "t.yaml:2:1", "duplicate key"),
        ("a: {b: 1\nc: 2\n", "t.yaml:", "expected"),
        ("a: 2026-01-01\n", "t.yaml:1:4", "put it in quotes"),
        ("1: a\n", "t.yaml:1:1", "is not a text"),
    ],
)
def test_errors_have_a_place(text: str, place: str, said: str) -> None:
    with pytest.raises(Usage) as caught:
        made(text)
    assert caught.value.message.startswith(place)
    assert said in caught.value.message


def test_deep_trees_end_in_a_sentence() -> None:
    with pytest.raises(Usage, match="goes too deep"):
        made("a: " + "[" * 200 + "]" * 200 + "\n")


def test_what_is_made_has_an_end() -> None:
    nested = "{$let: {a: [1,1,1,1,1,1,1,1,1,1]}, in: {$let: {b: [{$eval: a},{$eval: a},{$eval: a},{$eval: a}]}, in: "
    nested += "{$let: {c: [{$eval: b},{$eval: b},{$eval: b},{$eval: b}]}, in: {$map: {$eval: 'range(0, 1000)'}, "
    nested += "each(x): [{$eval: c}, {$eval: c}]}}}}"
    with pytest.raises(Usage, match="more than 200,000 values"):
        made(f"a: {nested}\n")


HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(
        [
            "x\n  securityContext: {privileged: true}",
            "no",
            "1e3",
            "0123",
            "0o17",
            "2026-01-01",
            "1:30",
            "~",
            "=",
            "<<",
            "",
            " ",
            "-",
            "- a",
            "a: b",
            "a #b",
            "#",
            "'",
            '"',
            "${name}",
            "$${x}",
            "$eval",
            "{{x}}",
            "%",
            "@",
            "`",
            "!!python/object:os.system x",
            "&a",
            "*a",
            "|\n  x",
            ">",
            "---\na: 1",
            "...",
            "\u2028",
            "\ufeff",
            "\x85",
            "\x00",
            "\t",
            "a\tb\n c ",
            "line\n\n",
            "\nline",
            "ä€𝄞",
            "\r\n",
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(HOSTILE)
def test_no_text_changes_the_shape_and_every_reader_reads_it(text: str) -> None:
    template = "a: ${x}\nb: ['${x}', c]\nd:\n  - e: 'y ${x} z'\n    f: {g: '${x}'}\n"
    said = rendered(template, "t.yaml", {"x": text})
    wanted = {"a": text, "b": [text, "c"], "d": [{"e": f"y {text} z", "f": {"g": text}}]}
    assert yaml.safe_load(said) == wanted
    assert YAML(typ="safe", pure=True).load(said) == wanted
    assert documents(said.encode()) == [wanted]


def test_strangers_are_rendered_the_same_but_within_limits(tmp_path: Path) -> None:
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '${name}'}\ndata: {a: '${recipe}'} # kept\n"
    notes = HEAD + 'notes: ["${name} is there", {$if: "queue != null", then: "${queue}"}]\n'
    ours = render(recipe(tmp_path, notes, True, pod=template), {"name": "x"})
    theirs = render(recipe(tmp_path, notes, False, pod=template), {"name": "x"})
    assert theirs.files == ours.files
    assert theirs.notes == ours.notes == ("x is there",)
    assert "# kept" in theirs.files[0].text
    wrong = recipe(tmp_path, HEAD, False, pod="a: ${nmae}\n")
    with pytest.raises(Usage, match=r"a-test/pod\.yaml:1:4: there is no parameter nmae"):
        render(wrong, {"name": "x"})


def test_a_strangers_endless_loop_is_cut(tmp_path: Path) -> None:
    loop = "{$map: {$eval: 'range(0, 1000)'}, each(a): {$map: {$eval: 'range(0, 1000)'}, each(b): {$map: "
    loop += "{$eval: 'range(0, 1000)'}, each(c): 1}}}"
    with pytest.raises(Usage, match="takes too long or too much memory"):
        render(recipe(tmp_path, HEAD, False, pod=f"a: {loop}\n"), {"name": "x"})
