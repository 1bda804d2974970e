"""The people of a scenario: when a run of theirs has ended they clean up, think for a while, and start the next."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from k8sai.sim.controllers.desk import Desk, condition
from k8sai.sim.kinds import Resource
from k8sai.sim.memory import Event
from k8sai.sim.objects import Obj, uid_of
from k8sai.sim.status import ApiFailure


@dataclass(frozen=True, slots=True)
class Habit:
    """How somebody goes on: after a pause, with these objects: what the next run needs first, the run itself last."""

    following: Callable[[], Iterable[tuple[Resource, Obj]]]
    pause: Callable[[], float]  # seconds


class Tenants:
    """One key per run that ended, by uid."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._add = desk.queue("tenants", self.sync)
        self._habits: dict[str, Habit] = {}
        self._ended: dict[str, tuple[Resource, Obj]] = {}

    def follow(self, run: Obj, habit: Habit) -> None:
        """When this run ends, go on like that."""
        self._habits[uid_of(run)] = habit

    def on_event(self, event: Event) -> None:
        uid = uid_of(event.obj)
        if uid not in self._habits:
            return
        if event.type == "DELETED":
            self._habits.pop(uid)  # somebody took it away: they do not insist
            self._ended.pop(uid, None)
        elif _over(event.obj) and uid not in self._ended:
            self._ended[uid] = event.resource, event.obj
            self._add(uid)

    def sync(self, uid: str) -> None:
        habit = self._habits.get(uid)
        if habit is not None:
            self._desk.clock.after(habit.pause(), lambda: self._again(uid))

    def _again(self, uid: str) -> None:
        habit, ended = self._habits.pop(uid, None), self._ended.pop(uid, None)
        if habit is None or ended is None:
            return
        self._desk.delete(*ended)
        made: Obj | None = None
        for resource, obj in habit.following():
            try:
                made = self._desk.store.create(resource, obj)
            except ApiFailure as failure:
                if failure.reason != "AlreadyExists":
                    return  # their namespace is gone, or a quota says no: they stop
        if made is not None:
            self.follow(made, habit)


def _over(run: Obj) -> bool:
    """A pod, Job or JobSet that reached its end."""
    if run["kind"] == "Pod":
        return (run.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return any((condition(run, kind) or {}).get("status") == "True" for kind in ("Complete", "Completed", "Failed"))
