"""Merge patches: what an object is with a patch merged into it, where null takes a field away. RFC 7396."""

from typing import Any


def merged(value: Any, patch: Any, *, hollow: bool = False) -> Any:
    """A new value. Where a patch only takes away below what is not there, nothing is made: servers keep no empty
    mapping of built-in kinds. With `hollow` an empty one is made, as the RFC has it.
    """
    if not isinstance(patch, dict):
        return patch
    whole = dict(value) if isinstance(value, dict) else {}
    for key, part in patch.items():
        if part is None:
            whole.pop(key, None)
        elif (new := merged(whole.get(key), part, hollow=hollow)) != {} or hollow or key in whole:
            whole[key] = new
    return whole
