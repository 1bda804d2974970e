"""How much of a device's capacity a request takes: as asked, rounded up as the device's policy says."""

from collections.abc import Mapping
from typing import Any

from k8sai.quantity import whole

Json = dict[str, Any]


def consumed(capacity: Mapping[str, Json], asked: Mapping[str, Any]) -> dict[str, int] | None:
    """Of each capacity what a request takes that names `asked`; None where the device cannot serve it at all."""
    if any(name not in capacity for name in asked):
        return None
    taken = {name: _amount(of, asked.get(name)) for name, of in capacity.items()}
    if any(taken[name] > whole(of["value"]) or _against_policy(taken[name], of) for name, of in capacity.items()):
        return None
    return taken


def _amount(of: Json, asked: Any) -> int:
    """A request that says nothing takes the policy's default, or everything."""
    policy = of.get("requestPolicy") or {}
    if asked is None:
        return whole(policy.get("default") or of["value"])
    amount, valid = whole(asked), policy.get("validRange") or {}
    if valid.get("min") is not None:
        least, step = whole(valid["min"]), whole(valid.get("step") or 0)
        if amount <= least:
            return least
        return least + -(-(amount - least) // step) * step if step else amount
    return next((value for value in map(whole, policy.get("validValues") or ()) if amount <= value), amount)


def _against_policy(amount: int, of: Json) -> bool:
    policy = of.get("requestPolicy") or {}
    if not policy or (policy.get("default") is not None and amount == whole(policy["default"])):
        return False
    valid = policy.get("validRange")
    if valid is not None:
        step = whole(valid.get("step") or 0)
        too_much = valid.get("max") is not None and amount > whole(valid["max"])
        return too_much or bool(step and (amount - whole(valid.get("min") or 0)) % step)
    values = [whole(value) for value in policy.get("validValues") or ()]
    return bool(values) and amount not in values
