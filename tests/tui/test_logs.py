"""Logs on the screen: follow, containers, the run before, and a pod that goes away."""

from collections.abc import Awaitable, Callable

import pytest

from k8sai.errors import Usage
from k8sai.fleet.index import Fleet
from k8sai.tui.app import Cockpit
from k8sai.tui.keymap import LOG_KEYS
from k8sai.tui.log_screen import TAIL, Logs
from tests.tui.objects import Talk, Things, cluster
from tests.tui.stage import Stage, alone, lines, press, screen
from tests.tui.world import FixedFeed, fill, now


def cockpit(things: Things) -> Cockpit:
    feed = FixedFeed()
    feed.objects = things
    return Cockpit(fill(Fleet()), feed, now=now, plain=False)


async def until(pilot: Stage, true: Callable[[], object]) -> None:
    """Until a thread and the screen's clock have done their part; a broken test ends here."""
    for _ in range(400):
        await pilot.pause(0.02)
        if true():
            return
    raise AssertionError("it never came to that")


async def opened(pilot: Stage, app: Cockpit, name: str = "team-llm/eval-0") -> Logs:
    await app.show("pods")
    await pilot.pause()
    app.current.point_at(name)
    await press(pilot, "l")
    assert isinstance(app.screen, Logs)
    return app.screen


def talking(things: Things, *said: str) -> Talk:
    talk = things.talks["main"] = Talk()
    talk.say(*said)
    return talk


Check = Callable[[Stage, Cockpit, Logs, Things, str], Awaitable[None]]


async def other_container(pilot: Stage, app: Cockpit, log: Logs, things: Things, key: str) -> None:
    things.talks["sidecar"] = Talk()
    things.talks["sidecar"].say("hello from the side")
    await press(pilot, key)
    await until(pilot, lambda: "hello from the side" in screen(app))
    assert "sidecar (2 of 2)" in lines(app)[0]
    assert "line 0" not in screen(app)
    assert things.talks["main"].closed == 1


async def the_run_before(pilot: Stage, app: Cockpit, log: Logs, things: Things, key: str) -> None:
    things.talks["main"] = Talk()
    things.talks["main"].say("killed")
    things.talks["main"].end()
    await press(pilot, key)
    await until(pilot, lambda: "killed" in screen(app) and "ended" in lines(app)[0])
    assert things.logged[-1] == {"container": "main", "follow": False, "previous": True, "tail": TAIL, "times": False}
    assert "the run before" in lines(app)[0]


async def times(pilot: Stage, app: Cockpit, log: Logs, things: Things, key: str) -> None:
    things.talks["main"] = Talk()
    await press(pilot, key)
    await until(pilot, lambda: len(things.logged) == 2)
    assert things.logged[-1]["times"] is True


async def stays(pilot: Stage, app: Cockpit, log: Logs, things: Things, key: str) -> None:
    await press(pilot, key)
    assert "held" in lines(app)[0]
    things.talks["main"].say(*(f"more {number}" for number in range(100)))
    await until(pilot, lambda: len(log.text.said) > 100)
    assert "more 99" not in screen(app)
    await press(pilot, key)
    assert "more 99" in screen(app)
    assert "held" not in lines(app)[0]


CHECKS: dict[str, Check] = {
    "tab": other_container,
    "shift+tab": other_container,
    "p": the_run_before,
    "t": times,
    "s": stays,
}
ALL = [key for entry in LOG_KEYS for key in entry.keys.split(",")]


@pytest.mark.parametrize("key", ALL)
def test_the_key_does_what_help_says(key: str) -> None:
    @alone
    async def story() -> None:
        things = cluster()
        talking(things, "line 0")
        app = cockpit(things)
        async with app.run_test(size=(100, 24)) as pilot:
            log = await opened(pilot, app)
            await until(pilot, lambda: "line 0" in screen(app))
            await CHECKS[key](pilot, app, log, things, key)

    story()


