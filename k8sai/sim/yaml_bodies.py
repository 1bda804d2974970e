"""YAML bodies, read as the API server reads them: times stay text, and a key that is written twice is told of."""

from typing import Any

import msgspec
import yaml

from k8sai.sim import status
from k8sai.sim.objects import Obj, decode

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """Plain values, and the keys that were written twice as "line 6: key "b" already set in map"."""

    repeated: list[str]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                self.repeated.append(f'line {key.start_mark.line + 1}: key "{key.value}" already set in map')
            seen.add(key.value)
        self.flatten_mapping(node)
        return {
            _key(self.construct_object(key, deep=True)): self.construct_object(value, deep=deep)
            for key, value in node.value
        }


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _key(key: Any) -> str:
    """Keys are text in JSON, whatever they look like in YAML."""
    return str(key).lower() if isinstance(key, bool) else str(key)


def read_config(raw: bytes) -> tuple[Obj, list[str]]:
    """The configuration in a YAML or JSON body, and what there is to say about its keys. ApiFailure 400."""
    repeated: list[str] = []
    try:
        found = decode(raw)
    except msgspec.DecodeError:
        found, repeated = _read_yaml(raw)
    if found is None:
        found = {}
    if not isinstance(found, dict):
        kind = "array" if isinstance(found, list) else "string"
        text = "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
        raise status.bad_request(f"{text}{kind} into Go value of type map[string]interface {{}}")
    return found, repeated


def _read_yaml(raw: bytes) -> tuple[Any, list[str]]:
    try:
        loader = _Loader(raw)
        loader.repeated = []
        try:
            return loader.get_single_data(), loader.repeated
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        text = getattr(error, "problem", None) or str(error)
        raise status.bad_request(f"error encoding patch: yaml: {where}{text}") from None
