"""Names become codes: who reads the file sees how the cluster is built and used, and not by whom.

The same name has the same code all over one file, so that every reference, selector and label still meets what it
means; the key the codes are made with is thrown away. Kept are the words of Kubernetes and of hardware: kinds, reasons,
phases, quantities, times, resource names, drivers, products, well-known label keys, taint keys. What is not known to be
such a word is a name.
"""

import re
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hmac import digest
from secrets import token_bytes
from typing import Any, Final

import msgspec

from k8sai.cluster.objects import Json
from k8sai.cluster.recorded_objects import full
from k8sai.facts import Object
from k8sai.fleet.products import ZONES
from k8sai.snapshot.reading import Taken
from k8sai.snapshot.words import (
    ENUMERATED,
    KEPT_NAMES,
    LABEL_KEYS,
    LABEL_MAPS,
    MEASURED,
    PLAIN,
    PLAIN_LABEL,
    TEXTS,
    is_of_hardware,
    is_well_known,
)

_LENGTH: Final = 10  # letters of a code: 50 bits
# Not the `MIG-1g.10gb` at the end of a product.
_SERIAL: Final = re.compile(r"(?<![-\w])(?:(?:GPU|MIG)-[-\w]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?!\w)")
_KEY: Final = re.compile(r"[a-z0-9.-]+/[A-Za-z0-9_.-]+")
_PARTS: Final = re.compile(r"([/:,])")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_](?:[-A-Za-z0-9_./:@]*[A-Za-z0-9_])?")
_WORD: Final = re.compile(r"[A-Za-z]+|\d+(?:/\d+)?")
_REGIONS: Final = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
_TEMPLATE: Final = "pod-template-hash"


class Redactor:
    """Codes for the names of one cluster. Show it all objects first (`learn`), then ask for them (`redacted`)."""

    def __init__(self) -> None:
        self._key = token_bytes(32)
        self._codes: dict[str, str] = {name: name for name in KEPT_NAMES}

    # --- learning -----------------------------------------------------------------------------------------------------

    def learn(self, kind: str, obj: Json) -> None:
        """What names there are, so that they are recognised in free text, and which words are none."""
        meta = obj.get("metadata") or {}
        labels = meta.get("labels") or {}
        self._learn_words(obj)
        for key in ZONES:
            self._name("zone", labels.get(key, ""))
        for key in _REGIONS:
            self._name("region", labels.get(key, ""))
        for owner in meta.get("ownerReferences") or ():
            self._owner(owner.get("kind", ""), owner.get("name", ""), labels)
        word = kind.partition(".")[0].removesuffix("s")
        if kind in ("storageclasses.storage.k8s.io", "priorityclasses.scheduling.k8s.io"):
            word = "class"
        if kind == "deviceclasses.resource.k8s.io":
            return  # theirs are words of drivers
        self._name("ns", meta.get("namespace", ""))
        self._owner("ReplicaSet" if kind == "replicasets.apps" else "", meta.get("name", ""), labels)
        self._name({"namespace": "ns"}.get(word, word), meta.get("name", ""))

    def _owner(self, kind: str, name: str, labels: Mapping[str, str]) -> None:
        """A ReplicaSet is called after its Deployment: that must stay so."""
        of_template = labels.get(_TEMPLATE, "")
        if kind == "ReplicaSet" and of_template and name.endswith(f"-{of_template}") and name not in self._codes:
            deployment = self._name("deployment", name.removesuffix(f"-{of_template}"))
            self._codes[name] = f"{deployment}-{self._name('x', of_template)}"
        elif kind:
            self._name(kind.lower(), name)

    def _learn_words(self, obj: Json) -> None:
        """Resource names, drivers and taint keys, wherever they stand."""
        for words in _words(obj):
            for word in words:
                self._codes.setdefault(word, word)

    # --- telling ------------------------------------------------------------------------------------------------------

    def redacted(self, obj: Json) -> Json:
        """The same object in codes."""
        found: Json = self._inside(obj, "")
        return found

    def cluster(self, name: str) -> str:
        """The code of a cluster; the next is of a namespace."""
        return self._name("cluster", name)

    def namespace(self, name: str) -> str:
        return self._name("ns", name)

    def _name(self, prefix: str, name: str) -> str:
        """The code of a name; what it was first said to be stays its prefix."""
        if not name:
            return ""
        if name not in self._codes:
            secret = digest(self._key, name.encode(), "sha256")
            self._codes[name] = f"{prefix}-{b32encode(secret).decode().lower()[:_LENGTH]}"
        return self._codes[name]

    def _inside(self, value: Any, field: str) -> Any:
        if isinstance(value, dict):
            return self._map(value, field)
        if isinstance(value, list):
            return [self._inside(one, field) for one in value]
        return self._text(value, field) if isinstance(value, str) else value

    def _map(self, value: Json, field: str) -> Json:
        if field in LABEL_MAPS and all(isinstance(one, str) for one in value.values()):
            return {self._label_key(key): self._label(key, one) for key, one in value.items()}
        if field == "annotations":
            return {key: self._label(key, one) for key, one in value.items() if is_well_known(key)}
        if field in MEASURED:
            return {key: self._measured(one) for key, one in value.items()}
        if isinstance(value.get("key"), str):  # a taint, a toleration, a requirement
            return self._requirement(value)
        return {key: self._inside(one, key) for key, one in value.items()}

    def _measured(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._measured(one) for key, one in value.items()}
        return self._hardware(value) if isinstance(value, str) else value

    def _requirement(self, value: Json) -> Json:
        key = value["key"]
        said: Json = {"key": self._label_key(key)}
        if isinstance(value.get("value"), str):
            said["value"] = self._label(key, value["value"])
        if isinstance(value.get("values"), list):
            said["values"] = [self._label(key, str(one)) for one in value["values"]]
        rest = {name: self._inside(one, name) for name, one in value.items() if name not in said}
        return {**rest, **said}

    def _label_key(self, key: str) -> str:
        return key if is_well_known(key) else self._atom(key, "label")

    def _label(self, key: str, value: str) -> str:
        if is_of_hardware(key):
            return self._hardware(value)
        return value if PLAIN_LABEL.fullmatch(value) or _is_key(value) else self._atom(value)

    def _hardware(self, text: str) -> str:
        """Cards have serial numbers."""
        return _SERIAL.sub(lambda found: self._atom(found[0]), text)

    def _text(self, text: str, field: str) -> str:
        if text in self._codes:
            return self._codes[text]
        if _is_key(text) and field != "image":  # the gate of a queue, the finalizer of a controller
            return text
        if field in TEXTS:
            return _TOKEN.sub(lambda token: self._token(token[0]), text)
        if field in ENUMERATED or PLAIN.fullmatch(text):
            return self._hardware(text)
        if field in LABEL_KEYS:
            return self._label_key(text)
        if field == "image":
            return self._atom(text, "image")
        return self._composite(text)

    def _atom(self, text: str, prefix: str = "x") -> str:
        """A name that is not known yet: of a card, or of whatever it may be."""
        if PLAIN_LABEL.fullmatch(text):
            return text
        return self._name(text[:3] if text.startswith(("GPU-", "MIG-")) else prefix, text)

    def _token(self, token: str) -> str:
        """A word of a sentence: one that is no name we know and looks like English stays."""
        if token in self._codes:
            return self._codes[token]
        return token if _WORD.fullmatch(token) or _is_key(token) else self._composite(token)

    def _composite(self, text: str) -> str:
        """A path or a list: of each part the code it has elsewhere."""
        return "".join(self._atom(part) if place % 2 == 0 else part for place, part in enumerate(_PARTS.split(text)))


