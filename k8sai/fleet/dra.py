"""Dynamic resource allocation: slices, claims, classes and taint rules, kept in step with the books.

A claim counts for what its allocation holds, whoever made it and however many pods share it. What changes is gathered
per card and posted to the nodes' lines once per event.
"""

from dataclasses import replace
from weakref import WeakValueDictionary

from k8sai.errors import Usage
from k8sai.facts import DeviceClass, DeviceTaintRule, ResourceClaim, ResourceSlice
from k8sai.fleet.answers import Problem
from k8sai.fleet.books import Books
from k8sai.fleet.claims import ClaimEntry
from k8sai.fleet.drivers import asks_for_gpus
from k8sai.fleet.pods import Key, PodEntry
from k8sai.fleet.pools import Hold, Pool, PoolKey, State
from k8sai.fleet.slices import BLOCKING, DeviceShape, Layout, SliceEntry, lay_out, read_slice

_PATIENCE = 64  # pools that may wait for more of their slices before their cards are counted anew


class Allocations:
    """Devices and claims of a fleet. Not guarded: the fleet is."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.pools: dict[PoolKey, Pool] = {}
        self.claims: dict[Key, ClaimEntry] = {}
        self.incomplete: dict[PoolKey, Problem] = {}
        self.classes: dict[str, str] = {}  # device class -> the extended resource it serves, or nothing
        self.taints: dict[str, DeviceTaintRule] = {}
        self._pool_of: dict[str, PoolKey] = {}  # by name of slice
        self._users: dict[Key, list[PodEntry]] = {}
        self._asking: dict[str, set[Key]] = {}  # device class -> claims that ask for it
        self._shapes: WeakValueDictionary[DeviceShape, DeviceShape] = WeakValueDictionary()
        self._layouts: WeakValueDictionary[object, Layout] = WeakValueDictionary()
        self._unsettled: dict[PoolKey, Pool] = {}
        self._stale: dict[tuple[PoolKey, str], None] = {}
        self._at: dict[str, set[PoolKey]] = {}  # by node; tidied when somebody looks
        self._posts: dict[tuple[str, str, str], list[int]] = {}
        books.served = self._serves
        books.concerns = self._concern

    # --- slices and taints --------------------------------------------------------------------------------------------

    def put_slice(self, fact: ResourceSlice) -> None:
        """The slice is new or changed; one that is not of GPUs is not kept. Raises BadQuantity, and keeps none then."""
        name, spec = fact.metadata.name, fact.spec
        if self._pool_of.get(name) != (spec.driver, spec.pool.name):
            self.drop_slice(name)
        if self._books.rules.driver(spec.driver):
            try:
                entry = read_slice(fact, self._shapes)
            except Usage:
                self.drop_slice(name)
                raise
            key = (entry.driver, entry.pool)
            self._pool_of[name] = key
            self._pool(key).slices[name] = entry
            self._unsettle(key)

    def drop_slice(self, name: str, uid: str = "") -> None:
        """The slice is gone. Claims on its devices hold on."""
        key = self._pool_of.get(name)
        if key is None:
            return
        old = self._pool(key).slices[name].uid
        if not (uid and old and uid != old):
            del self._pool_of[name]
            del self._pool(key).slices[name]
            self._unsettle(key)

    def slice_names(self) -> list[str]:
        return list(self._pool_of)

    def put_taint(self, rule: DeviceTaintRule) -> None:
        self.drop_taint(rule.metadata.name)
        if rule.spec.taint.effect in BLOCKING:
            self.taints[rule.metadata.name] = rule
            self._unsettle_tainted(rule)

    def drop_taint(self, name: str) -> None:
        rule = self.taints.pop(name, None)
        if rule is not None:
            self._unsettle_tainted(rule)

    def _unsettle_tainted(self, rule: DeviceTaintRule) -> None:
        selector = rule.spec.device_selector
        if selector is None:  # selects nothing; an empty one selects all
            return
        for key in self.pools:
            if selector.driver in (None, key[0]) and selector.pool in (None, key[1]):
                self._unsettle(key)

    def _unsettle(self, key: PoolKey) -> None:
        self._unsettled[key] = self._pool(key)
        if len(self._unsettled) > _PATIENCE:
            self.settle()

    def settle(self) -> None:
        """Count the cards of pools whose slices have changed since."""
        while self._unsettled:
            key, pool = self._unsettled.popitem()
            claims = {id(hold.claim): hold.claim for holds in pool.holds.values() for hold in holds}.values()
            for claim in claims:
                self._unbook(claim)
            self._rebuild(key, pool)
            for claim in claims:
                self._book(claim)
            self._flush()
            if pool.bare:
                self.pools.pop(key, None)

    def _rebuild(self, key: PoolKey, pool: Pool) -> None:
        self._take_back(key, pool)
        for state in pool.base:
            self._post(pool, state, -1)
        current = pool.current()
        pool.measure(current)
        pool.layout = self._lay_out(current, self._tainted(key, current))
        for one, (shapes, counters) in zip(current, pool.layout.said, strict=True):  # one copy for pools alike
            pool.slices[one.name] = replace(one, shapes=shapes, counters=counters)
        pool.base = pool.rest()
        for state in pool.base:
            self._post(pool, state, 1)
        if pool.complete:
            self.incomplete.pop(key, None)
        else:
            said = f"{pool.seen} of {pool.expected} slices are there: the scheduler allocates nothing from it"
            self.incomplete[key] = Problem(f"pool {pool.driver}/{pool.name}", said)

    def _take_back(self, key: PoolKey, pool: Pool) -> None:
        """All cards as if nobody held any."""
        for card, state in pool.touched.items():
            self._post(pool, state, -1)
            self._post(pool, pool.state(card, ()), 1)
        pool.touched = {}
        self._stale = {stale: None for stale in self._stale if stale[0] != key}

    def _tainted(self, key: PoolKey, current: list[SliceEntry]) -> frozenset[str]:
        names: set[str] = set()
        for rule in self.taints.values():
            selector = rule.spec.device_selector
            if selector is None or selector.driver not in (None, key[0]) or selector.pool not in (None, key[1]):
                continue
            every = (shape.name for one in current for shape in one.shapes)
            names.update(every if selector.device is None else (selector.device,))
        return frozenset(names)

    def _lay_out(self, current: list[SliceEntry], tainted: frozenset[str]) -> Layout:
        """Pools that look alike share one layout."""
        nodes = len({one.node for one in current if one.shapes}) > 1
        key = (tuple((one.shapes, one.counters, one.node if nodes else "") for one in current), tainted)
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = lay_out(current, tainted)
        return layout

    # --- claims and classes -------------------------------------------------------------------------------------------

    def put_claim(self, fact: ResourceClaim) -> None:
        """The claim is new or changed. Raises BadQuantity; what was known of it is forgotten then."""
        key = (fact.metadata.namespace, fact.metadata.name)
        try:
            entry = ClaimEntry(fact, self._books.rules)
        except Usage:
            self._exchange(key, None)
            raise
        self._exchange(key, entry)

    def drop_claim(self, key: Key, uid: str) -> None:
        old = self.claims.get(key)
        if old is not None and not (uid and old.uid and uid != old.uid):
            self._exchange(key, None)

    def put_class(self, fact: DeviceClass) -> None:
        self._set_class(fact.metadata.name, fact.spec.extended_resource_name or "")

    def drop_class(self, name: str) -> None:
        self._set_class(name, None)

    def _set_class(self, name: str, resource: str | None) -> None:
        if resource is None:
            self.classes.pop(name, None)
        else:
            self.classes[name] = resource
        for key in tuple(self._asking.get(name, ())):
            self._exchange(key, self.claims[key])

    def _exchange(self, key: Key, new: ClaimEntry | None) -> None:
        """`new` takes the place of what was known of the claim; it may be the same, judged anew."""
        old = self.claims.get(key)
        if old is not None:
            self._unbook(old)

        def change() -> None:
            if old is not None:
                del self.claims[key]
                for name, _ in old.asks:
                    self._asking[name].discard(key)
            if new is not None:
                self.claims[key] = new
                for name, _ in new.asks:
                    self._asking.setdefault(name, set()).add(key)
                new.gpu = bool(new.results) or any(self._hands_out_gpus(name) for name, _ in new.asks)

        self._books.around(self._users.get(key, ()), change)
        if new is not None:
            self._book(new)
        self._flush()

    def _hands_out_gpus(self, device_class: str) -> bool:
        resource = self.classes.get(device_class)
        if resource:
            return self._books.rules.classify(resource) is not None
        return asks_for_gpus(device_class)

    # --- pods that use claims -----------------------------------------------------------------------------------------

    def swap(self, old: PodEntry | None, new: PodEntry | None) -> None:
        """A pod takes the place of another in the books, and among the users of its claims."""
        keys = {key for pod in (old, new) if pod is not None for key in pod.claim_keys()}
        claims = [self.claims[key] for key in keys if key in self.claims]
        for claim in claims:
            self._unbook(claim)
        if old is not None:
            for key in old.claim_keys():
                self._users[key].remove(old)
                if not self._users[key]:
                    del self._users[key]
        if new is not None:
            for key in new.claim_keys():
                self._users.setdefault(key, []).append(new)
        self._books.swap(old, new)
        for claim in claims:
            self._book(claim)
        self._flush()

    def _serves(self, claim: Key) -> bool:
        return claim in self.claims and self.claims[claim].allocated

    def _concern(self, pod: PodEntry) -> bool:
        """Whether the pod has to do with GPUs; one that waits for a claim nobody knows may."""
        if pod.amounts or pod.fraction is not None or pod.unmade:
            return True
        return any(key not in self.claims or self.claims[key].gpu for key in pod.claim_keys())

    # --- what a claim counts for --------------------------------------------------------------------------------------

    def _book(self, claim: ClaimEntry) -> None:
        users = sorted(self._users.get(claim.key, ()), key=lambda pod: (not pod.node, pod.name))
        claim.holders = tuple(pod for pod in users if pod.node or pod.uid in claim.reserved) if claim.allocated else ()
        claim.queue = next((pod.queue for pod in claim.holders or users), "")
        claim.workload = next((pod.workload for pod in claim.holders or users if pod.node or pod.pending), "")
        wanted = claim.gpu and not claim.allocated and any(pod.pending for pod in users)
        claim.demands = tuple(ask for ask in claim.asks if wanted and self._hands_out_gpus(ask[0]))
        claim.ending = bool(claim.holders) and all(pod.terminating for pod in claim.holders)
        place = claim.node or next((pod.node or pod.nominated for pod in claim.holders), "")
        claim.shares = tuple(self._pool((one.driver, one.pool)).share(one) for one in claim.results)
        claim.booked = sum(claim.shares)
        counted = len(claim.holders)
        for one in claim.results:
            pool = self._pool((one.driver, one.pool))
            pool.holds.setdefault(one.device, []).append(Hold(claim, one, place, counted))
            counted = 0
            self._touch(pool, one.device)
        self._tell(claim, 1)

    def _unbook(self, claim: ClaimEntry) -> None:
        for one in claim.results:
            pool = self._pool((one.driver, one.pool))
            holds = [hold for hold in pool.holds[one.device] if hold.claim is not claim or hold.result is not one]
            if holds:
                pool.holds[one.device] = holds
            else:
                del pool.holds[one.device]
            self._touch(pool, one.device)
        self._tell(claim, -1)

    def _tell(self, claim: ClaimEntry, sign: int) -> None:
        """Add the claim to (or take it from) its pods, and the sums of its namespace, queue and workload."""
        if not claim.booked and not claim.demands:
            return
        workload = self._books.workloads.of(claim.namespace, claim.workload)
        parties = (*self._books.ledger.party(claim.namespace, claim.queue), workload)
        for party in parties:
            party.used += sign * claim.booked
            party.terminating += sign * claim.booked * claim.ending
        for pod in claim.holders:
            pod.claimed += sign * (claim.booked // len(claim.holders))
        for name, count in claim.demands:
            self._books.ledger.demand(parties, name, "", sign * count)
        self._books.ledger.tidy(claim.namespace, claim.queue)
        self._books.workloads.tidy(workload)

    def _touch(self, pool: Pool, device: str) -> None:
        for card in pool.cards_of(device):
            self._stale[((pool.driver, pool.name), card)] = None

    def _flush(self) -> None:
        """Count the cards anew that somebody took or gave back, and post what has changed."""
        for key, card in self._stale:
            pool = self.pools[key]
            was = pool.touched.pop(card, None)
            holds = pool.holds_on(card)
            if was is not None:
                self._post(pool, was, -1)
            elif holds:
                self._post(pool, pool.state(card, ()), -1)
            if holds:
                now = pool.touched[card] = pool.state(card, holds)
                self._post(pool, now, 1)
            elif was is not None:
                self._post(pool, pool.state(card, ()), 1)
        for key in {key for key, _ in self._stale}:
            if self.pools[key].bare and key not in self._unsettled:
                del self.pools[key]
        self._stale = {}
        posts, self._posts = self._posts, {}
        self._books.post(posts)

    def _post(self, pool: Pool, state: State, sign: int) -> None:
        self._books.overlook(state.node)  # whose card is whose may change while the sums stay
        if sign > 0 and state.node:
            self._at.setdefault(state.node, set()).add((pool.driver, pool.name))
        sums = self._posts.setdefault((state.node, pool.driver, state.product), [0] * len(state.sums))
        for at, amount in enumerate(state.sums):
            sums[at] += sign * amount

    def _pool(self, key: PoolKey) -> Pool:
        pool = self.pools.get(key)
        if pool is None:
            pool = self.pools[key] = Pool(*key)
        return pool

    def pools_at(self, node: str) -> list[Pool]:
        """The pools with cards on the node, or drawn to it by an allocation; by driver and name."""
        keys = self._at.get(node, set())
        gone = {key for key in keys if key not in self.pools or not self.pools[key].reaches(node)}
        keys -= gone
        return [self.pools[key] for key in sorted(keys)]
