"""A recipe out of manifests: what differs from one use to the next becomes a parameter, everything else stays.

The recipe's first test is that it renders to what it was made from.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from k8sai.cookbook.head import GROUPS
from k8sai.cookbook.lint.pods import is_gpu
from k8sai.cookbook.tree import plain, read, written
from k8sai.errors import Usage
from k8sai.yaml_out import lines

Json = dict[str, Any]

_OF_THE_SERVER: Final = (
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
)
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_ASSIGNED: Final = {
    "Service": ("clusterIP", "clusterIPs"),
    "PersistentVolumeClaim": ("volumeName",),
    "Pod": ("nodeName",),
}
_NAMING: Final = ("labels", "matchLabels", "selector")  # mappings whose values repeat an object's name
_NAME: Final = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
_ROOM: Final = 52  # characters of a name; the rest is for what is made from it


@dataclass(slots=True)
class Draft:
    """A recipe that is being made: files by name, parameters with their schema and the value they were found with."""

    files: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Json] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    values: Json = field(default_factory=dict)
    makes: list[str] = field(default_factory=list)
    objects: list[Json] = field(default_factory=list)  # what it must render to

    def parameter(self, name: str, value: Any, schema: Json) -> str | None:
        """The parameter for a value; None where the name is taken by another value."""
        if name in self.properties:
            return name if self.values[name] == value else None
        self.properties[name] = schema
        self.values[name] = value
        return name


def draft(text: str, place: str) -> Draft:
    """A recipe of the manifests in a text. Raises Usage."""
    objects = list(_objects(read(text, place), place))
    if not objects:
        raise Usage(f"{place} holds no Kubernetes object")
    made = Draft()
    names = [str(each["metadata"]["name"]) for each in objects]
    base = _base(names)
    for each in objects:
        _clean(each)
    made.objects = [plain(each) for each in objects]
    escaped = [_escape(each) for each in objects]
    made.parameter(
        "name",
        base,
        {"type": "string", "title": "Name", "pattern": _NAME, "maxLength": _ROOM, "examples": [base]},
    )
    made.required.append("name")
    for each in escaped:
        _workload(each, made)
        _named(each, base, set(names))
    refs = {}
    for each, name in zip(escaped, names, strict=True):
        file = _file(str(each["kind"]), made.files)
        made.files[file] = written([each])
        refs[file] = f"{each['kind']}/{name}"
    order = sorted(range(len(objects)), key=lambda number: list(refs)[number])  # as files are rendered
    made.makes = [list(refs.values())[number] for number in order]
    made.objects = [made.objects[number] for number in order]
    return made


def head(made: Draft, title: str, group: str) -> str:
    """The text of recipe.yaml."""
    parameters = {"required": made.required, "properties": made.properties}
    said = {name: made.values[name] for name in made.required}
    document = {
        "apiVersion": "k8sai.dev/v1alpha1",
        "kind": "Recipe",
        "title": title,
        "description": f"Made from {', '.join(made.makes)}. Say here what it is for, and for whom.",
        "tags": [group],
        "parameters": parameters,
        "tests": [
            {"name": "as it was", "set": said, "makes": made.makes},
            {"name": "no name", "fails": "name"},
        ],
    }
    return "\n".join(lines(document)) + "\n"


def group_of(made: Draft) -> str:
    """The group it most likely belongs to, by the kinds it makes."""
    kinds = {each.partition("/")[0] for each in made.makes}
    if kinds & {"Job", "JobSet", "TrainJob", "PyTorchJob", "RayJob", "Pod"}:
        return GROUPS[0]
    if kinds & {"LocalQueue", "ClusterQueue"}:
        return "queues"
    return "serving"


# --- reading ----------------------------------------------------------------------------------------------------------


def _objects(documents: Sequence[Any], place: str) -> Iterator[CommentedMap]:
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, CommentedMap) or not document.get("kind") or not document.get("apiVersion"):
            raise Usage(f"{place}: this is no Kubernetes object: it has no apiVersion or kind")
        if str(document["kind"]).endswith("List") and isinstance(document.get("items"), CommentedSeq):
            yield from _objects(document["items"], place)
            continue
        meta = document.get("metadata")
        if not isinstance(meta, CommentedMap) or not meta.get("name"):
            raise Usage(f"{place}: {document['kind']} has no name: a recipe needs metadata.name")
        if document["kind"] == "Secret":
            raise Usage(f"{place}: the Secret {meta['name']} does not belong into a recipe", "name it by a parameter")
        yield document


def _clean(obj: CommentedMap) -> None:
    """Without what a server adds to what somebody wrote."""
    obj.pop("status", None)
    meta = obj["metadata"]
    for key in _OF_THE_SERVER:
        meta.pop(key, None)
    annotations = meta.get("annotations")
    if isinstance(annotations, CommentedMap):
        annotations.pop(_LAST_APPLIED, None)
        if not annotations:
            meta.pop("annotations")
    spec = obj.get("spec")
    for key in _ASSIGNED.get(str(obj["kind"]), ()) if isinstance(spec, CommentedMap) else ():
        spec.pop(key, None)


def _escape(node: Any) -> Any:
    """What looks like an expression, and is none."""
    if isinstance(node, CommentedMap):
        for key in list(node):
            node[key] = _escape(node[key])
        return node
    if isinstance(node, CommentedSeq):
        for index in range(len(node)):
            node[index] = _escape(node[index])
        return node
    return str(node).replace("${", "$${") if isinstance(node, str) and "${" in node else node


# --- parameters -------------------------------------------------------------------------------------------------------


def _base(names: Sequence[str]) -> str:
    """The name that the others begin with, or the first."""
    shortest = min(names, key=len)
    return shortest if all(name == shortest or name.startswith(f"{shortest}-") for name in names) else names[0]


def _named(node: Any, base: str, names: set[str], naming: bool = False) -> None:
    """Every text that repeats the name, where names stand: `qwen` and `qwen-cache`."""
    pairs = list(node.items()) if isinstance(node, CommentedMap) else list(enumerate(node))
    for key, value in pairs:
        if isinstance(value, CommentedMap | CommentedSeq):
            _named(value, base, names, naming or key in _NAMING)
        elif isinstance(value, str) and _repeats(value, base):
            known = value in names or value == base
            if naming or (known and isinstance(key, str) and (key == "name" or key.endswith(("Name", "name")))):
                node[key] = "${name}" + value[len(base) :]


def _repeats(text: str, base: str) -> bool:
    return text == base or text.startswith(f"{base}-")


def _workload(obj: CommentedMap, made: Draft) -> None:
    """Replicas, images and resources, wherever they are in the object."""
    for node in _mappings(obj):
        replicas = node.get("replicas")
        if isinstance(replicas, int) and not isinstance(replicas, bool):
            schema = {"type": "integer", "title": "Replicas", "minimum": 0, "default": int(replicas)}
            _replace(node, "replicas", made.parameter("replicas", int(replicas), schema))
        for key in ("containers", "initContainers"):
            for container in node.get(key) or () if isinstance(node.get(key), CommentedSeq) else ():
                if isinstance(container, CommentedMap):
                    _container(container, made)


def _container(container: CommentedMap, made: Draft) -> None:
    name = re.sub(r"\W", "_", str(container.get("name", ""))).strip("_").lower() or "container"
    image = container.get("image")
    if isinstance(image, str) and "${" not in image:
        schema = {"type": "string", "title": f"Image of {container.get('name')}", "minLength": 1, "default": str(image)}
        first = made.parameter("image", str(image), schema)
        container["image"] = f"${{{first or made.parameter(f'{name}_image', str(image), schema)}}}"
    resources = container.get("resources")
    if not isinstance(resources, CommentedMap):
        return
    for part in ("limits", "requests"):
        amounts = resources.get(part)
        for resource in list(amounts) if isinstance(amounts, CommentedMap) else ():
            _amount(amounts, str(resource), made)


def _amount(amounts: CommentedMap, resource: str, made: Draft) -> None:
    value = amounts[resource]
    if is_gpu(resource) and str(value).isdigit():
        schema: Json = {
            "type": "integer",
            "title": "GPUs per pod",
            "minimum": 1,
            "default": int(value),
            "x-k8sai-gpus": True,
        }
        _replace(amounts, resource, made.parameter("gpus", int(value), schema))
    elif resource in ("cpu", "memory"):
        title = "CPUs per pod" if resource == "cpu" else "Memory per pod"
        schema = {"type": "string", "title": title, "default": str(value), "x-k8sai-quantity": True}
        found = made.parameter(resource, str(value), schema)
        if found is not None:
            amounts[resource] = f"${{{found}}}"


def _replace(node: CommentedMap, key: str, parameter: str | None) -> None:
    """The value as an expression that keeps its type; as it was where the parameter is taken."""
    if parameter is not None:
        expression = CommentedMap({"$eval": parameter})
        expression.fa.set_flow_style()
        node[key] = expression


def _mappings(node: Any) -> Iterator[CommentedMap]:
    if isinstance(node, CommentedMap):
        yield node
        for value in list(node.values()):
            yield from _mappings(value)
    elif isinstance(node, CommentedSeq):
        for item in node:
            yield from _mappings(item)


def _file(kind: str, taken: dict[str, str]) -> str:
    stem = re.sub(r"(?<!^)(?=[A-Z][a-z])", "-", kind).lower()
    number, name = 1, f"{stem}.yaml"
    while name in taken or name == "recipe.yaml":
        number += 1
        name = f"{stem}-{number}.yaml"
    return name


def alike(one: Any, other: Any, amounts: bool = False) -> bool:
    """Whether two objects say the same to Kubernetes: an amount of a resource may be a number or a text."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            alike(one[key], other[key], amounts or key in ("limits", "requests")) for key in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(alike(*pair) for pair in zip(one, other, strict=True))
    return bool(one == other) or (amounts and str(one) == str(other))
