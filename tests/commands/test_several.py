"""Feeds of several clusters: each joins when it can, and turning to another cluster ends none."""

from collections.abc import Callable
from threading import Event
from typing import cast

import pytest

from k8sai.cluster.options import Options
from k8sai.cluster.sources import KINDS, Source
from k8sai.commands._choice import Kubecontexts
from k8sai.commands._feed import LiveFeed
from k8sai.commands._several import Joining, Several
from k8sai.errors import ClusterError, Usage


class Live:
    """A feed that only remembers."""

    def __init__(self) -> None:
        self.started, self.stopped = Event(), Event()
        self.start: Callable[[], None] = self.started.set
        self.stop: Callable[[], None] = self.stopped.set

    def sources(self) -> tuple[Source, ...]:
        return tuple(Source(kind, "live") for kind in KINDS)


def joining(connect: Callable[[], Live]) -> Joining:
    return Joining("prod", cast(Callable[[], LiveFeed], connect))


def test_a_cluster_joins_and_stays_until_the_end() -> None:
    live = Live()
    feed = joining(lambda: live)
    assert {source.state for source in feed.sources()} == {"starting"}
    feed.start()
    feed.start()
    assert live.started.wait(10)
    feed.stop()
    assert not live.stopped.is_set()
    feed.end()
    assert live.stopped.is_set()
    assert {source.state for source in feed.sources()} == {"live"}


def test_one_that_cannot_join_says_why() -> None:
    asked = Event()

    def refuse() -> Live:
        asked.set()
        raise ClusterError("the plugin failed", "log in")

    feed = joining(refuse)
    feed.start()
    assert asked.wait(10)
    feed.end()
    feed.wait()
    assert {(s.state, s.message, s.hint) for s in feed.sources()} == {("failed", "the plugin failed", "log in")}
    assert (feed.objects, feed.events) == (None, None)
    with pytest.raises(Usage, match="prod is not answering yet"):
        feed.scene()


def test_one_that_joins_too_late_is_ended() -> None:
    live, go = Live(), Event()

    def slow() -> Live:
        assert go.wait(10)
        return live

    feed = joining(slow)
    feed.start()
    feed.end()
    go.set()
    feed.wait()
    assert live.stopped.is_set() and not live.started.is_set()


def test_the_members_are_a_choice() -> None:
    several = Several(("a", "b"), Kubecontexts(Options()))
    fleet, feed = several.open("b")
    assert fleet is several.members[1].fleet and feed is several.members[1].feed
    assert [member.name for member in several.members] == ["a", "b"]
