"""The patches of a weighted route: every listed rule in one, with the references and weights that it was read with.

A server stores the defaults of an HTTPRoute's reference, so its weight can be tested also where nobody has written one;
where none is stored, null is what is tested.
"""

from collections.abc import Iterable, Iterator

from k8sai.canary.backend import Write, guards
from k8sai.canary.backends.percents import weights_for
from k8sai.canary.backends.routes.destinations import kept
from k8sai.canary.backends.routes.weighted import Dialect, Split, home_of, splits, twins
from k8sai.canary.facts import Json, Ref, Seen


class Patches:
    """Of one route in one rollout; each is None where there is nothing to change."""

    def __init__(self, dialect: Dialect, seen: Seen, handle: Json) -> None:
        self._dialect, self._route, self._handle = dialect, seen.target, handle
        self._stable, self._canary = kept(handle["stable"]), kept(handle["canary"])
        self.rules = splits(dialect, seen.target, handle)

    def begun(self, percent: int) -> Write | None:
        """Every rule refers to the canary, at this percent; requests with its headers reach it whatever it is."""
        return self._share(percent, self._dialect.headed(self._route, self._handle))

    def shifted(self, percent: int, *, ends: bool = False) -> Write | None:
        """Every rule gives the canary this percent; at the end no rule of its own is left."""
        return self._share(percent, self._unheaded() if ends else [])

    def put_back(self, before: Json) -> Write | None:
        """The weights of before; a canary that was not referred to stays at 0 until nobody asks it any more."""
        old = {_key(one): one for one in before["rules"]}
        off = [one for one in self.rules if not _stands_as(one, old[_key(one.known)])]
        body = [op for one in off for op in _restored(one, old[_key(one.known)])]
        return self._write(off, body + self._unheaded(), f"all requests to {self._stable.title}, as before", 0)

    def forgotten(self, before: Json) -> Write | None:
        """A canary that was not referred to before is not any more."""
        old = {_key(one): one for one in before["rules"]}
        added = [one for one in self.rules if one.canary is not None and old[_key(one.known)]["canary"] is None]
        body = [op for one in added for op in _forget(one, old[_key(one.known)])]
        return self._write(added, body, f"{self._canary.title} is no longer referred to")

    def retired(self) -> Write | None:
        """The old side is not referred to any more."""
        left = [one for one in self.rules if one.stable is not None]
        body = [_remove(one, one.stable) for one in left]
        return self._write(left, body, f"{self._stable.title} is no longer referred to")

    def _share(self, percent: int, more: list[Json]) -> Write | None:
        off = [one for one in self.rules if None in (one.stable, one.canary) or one.percent != percent]
        body = [op for one in off for op in self._set(one, percent)]
        return self._write(off, body + more, f"{percent} % to {self._canary.title}", percent)

    def _set(self, one: Split, percent: int) -> Iterator[Json]:
        """Both weights; a side that is not referred to is added. Beside nothing, the old side keeps what it has."""
        stable, canary = weights_for(percent)
        if percent == 0:
            stable = one.weight(one.stable) or stable
        for to, at, weight in ((self._stable, one.stable, stable), (self._canary, one.canary, canary)):
            if at is None:
                ref = self._dialect.ref(to, home_of(self._route), weight)
                yield {"op": "add", "path": one.ref_path("-"), "value": ref}
            else:
                yield from _weigh(one, at, weight)

    def _unheaded(self) -> list[Json]:
        """The rules for headers go: the last first, so that the others keep their places."""
        there, path = twins(self._dialect, self._route, self._handle), f"/spec/{self._dialect.rules}"
        tests = [op for name, at in there.items() for op in guards((f"{path}/{at}/name", name))]
        return tests + [{"op": "remove", "path": f"{path}/{at}"} for at in sorted(there.values(), reverse=True)]

    def _write(self, rules: Iterable[Split], body: list[Json], why: str, percent: int | None = None) -> Write | None:
        if not body:
            return None
        meta = self._route["metadata"]
        tests = guards(("/metadata/uid", meta["uid"])) + [op for one in rules for op in _guards(one)]
        body = sorted(body, key=lambda op: op["op"] != "test")  # what is tested is the route as it was read
        on = Ref(self._dialect.kind, home_of(self._route), meta["name"], meta["uid"], self._dialect.word)
        weight = None if percent is None else float(percent)
        return Write("json-patch", on, self._route, tests + body, why, weight=weight)


def _key(known: Json) -> tuple[str, int]:
    return known["name"], known["at"]


def _stands_as(one: Split, old: Json) -> bool:
    """It gives what it gave before."""
    return one.stable is not None and (one.weight(one.stable), one.weight(one.canary)) == (old["stable"], _old(old))


def _old(old: Json) -> int:
    return old["canary"] or 0


def _restored(one: Split, old: Json) -> Iterator[Json]:
    if one.stable is None:
        yield {"op": "add", "path": one.ref_path("-"), "value": {**old["ref"], "weight": old["stable"]}}
    else:
        yield from _weigh(one, one.stable, old["stable"])
    if one.canary is not None:
        yield from _weigh(one, one.canary, _old(old))


def _forget(one: Split, old: Json) -> Iterator[Json]:
    """A reference that stood alone had no need of a weight: it is as it was."""
    if one.stable is not None and "weight" in one.ref(one.stable) and "weight" not in old["ref"]:
        yield {"op": "remove", "path": f"{one.ref_path(one.stable)}/weight"}
    yield _remove(one, one.canary)


def _weigh(one: Split, at: int, weight: int) -> Iterator[Json]:
    written = one.ref(at).get("weight")
    if written != weight:
        op = "add" if written is None else "replace"
        yield {"op": op, "path": f"{one.ref_path(at)}/weight", "value": weight}


def _remove(one: Split, at: int | None) -> Json:
    assert at is not None
    return {"op": "remove", "path": one.ref_path(at)}


def _guards(one: Split) -> Iterator[Json]:
    """The rule and both references are who they were, with the weights they had."""
    if one.name:
        yield from guards((f"{one.path}/name", one.name))
    for at in (one.stable, one.canary):
        if at is not None:
            ref, path = one.ref(at), one.ref_path(at)
            yield from guards(*((f"{path}{below}", value) for below, value in one.dialect.who(ref)))
            yield from guards((f"{path}/weight", ref.get("weight")))
