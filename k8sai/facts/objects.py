"""An object of any kind that is read as facts, and one of a kind that is not."""

from typing import Any

from k8sai.facts.devices import DeviceClass, DeviceTaintRule, ResourceClaim, ResourceSlice
from k8sai.facts.nodes import Node
from k8sai.facts.pods import Pod

Object = Node | Pod | ResourceSlice | ResourceClaim | DeviceClass | DeviceTaintRule
Untyped = dict[str, Any]
