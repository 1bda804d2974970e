"""What `start` was asked for, as the state keeps it and back: beginning goes on after a crash. And the steps."""

from collections.abc import Sequence
from dataclasses import asdict

from k8sai.canary.facts import STEPS, Json, Wish
from k8sai.errors import Usage


def kept(wish: Wish) -> Json:
    """What was said and nothing else."""
    told = {**asdict(wish), "values": dict(wish.values), "headers": dict(wish.headers)}
    return {key: value for key, value in told.items() if value or type(value) is int}


def wish_of(document: Json) -> Wish:
    """From `kept`."""
    known = {key: value for key, value in document.items() if key in Wish.__dataclass_fields__}
    return Wish(**known)


def steps_of(text: str) -> tuple[int, ...]:
    """From `1,5,25`. Raises Usage."""
    try:
        found = tuple(int(one) for one in text.replace("%", "").split(","))
    except ValueError as error:
        raise Usage(f"--steps: {text!r} are not percents", "write them as 1,5,25,50,100") from error
    for one in found:
        if not 1 <= one <= 100:
            raise Usage(f"--steps: {one} is not between 1 and 100", "write them as 1,5,25,50,100")
    if list(found) != sorted(set(found)):
        raise Usage(f"--steps: {text!r} do not rise", "write them as 1,5,25,50,100")
    return found


def steps_from(start: int, asked: Sequence[int], own: Sequence[int], backend: str) -> tuple[int, ...]:
    """The target's own where a controller walks them, else those asked for that are not below the start.

    Raises Usage where both are told.
    """
    if own and asked and tuple(asked) != tuple(own):
        raise Usage(f"{backend} walks the steps of the target itself: {','.join(map(str, own))}", "leave --steps out")
    steps = tuple(one for one in (own or asked or STEPS) if one >= start)
    return steps or (100,)
