"""YAML read as Kubernetes means it: a time without quotes is still a text, and so is a bare `=`."""

from typing import Any

import yaml

_Fast: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST = 500_000  # values of a document with aliases, each as often as it is meant
_TEXTS = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")


class Loader(_Fast):  # type: ignore[misc]
    """A safe loader that leaves times alone."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _TEXTS]
    for first, resolvers in _Fast.yaml_implicit_resolvers.items()
}


class _Manifest(Loader):
    """One that takes no key twice: the API server does not either."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            own = node.start_mark.index <= key.start_mark.index < node.end_mark.index  # not merged from elsewhere
            if not own or not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def first_document(text: bytes) -> Any:
    """The first document of the text as dicts, lists and plain values. Raises ValueError with line and column."""
    try:
        return next(iter(yaml.load_all(text, Loader=Loader)), None)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(_said(error)) from error


def documents(text: bytes) -> list[Any]:
    """All documents of a manifest, JSON or YAML. Raises ValueError with line and column; no key may come twice."""
    return [document for _, document in placed_documents(text)]


def placed_documents(text: bytes) -> list[tuple[int, Any]]:
    """The same, each with the line it begins at, from 1."""
    found: list[tuple[int, Any]] = []
    try:
        loader = _Manifest(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                document = loader.construct_document(node)
                if b"&" in text and not _bounded(document):
                    raise ValueError(
                        f"line {node.start_mark.line + 1}: aliases make more than {_MOST:,} values of this"
                    )
                found.append((node.start_mark.line + 1, document))
        finally:
            loader.dispose()
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(_said(error)) from error
    return found


def _bounded(tree: Any) -> bool:
    """Whether it has an end when it is written out: aliases of aliases make gigabytes of a few lines."""
    left, stack = _MOST, [tree]
    while stack and left >= 0:
        node = stack.pop()
        left -= 1
        if isinstance(node, dict):
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return left >= 0


def _said(error: Exception) -> str:
    """On one line, without what the parser calls text that has no file."""
    return " ".join(str(error).split()).replace(' in "<byte string>"', "")
