"""What `w` says of the target of a rollout: all that `canary status` says, and its whole history."""

from typing import TYPE_CHECKING

from k8sai.tui.desk import Desk
from k8sai.tui.ink import Line
from k8sai.tui.subject import Subject

if TYPE_CHECKING:
    from k8sai.canary.shown.rollouts import Rollout

_MOST = 1000  # lines


def rollout_of(desk: Desk, subject: Subject) -> "Rollout | None":
    """The rollout of an object, as it was last read; None where none was."""
    watch = desk.canary_watch()
    for one in watch.read.found if watch.read is not None else ():
        ref = one.look.ref if one.look is not None else None
        if ref is not None and (ref.kind, ref.namespace, ref.name) == (subject.kind, subject.namespace, subject.name):
            return watch.rollout(one.key)
    return None


def rollout_lines(desk: Desk, one: "Rollout", width: int) -> list[Line]:
    """Of one that is understood."""
    from k8sai.canary.shown.page import hidden
    from k8sai.tui.canaries_lines import around, following, gates, heading, history, sides, weights, why

    look, glyphs, now = one.look, desk.glyphs, desk.now()
    assert look is not None
    lines: list[Line] = [(heading(look),), around(look, now), ()]
    lines += [*sides(look, width, glyphs.dots), *weights(look, width, glyphs), *gates(look, width, glyphs), ()]
    lines += why(look, width, _MOST)
    for gap in hidden(look):
        lines.append(((f" {gap.text}", "warn"), (f"  {gap.hint}", "key")))
    entries = look.state.history if look.state is not None else ()
    return [*lines, following(look), (), (("History", "accent"),), *history(entries, now, width, _MOST, glyphs)]
