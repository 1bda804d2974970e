"""The one writer to stdout: tables that fit, documents that every reader reads alike."""

import io
import json
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k8sai.commands import _layout, _print
from k8sai.view import Cell, Column, Page, Row, Table, Tree
from k8sai.yaml_out import lines

TABLE = Table(
    (Column("NODE", shrink=True), Column("FREE", "right"), Column("WHY", shrink=True), Column("ZONE", wide=True)),
    (
        Row("gpu-1", (Cell("gpu-1"), Cell("8", "good"), Cell("ok"), Cell("eu-1a"))),
        Row("gpu-with-a-long-name", (Cell("gpu-with-a-long-name"), Cell("-1", "bad"), Cell("kernel panic"), Cell(""))),
    ),
    "nodes",
)


def printed(capsys: pytest.CaptureFixture[str], *parts: Table | Tree, **how: bool) -> str:
    _print.page(Page(parts), **how)
    return capsys.readouterr().out


def test_a_table_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, TABLE) == (
        "NODE                  FREE  WHY\ngpu-1                    8  ok\ngpu-with-a-long-name    -1  kernel panic\n"
    )


def test_wide_and_without_headings(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, TABLE, wide=True, headings=False) == (
        "gpu-1                  8  ok            eu-1a\n"
        "gpu-with-a-long-name  -1  kernel panic\n"
    )  # fmt: skip


def test_plain_is_words(capsys: pytest.CaptureFixture[str]) -> None:
    tree = Tree(Cell("two nodes"), (Tree(Cell("7 free")),))
    assert printed(capsys, tree, TABLE, plain=True) == (
        "two nodes\n  7 free\n\n"
        "nodes: 2\n"
        "node gpu-1: free 8, why ok\n"
        "node gpu-with-a-long-name: free -1, why kernel panic\n"
    )


def test_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    tree = Tree(Cell("a"), (Tree(Cell("b"), (Tree(Cell("c")),)), Tree(Cell("d"))))
    assert printed(capsys, tree) == "a\n├─ b\n│  └─ c\n└─ d\n"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, ["GANG    KIND    METHOD  STOP", "ml/llm  JobSet  exec    suspend"]),
        (28, ["GANG    KIND    STOP", "ml/llm  JobSet  suspend"]),
        (20, ["GANG    STOP", "ml/llm  suspend"]),
        (12, ["GANG", "ml/llm"]),
    ],
)
def test_where_it_is_narrow_spare_columns_go_before_the_others(width: int, shown: list[str]) -> None:
    columns = (Column("GANG"), Column("KIND", spare=True), Column("METHOD", spare=True), Column("STOP", shrink=True))
    row = Row("llm", tuple(Cell(text) for text in ("ml/llm", "JobSet", "exec", "suspend")))
    said = _layout.text(Page((Table(columns, (row,)),)), _layout.Style(width=width))
    assert said.splitlines() == shown


def test_a_line_that_is_too_long_for_the_terminal_is_broken_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = Cell("WARN  its pods tolerate cordoned nodes")
    _print.folded([cell], "      ")
    assert capsys.readouterr().out == "WARN  its pods tolerate cordoned nodes\n"  # a pipe is no terminal
    monkeypatch.setattr(_print, "_terminal_width", lambda: 24)
    _print.folded([cell], "      ")
    assert capsys.readouterr().out == "WARN  its pods tolerate\n      cordoned nodes\n"


def test_an_empty_table_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, Table((Column("NODE"),), ())) == ""


@pytest.mark.parametrize("width", range(1, 60))
def test_no_line_is_wider_than_the_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_print, "_terminal_width", lambda: width)
    shown = printed(capsys, TABLE).splitlines()
    assert len(shown) == 3
    if width >= 8:
        assert max(map(len, shown)) <= width


def test_what_is_cut_first(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(_print, "_terminal_width", lambda: 34)
    assert printed(capsys, TABLE) == (
        "NODE            FREE  WHY\n"
        "gpu-1              8  ok\n"
        "gpu-with-a-lo…    -1  kernel panic\n"
    )  # fmt: skip
    monkeypatch.setattr(_print, "_terminal_width", lambda: 14)
    assert printed(capsys, TABLE) == "NODE\ngpu-1\ngpu-with-a-lo…\n"


def test_colour_surrounds_the_text_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "gpu-1                    \x1b[32m8\x1b[0m  ok\n" in printed(capsys, TABLE)
    assert "\x1b" not in printed(capsys, TABLE, plain=True)


def test_no_text_from_a_cluster_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = Table((Column("WHY"),), (Row("x", (Cell("a\x1b[2Jb\nc\x9bd"),)),))
    assert printed(capsys, hostile) == "WHY\na [2Jb c d\n"


def test_a_terminal_that_is_not_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", out)
    _print.page(Page((Tree(Cell("■■□▄×é 世")),)))
    _print.json({"name": "世"})
    out.flush()
    assert out.buffer.getvalue() == b"##.+x\xe9 ?\n" + '{\n  "name": "世"\n}\n'.encode()


def test_csv_quotes_what_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    _print.csv(["a", "b"], [[1, 'say "x", y'], [0.5, ""]])
    assert capsys.readouterr().out == 'a,b\n1,"say ""x"", y"\n0.5,\n'


def test_json_is_indented_and_a_line_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    _print.json({"b": 1, "a": [0.25]})
    _print.json_line({"b": 1, "a": "x\ny"})
    assert capsys.readouterr().out == '{\n  "b": 1,\n  "a": [\n    0.25\n  ]\n}\n{"b":1,"a":"x\\ny"}\n'


TRICKY = ["y", "No", "on", "~", "null", "1e3", "1E3", "0o17", "0x1f", "1:30", "1_000", "=", "<<", "", " ", "a: b", "#x"]
TRICKY += ["- a", "2026-11-21", "2026-11-21T10:00:00Z", ".5", "+1", "0755", "é", "a\nb", "\x7f\x85\u2028", "@x", "%y"]


@pytest.mark.parametrize("text", TRICKY)
def test_yaml_keeps_a_text_a_text(text: str) -> None:
    written = "\n".join(lines({"key": text, text or "k": [text]}))
    assert yaml.safe_load(written) == {"key": text, text or "k": [text]}
    # Readers differ about plain words; they do not about quoted ones.
    assert all(value.startswith('"') for value in [written.split(": ", 1)[1].split("\n")[0]])


def test_yaml_looks_like_kubectls() -> None:
    document = {
        "kind": "GpuView",
        "hidden": [],
        "scope": {},
        "at": 1,
        "s": 0.5,
        "nodes": [{"a": "x", "r": [1, [2, "y"]]}],
    }
    assert list(lines(document)) == [
        "kind: GpuView",
        "hidden: []",
        "scope: {}",
        "at: 1",
        "s: 0.5",
        "nodes:",
        "- a: x",
        "  r:",
        "  - 1",
        "  - - 2",
        '    - "y"',
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, min_size=1, max_size=4))
def test_yaml_is_the_same_document(document: dict[str, object]) -> None:
    assert yaml.safe_load("\n".join(lines(document))) == json.loads(json.dumps(document))
