"""The small cluster that several tests look at: tests/clusters/small.json, a `kubectl get nodes,pods -o json`."""

import json
from pathlib import Path
from typing import Any

import msgspec

from k8sai.cluster.sources import Source
from k8sai.facts import Node, Pod
from k8sai.fleet.index import Fleet
from k8sai.fleet.picture import Picture, Scope, take

SMALL = Path(__file__).parents[1] / "clusters/small.json"
AT = "2026-11-21T10:00:00Z"
Items = dict[str, dict[str, Any]]


def items() -> Items:
    """The objects by name; names are unique here."""
    return {item["metadata"]["name"]: item for item in json.loads(SMALL.read_text())["items"]}


def fleet(objects: Items) -> Fleet:
    filled = Fleet()
    for item in objects.values():
        if item["kind"] == "Node":
            filled.put("nodes", msgspec.convert(item, Node))
        else:
            filled.put("pods", msgspec.convert(item, Pod))
    return filled


def picture(objects: Items | None = None, *sources: Source, scope: Scope | None = None) -> Picture:
    return take(fleet(objects or items()), context="prod", at=AT, sources=sources, scope=scope)
