"""How fresh every number is, what is hidden, and what goes on when the API goes away."""

from k8sai.cluster.sources import Source
from k8sai.fleet.index import Fleet
from tests.tui.stage import SMALL, alone, cockpit, keys, lines, number, press, screen
from tests.tui.world import GPU, NOW, Clock, FixedFeed, all_in, fill, live, node


def denied(kind: str) -> tuple[Source, ...]:
    """Everything may be read but this."""
    return tuple(Source(source.kind, "forbidden") if source.kind == kind else source for source in live(16, 21))


@alone
async def test_a_lost_api_keeps_the_picture_dated_and_comes_back() -> None:
    clock, feed = Clock(), FixedFeed()
    app = cockpit(feed=feed, clock=clock)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert lines(app)[0].endswith("● live")
        before = lines(app)[4:20]
        clock.time += 34
        feed.said = all_in("retrying", NOW - 1, "connection refused", "kubectl cluster-info")
        app.paint()
        await pilot.pause()
        assert "API not answering, data of 09:59:59, 35s old" in lines(app)[0]
        assert "! connection refused → kubectl cluster-info" in screen(app)
        assert "a100-00" in screen(app)
        feed.said = live(16, 21, clock.time)
        app.paint()
        await pilot.pause()
        assert lines(app)[0].endswith("● live")
        assert "refused" not in screen(app)
        assert lines(app)[4:20] == before


@alone
async def test_what_is_hidden_is_said_and_the_rest_goes_on() -> None:
    hidden = Source(
        "resourceclaims", "forbidden", message="you may not list resourceclaims", hint="kubectl auth can-i x"
    )
    feed = FixedFeed(*(hidden if source.kind == "resourceclaims" else source for source in live(16, 21)))
    app = cockpit(feed=feed)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert "live" in lines(app)[0]
        assert "claims forbidden" in screen(app)
        assert "! you may not list resourceclaims → kubectl auth can-i x" in screen(app)
        assert len(keys(app)) == 15


@alone
async def test_what_nobody_may_read_is_unknown_and_not_zero() -> None:
    fleet = fill(Fleet())
    fleet.replace("pods", ())
    app = cockpit(fleet, FixedFeed(*denied("pods")))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert "?/95.86" in lines(app)[1]
        assert "? free" in lines(app)[1]
        said = next(line for line in lines(app) if line.startswith("h100-00"))
        assert "???????? ?/8 ?" in " ".join(said.split())
    app = cockpit(None, FixedFeed(*denied("nodes")))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert "48.46/?" in lines(app)[1]
        for key in (number("pods"), number("pending"), number("products"), "1", "enter"):
            await press(pilot, key)
            assert app.is_running


@alone
async def test_a_cluster_that_refuses_the_first_question_is_not_being_read() -> None:
    app = cockpit(Fleet(), FixedFeed(*all_in("starting", 0.0, "https://eu-2 refuses the connection", "kubectl get ns")))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert lines(app)[0].endswith("○ API not answering")
        assert "! https://eu-2 refuses the connection" in screen(app)
        assert "prod-eu-1 does not answer" in screen(app)
        assert "reading" not in screen(app).lower()


@alone
async def test_one_readable_namespace_is_said_beside_what_is_worse() -> None:
    nodes = Source("nodes", "forbidden", 0, 0.0, "", "nodes may not be listed", "kubectl auth can-i list nodes")
    pods = Source("pods", "live", 4, NOW - 1, namespace="team-llm")
    app = cockpit(feed=FixedFeed(nodes, pods))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "! nodes may not be listed" in screen(app)
        assert "● pods of team-llm 1s" in screen(app)


@alone
async def test_one_readable_namespace_is_said() -> None:
    one = Source("pods", "live", 4, NOW - 1, namespace="team-llm")
    feed = FixedFeed(*(one if source.kind == "pods" else source for source in live(16, 21)))
    app = cockpit(feed=feed)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert "! only namespace team-llm can be read: pods of others are hidden" in screen(app)


@alone
async def test_what_cannot_be_counted_is_said() -> None:
    fleet = fill(Fleet())
    fleet.put("nodes", node("odd", {GPU: 1}))
    broken = node("odd", {GPU: 1})
    assert broken.status.capacity is not None
    broken.status.capacity[GPU] = "eight"
    fleet.put("nodes", broken)
    app = cockpit(fleet)
    async with app.run_test(size=(160, 30)) as pilot:
        await pilot.pause()
        assert "! node odd is not counted: 'eight' is not a Kubernetes quantity" in screen(app)


@alone
async def test_a_recording_says_when_it_was_read() -> None:
    app = cockpit(feed=FixedFeed(*all_in("once", NOW - 3600)))
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "read once at 09:00:00" in lines(app)[0]
