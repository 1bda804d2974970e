"""Who gives way waits for who takes it, and never for long."""

from threading import Event, Thread

from k8sai.fleet.way import Way


def another(way: Way) -> Event:
    """Set once another thread that gives way has gone on."""
    passed = Event()

    def run() -> None:
        way.give()
        passed.set()

    Thread(target=run, daemon=True).start()
    return passed


def test_others_go_on_when_the_taker_leaves() -> None:
    way = Way()
    way.take(600)
    passed = another(way)
    assert not passed.wait(0.02)
    way.leave()
    assert passed.wait(60)


def test_nobody_waits_longer_than_was_said() -> None:
    way = Way()
    way.take(0.01)
    assert another(way).wait(60)


def test_the_taker_itself_never_waits() -> None:
    way = Way()
    way.take(600)
    way.give()
    assert not another(way).wait(0.02)
    way.leave()