def _is_key(text: str) -> bool:
    """A public label's key where it is said of something: `topology.kubernetes.io/zone`."""
    return _KEY.fullmatch(text) is not None and is_well_known(text)


def _words(value: Any, field: str = "") -> Iterator[Iterable[str]]:
    """The words of hardware in an object: they are found by where they stand."""
    if isinstance(value, dict):
        if field in ("capacity", "allocatable", "requests", "limits", "hard", "used"):
            yield value.keys()
        if "effect" in value and isinstance(value.get("key"), str):
            yield (value["key"],)
        for key, one in value.items():
            if key in ("driver", "deviceClassName", "extendedResourceName", "resourceName") and isinstance(one, str):
                yield (one,)
            elif key == "coveredResources" and isinstance(one, list):
                yield one
            else:
                yield from _words(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one, field)


def redacted(taken: Taken) -> Taken:
    """The same cluster in codes. What could not be read is named without the server's words, which say who asked."""
    redactor = Redactor()
    for kind, facts in taken.facts.items():
        for fact in facts:
            redactor.learn(full(kind), _json(fact))
    for name, texts in taken.others.items():
        for text in texts:
            redactor.learn(name, msgspec.json.decode(text))
    for kind, facts in taken.facts.items():
        taken.facts[kind] = [msgspec.convert(redactor.redacted(_json(fact)), type(fact)) for fact in facts]
    for name, texts in taken.others.items():
        taken.others[name] = [_coded(redactor, text) for text in texts]
    taken.context = redactor.cluster(taken.context)
    taken.sources = tuple(
        replace(one, message="", hint="", namespace=redactor.namespace(one.namespace)) for one in taken.sources
    )
    return taken


def _coded(redactor: Redactor, text: msgspec.Raw) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(redactor.redacted(msgspec.json.decode(text))))


def _json(fact: Object) -> Json:
    read: Json = msgspec.json.decode(msgspec.json.encode(fact))
    return read
