"""Steps of a route, one after the other: killed between intent and patch (3), two operators at once (4)."""

from threading import Event

from k8sai.errors import Exit
from tests.contract.canary_audit import Fate
from tests.contract.canary_chat import TO, WEIGHT, weights
from tests.contract.canary_chat import chat as chat
from tests.contract.canary_chat import yard as yard
from tests.contract.canary_stage import QUICK, Stage
from tests.faults.schedule import Sent


def test_3_killed_between_intent_and_patch(chat: Stage) -> None:
    """The patch of a step never arrives; `run` takes that step once, and every other one once."""
    assert chat("start", *TO, *QUICK).code == Exit.OK

    def kill(sent: Sent) -> Fate:
        if sent.path != chat.path:
            return "pass"
        running.kill()
        return "drop"

    running = chat.begun("run")
    chat.audit.meet = kill
    running.communicate(timeout=60)
    assert running.returncode == -9
    assert (weights(chat), chat.state.weight) == ([1, 0], 0)
    assert chat.state.pending and (chat.state.pending.word, chat.state.pending.weight) == ("shift", 5)
    chat.audit.meet = lambda _: "pass"
    chat.audit.sent.clear()
    chat.holder_died(ago=90)
    ran = chat("run")
    assert ran.code == Exit.OK, ran
    assert [one.sets[WEIGHT] for one in chat.on_target()[:2]] == [5, 50]
    assert [one.after for one in chat.state.history if one.verb == "shift"] == [5, 50]
    assert weights(chat) == [100]


def test_4_two_steps_at_once(chat: Stage) -> None:
    """The first one is held up in the middle of its write; the second one comes meanwhile."""
    assert chat("start", *TO, *QUICK).code == Exit.OK
    chat.audit.sent.clear()
    arrived, let_go = Event(), Event()

    def hold(sent: Sent) -> Fate:
        if sent.path == chat.path:
            arrived.set()
            assert let_go.wait(60)
        return "pass"

    chat.audit.meet = hold
    first = chat.begun("step", "--next")
    try:
        assert arrived.wait(60)
        second = chat("step", "--next")
    finally:
        let_go.set()
        first.communicate(timeout=60)
    assert (first.returncode, second.code, second.out) == (Exit.OK, Exit.LOCKED, "")
    assert " holds the canary of httproute/chat (renewed " in second.err
    assert len(chat.on_target()) == 1
    assert (weights(chat), chat.state.weight) == ([95, 5], 5)
