"""The text of rules: literals, and optional selections said with what cel-python's grammar knows."""

import re
from typing import Any

from lark import Token

from k8sai.schema.cel_operators import bounded
from k8sai.schema.cel_values import Unsupported

_OPTIONAL = re.compile(
    r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""  # texts, which stay as they are
    r"""|(\.\s*\?\s*)([A-Za-z_]\w*)|\[\s*\?\s*("[^"]*"|'[^']*'|[\w.]+)\s*\]"""
    r"""|(?<=[\w)\]])(\s*-)(?=[0-9])"""  # `n-1` is no `n` and `-1`
)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.S)


def plain(text: str) -> str:
    """`.?x` and `[?'x']` as calls, and a space where the grammar would take a minus for a sign."""
    return _OPTIONAL.sub(_without_question, text)


def _without_question(match: re.Match[str]) -> str:
    if match[4]:
        return f"{match[4]} "
    if match[1]:
        return f".optionalField__('{match[2]}')"
    return f".optionalField__({match[3]})" if match[3] else match[0]


def literal(token: Token) -> Any:
    """The value of a literal. Raises Unsupported."""
    text = str(token)
    match token.type:
        case "BOOL_LIT":
            return text == "true"
        case "NULL_LIT":
            return None
        case "INT_LIT":
            return bounded(int(text, 0) if "x" in text.lower() else int(text))
        case "UINT_LIT":
            return int(text[:-1], 0) if "x" in text.lower() else int(text[:-1])
        case "FLOAT_LIT":
            return float(text)
        case "STRING_LIT" | "MLSTRING_LIT":
            return _string(text)
        case "BYTES_LIT":
            return _string(text[1:]).encode("utf-8")
    raise Unsupported(f"{text} is not understood")


def _string(text: str) -> str:
    raw = text[0] in "rR"
    body = text[1:] if raw else text
    quotes = 3 if body[:3] in ('"""', "'''") and len(body) >= 6 else 1
    body = body[quotes:-quotes]
    return body if raw else _ESCAPE.sub(_unescaped, body)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code:
        return chr(int(code, 16))
    if match[4]:
        return chr(int(match[4], 8))
    return _ESCAPES.get(match[5], match[5])
