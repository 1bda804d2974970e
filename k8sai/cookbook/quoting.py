"""Texts in YAML that 1.1 and 1.2 readers read alike, in trees that keep their comments."""

import re
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    FoldedScalarString,
    LiteralScalarString,
    ScalarString,
)

from k8sai.yaml_out import is_plain

_BLOCK = re.compile(r"[^\n\r\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff\t]*")


def quoted(node: Any) -> Any:
    """The tree with every text in quotes that some reader would take for something else. Changed in place."""
    if isinstance(node, CommentedMap):
        for key in list(node):
            value = quoted(node[key])
            if isinstance(key, str) and not isinstance(key, ScalarString) and not is_plain(key):
                place = list(node).index(key)
                comment = node.ca.items.pop(key, None)
                del node[key]
                node.insert(place, DoubleQuotedScalarString(key), value)
                if comment is not None:
                    node.ca.items[key] = comment
            else:
                node[key] = value
        return node
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            node[index] = quoted(node[index])
        return node
    if isinstance(node, dict):
        return {_text(str(key)): quoted(value) for key, value in node.items()}
    if isinstance(node, list):
        return [quoted(item) for item in node]
    if isinstance(node, str):
        return node if isinstance(node, ScalarString) and _fits(node) else _text(str(node))
    return node


def _fits(text: ScalarString) -> bool:
    """Whether a text can be written in the style it had: a tree gives a new text the style of the old one."""
    if isinstance(text, DoubleQuotedScalarString):
        return True
    if isinstance(text, LiteralScalarString):
        return _as_block(text)
    if isinstance(text, FoldedScalarString):
        return _as_block(text) and hasattr(text, "fold_pos")
    return bool(_BLOCK.fullmatch(text))


def _text(text: str) -> Any:
    if is_plain(text):
        return text
    if _as_block(text):
        return LiteralScalarString(text)
    return DoubleQuotedScalarString(text)


def _as_block(text: str) -> bool:
    """Several lines that a block of YAML keeps as they are."""
    lines = text.split("\n")
    if len(lines) < 2 or text[0] in " \n" or not text.strip() or text.endswith("\n\n"):
        return False
    return all(_BLOCK.fullmatch(line) and not line.endswith(" ") for line in lines)
