"""The keys of a contract and how each value is read: one sentence for each that cannot be understood."""

import math
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final, get_args

import msgspec

from k8sai.ages import duration
from k8sai.evict.facts import After, Contract, Durable, Grade, MethodName, Scope

PREFIX: Final = "k8sai.dev/"
LAST: Final = "last-checkpoint"
FORMATS: Final = ("hf", "lightning", "nemo", "megatron", "dcp", "deepspeed", "orbax", "custom")
GRADES: Final = {"ack": Grade.ATTESTED, "verify": Grade.VERIFIED, "marker": Grade.MARKER}
_UNCAUGHT: Final = ("KILL", "STOP")  # no program can handle them
_LONGEST: Final = 7 * 86400.0  # seconds; beyond it a duration is a slip
_HTTP: Final = re.compile(r"(POST|PUT) :(\d{1,5})(/\S*)")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/]\S*")
_ARGV: Final = 'a JSON list of words like ["python","/app/save.py"], not a command line,'


def http_target(text: str) -> tuple[str, int, str]:
    """Verb, port and path of `POST :8080/checkpoint`. Raises ValueError."""
    found = _HTTP.fullmatch(text)
    if found is None or not 0 < int(found[2]) < 65536:
        raise ValueError
    return found[1], int(found[2]), found[3]


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return read


def _methods(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    known = set(names) <= set(get_args(MethodName))
    if not known or len(set(names)) < len(names) or ("none" in names and len(names) > 1):
        raise ValueError
    return names


def _argv(text: str) -> tuple[str, ...]:
    words = msgspec.json.decode(text, type=list[str])
    if not words or not words[0] or any("\0" in word for word in words):
        raise ValueError
    return tuple(words)


def _http(text: str) -> str:
    http_target(text)
    return text


def _signal(text: str) -> str:
    name = text.upper().removeprefix("SIG")
    if name in _UNCAUGHT or f"SIG{name}" not in signal.Signals.__members__:
        raise ValueError
    return name


def _target(text: str) -> str:
    kind, found, pattern = text.partition("~")
    if kind != "cmd" or not found or not pattern:
        raise ValueError
    re.compile(pattern)
    return text


def _duration(text: str) -> float:
    seconds = duration(text)
    if not 0 < seconds <= _LONGEST:
        raise ValueError
    return seconds


def _seconds(text: str) -> float:
    seconds = float(text)
    if not math.isfinite(seconds) or not 0 <= seconds <= _LONGEST:
        raise ValueError
    return seconds


def _path(text: str) -> str:
    if not text.startswith("/") and not _URL.fullmatch(text):
        raise ValueError
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", text):
        raise ValueError
    return text


# key -> field of Contract, how it is read, what is expected
KEYS: Final[Mapping[str, tuple[str, Callable[[str], Any], str]]] = {
    "checkpoint": ("methods", _methods, f"{', '.join(get_args(MethodName))} or a list of them with commas, each once,"),
    "checkpoint-scope": ("scope", _one_of(*get_args(Scope)), "rank0, all or any"),
    "checkpoint-exec": ("exec", _argv, _ARGV),
    "checkpoint-container": ("container", _name, "the name of a container"),
    "checkpoint-http": ("http", _http, "a verb, a port and a path like `POST :8080/checkpoint` (POST or PUT)"),
    "checkpoint-signal": ("signal", _signal, "the name of a signal that can be handled, like USR1,"),
    "signal-target": ("signal_target", _target, "cmd~ and a regular expression for the command line"),
    "verify-exec": ("verify", _argv, _ARGV),
    "checkpoint-deadline": ("deadline", _duration, "a duration like 15m, at most 7d,"),
    "checkpoint-interval": ("interval", _duration, "a duration like 30m, at most 7d,"),
    "checkpoint-after": ("after", _one_of(*get_args(After)), "continue, pause or exit"),
    "checkpoint-path": ("path", _path, "an absolute path or a URL like s3://bucket/folder"),
    "checkpoint-format": ("format", _one_of(*FORMATS), f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"),
    "checkpoint-durable": ("durable", _one_of(*(word for word in get_args(Durable) if word)), "pvc, object or local"),
    "checkpoint-proof": ("proof", lambda text: GRADES[text], "ack, verify or marker"),
    "restart-seconds": ("restart", _seconds, "a number of seconds like 300"),
}
# What only means something where the method is tried.
_BELONGS: Final = {
    "checkpoint-exec": "exec",
    "checkpoint-http": "http",
    "checkpoint-signal": "signal",
    "signal-target": "signal",
}
_NEEDED: Final = {"exec": "checkpoint-exec", "http": "checkpoint-http", "signal": "checkpoint-signal"}


def contract_from(values: Mapping[str, str], source: str = "") -> Contract:
    """The contract that keys without their prefix say. Whatever cannot be understood is a sentence in `wrong`."""
    found: dict[str, Any] = {}
    wrong = [_stranger(key) for key in values if key not in KEYS and key.startswith("checkpoint")]
    for key, (name, read, expected) in KEYS.items():
        if key not in values:
            continue
        try:
            found[name] = read(values[key].strip())
        except (ValueError, KeyError, re.error, msgspec.DecodeError, RecursionError, OverflowError):
            wrong.append(f"{PREFIX}{key} is {short(values[key])}: {expected} is expected")
    contract = replace(Contract(source=source), **found)
    return replace(contract, wrong=(*wrong, *_apart(contract, values)))


def short(text: str) -> str:
    """In quotes, on one line, not too long."""
    shown = repr(text)
    return shown if len(shown) <= 120 else f"{shown[:119]}…"


def _stranger(key: str) -> str:
    near = get_close_matches(key, KEYS, 1)
    return f"{PREFIX}{key} is no key of a contract" + (f": {PREFIX}{near[0]} is" if near else "")


def _apart(contract: Contract, values: Mapping[str, str]) -> list[str]:
    """What does not fit together: a method without its words, words without their method."""
    missing = [
        f"{PREFIX}checkpoint names {method}: {PREFIX}{key} is expected with it"
        for method, key in _NEEDED.items()
        if method in contract.methods and key not in values
    ]
    idle = [
        f"{PREFIX}{key} is {short(values[key])}, but {PREFIX}checkpoint does not name {method}: it is expected there"
        for key, method in _BELONGS.items()
        if key in values and method not in contract.methods and _methods_are_read(contract, values)
    ]
    return missing + idle


def _methods_are_read(contract: Contract, values: Mapping[str, str]) -> bool:
    """So that one slip is said once."""
    return "checkpoint" not in values or contract.methods != Contract().methods or values["checkpoint"] == "none"
