"""Several clusters on one screen: a line each, enter brings one to the front, and all of them stay live."""

from collections.abc import Sequence
from dataclasses import dataclass

from k8sai.errors import ClusterError
from k8sai.fleet.index import Fleet
from k8sai.fleet.tables import amount
from k8sai.tui.app import Cockpit
from k8sai.tui.choice import Context
from k8sai.tui.clusters import Member
from k8sai.tui.feed import Feed
from k8sai.tui.glyphs import UNICODE
from k8sai.tui.opening import Opening
from tests.tui.stage import LARGE, Stage, keys, lines, play, press, write
from tests.tui.world import FixedFeed, all_in, fill, live, node, now


@dataclass
class Troop:
    """Clusters that are there already, and whatever else cannot be reached."""

    members: Sequence[Member]

    def contexts(self) -> Sequence[Context]:
        return [Context(member.name) for member in self.members]

    def open(self, name: str) -> tuple[Fleet, Feed]:
        for member in self.members:
            if member.name == name:
                return member.fleet, member.feed
        raise ClusterError(f"{name} refuses the connection")


def named(name: str, feed: FixedFeed) -> FixedFeed:
    feed.context = name
    return feed


def three(pane: str = "clusters") -> tuple[Cockpit, Sequence[Member]]:
    """A cluster with all there is, a small one, and one that does not answer."""
    small = Fleet()
    small.put("nodes", node("only", {"nvidia.com/gpu": 4}))
    members = (
        Member("prod", fill(Fleet()), named("prod", FixedFeed())),
        Member("spare", small, named("spare", FixedFeed(*live(1, 0)))),
        Member("far", Fleet(), named("far", FixedFeed(*all_in("failed", message="far refuses the connection")))),
    )
    first = members[0]
    app = Cockpit(
        first.fleet, first.feed, now=now, glyphs=UNICODE, plain=False, choice=Troop(members), opening=Opening(pane=pane)
    )
    return app, members


def row(app: Cockpit, name: str) -> list[str]:
    return next(line.split() for line in lines(app) if line.strip().startswith(name))


def test_a_line_per_cluster() -> None:
    app, members = three()

    async def story(_: Stage, app: Cockpit) -> None:
        assert app.current.stem == "clusters"
        assert keys(app) == ["far", "prod", "spare"]
        assert "far refuses the connection" in " ".join(row(app, "far"))
        assert row(app, "far").count("?") >= 3
        assert row(app, "prod")[1] == "*"
        spare = row(app, "spare")
        assert spare[-3:] == ["●", "live", "H100-80GB-HBM3"]
        assert "4" in spare

    play(story, app, LARGE)
    assert members[0].totals().capacity > 4


def test_the_header_says_which_of_them_and_the_sum() -> None:
    app, members = three()
    one, other = members[0].totals(), members[1].totals()

    async def story(_: Stage, app: Cockpit) -> None:
        said = f"1 of 3, all {amount(one.used + other.used)}/{amount(one.allocatable + other.allocatable)} used"
        assert said in lines(app)[0]

    play(story, app, LARGE)


def test_enter_goes_there_and_back_and_nobody_stops() -> None:
    app, members = three()

    async def story(pilot: Stage, app: Cockpit) -> None:
        await press(pilot, "end", "enter")
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.desk.fleet is members[1].fleet
        assert "spare" in lines(app)[0] and "2 of 3" in lines(app)[0]
        assert app.current.stem != "clusters"
        await press(pilot, "escape")
        assert app.current.stem == "clusters"
        assert row(app, "spare")[1] == "*"

    play(story, app, LARGE)
    assert isinstance(members[2].feed, FixedFeed)


def test_enter_on_the_one_in_front_shows_its_nodes() -> None:
    app, members = three()

    async def story(pilot: Stage, app: Cockpit) -> None:
        await press(pilot, "home", "down", "enter")
        assert app.current.stem == "nodes"
        assert app.desk.fleet is members[0].fleet

    play(story, app, LARGE)


def test_sorted_by_what_is_free() -> None:
    app, _ = three()

    async def story(pilot: Stage, app: Cockpit) -> None:
        await press(pilot, "F")
        assert keys(app)[0] == "prod"
        await press(pilot, "slash")
        await write(pilot, "spa")
        assert keys(app) == ["spare"]

    play(story, app, LARGE)


def test_a_cluster_alone_has_no_sum() -> None:
    app = Cockpit(fill(Fleet()), FixedFeed(), now=now, glyphs=UNICODE, plain=False)

    async def story(pilot: Stage, app: Cockpit) -> None:
        assert " of 1" not in lines(app)[0] and "all " not in lines(app)[0]
        await press(pilot, "colon")
        await write(pilot, "clusters")
        await press(pilot, "enter")
        assert keys(app) == [app.desk.feed.context]

    play(story, app, LARGE)
