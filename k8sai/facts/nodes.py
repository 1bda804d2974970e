"""Nodes."""

from k8sai.facts.metadata import Condition, Fact, ObjectMeta, Resources


class Taint(Fact):
    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(Fact):
    unschedulable: bool = False
    taints: tuple[Taint, ...] | None = None


class NodeStatus(Fact):
    capacity: Resources | None = None
    allocatable: Resources | None = None
    conditions: tuple[Condition, ...] | None = None


class Node(Fact):
    metadata: ObjectMeta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()