@alone
async def test_lines_come_as_they_are_written() -> None:
    things = cluster()
    talk = talking(things, "one", "two\x1b[31m red\x1b[0m\ttab\x07")
    app = cockpit(things)
    async with app.run_test(size=(100, 24)) as pilot:
        log = await opened(pilot, app)
        await until(pilot, lambda: "two red" in screen(app))
        assert "live" in lines(app)[0]
        assert things.logged == [{"container": "main", "follow": True, "previous": False, "tail": TAIL, "times": False}]
        assert not set(screen(app)) & {"\x1b", "\x07", "\t"}
        talk.say("three")
        await until(pilot, lambda: "three" in screen(app))
        await press(pilot, "escape")
        assert talk.closed == 1
        assert not log.is_running


@alone
async def test_a_pod_that_goes_away_is_said_to_be_gone() -> None:
    things = cluster()
    talk = talking(things, "last words")
    app = cockpit(things)
    async with app.run_test(size=(100, 24)) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: "last words" in screen(app))
        things.things["pods"].clear()
        talk.end()
        await until(pilot, lambda: "ended" in lines(app)[0])
        assert "pod team-llm/eval-0 is gone; this is the last it said." in screen(app)
        assert "last words" in screen(app)


@alone
async def test_a_container_that_ended_says_how() -> None:
    things = cluster()
    talk = talking(things, "done")
    app = cockpit(things)
    async with app.run_test(size=(100, 24)) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: "done" in screen(app))
        status = things.things["pods"][0]["status"]["containerStatuses"][0]
        status["state"] = {"terminated": {"exitCode": 3, "reason": "Error"}}
        talk.end()
        await until(pilot, lambda: "ended" in lines(app)[0])
        assert "main ended with 3 Error." in screen(app)


@alone
async def test_a_container_that_has_no_log_yet_says_so() -> None:
    things = cluster()
    things.log_error = Usage("container main of pod eval-0 is waiting to start: ContainerCreating")
    app = cockpit(things)
    async with app.run_test(size=(100, 24)) as pilot:
        await opened(pilot, app)
        await until(pilot, lambda: "is waiting to start" in screen(app))
        things.log_error = None
        talking(things, "here I am")
        await press(pilot, "ctrl+r")
        await until(pilot, lambda: "here I am" in screen(app))


@alone
async def test_the_container_most_people_mean_comes_first() -> None:
    things = cluster()
    meta = things.things["pods"][0]["metadata"]
    meta["annotations"] = {"kubectl.kubernetes.io/default-container": "sidecar"}
    app = cockpit(things)
    async with app.run_test(size=(100, 24)) as pilot:
        log = await opened(pilot, app)
        await until(pilot, lambda: things.logged)
        assert log.container == "sidecar"


@alone
async def test_leaving_before_the_log_is_there_closes_it_when_it_comes() -> None:
    things = cluster()
    talk = talking(things)
    things.gate.clear()
    app = cockpit(things)
    async with app.run_test(size=(100, 24)) as pilot:
        await opened(pilot, app)
        await press(pilot, "escape")
        things.gate.set()
        await until(pilot, lambda: talk.closed == 1)


@alone
async def test_a_job_shows_the_log_of_a_pod_of_it() -> None:
    things = cluster()
    talking(things, "step 1")
    app = cockpit(things)
    async with app.run_test(size=(100, 24)) as pilot:
        from k8sai.tui.asking import screen as asked
        from k8sai.tui.subject import Subject

        app.push_screen(asked(app, "logs", Subject("jobs.batch", "team-llm", "eval")))
        await until(pilot, lambda: "step 1" in screen(app))
        assert "Logs of job team-llm/eval" in lines(app)[0]
        assert ("pods", "get", "team-llm", "eval-0") in things.asked
        await press(pilot, "escape")
        app.push_screen(asked(app, "logs", Subject("jobs.batch", "team-llm", "nobody")))
        await until(pilot, lambda: "no pods with GPUs now" in screen(app))
