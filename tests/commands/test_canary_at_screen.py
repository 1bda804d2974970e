"""What the screen reads of rollouts and does with them, on the embedded cluster; and `canary watch` on a terminal."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from k8sai.canary.facts import Phase
from k8sai.canary.shown.live import LiveCanaries
from k8sai.canary.shown.rollouts import Rollout
from k8sai.cluster.connect import connect
from k8sai.cluster.objects import LiveObjects
from k8sai.cluster.options import Options
from k8sai.errors import ClusterError, Exit, Locked, NotFound, Refused
from tests.commands.canary_route_site import Site
from tests.commands.run import read_all, terminal

GATED = ("--steps", "5,50", "--warmup", "0s")


@contextmanager
def reading(site: Site) -> Iterator[LiveCanaries]:
    site.env()
    connection = connect(Options(kubeconfig=str(site.folder / "config")))
    canaries = LiveCanaries(connection, LiveObjects(connection))
    try:
        yield canaries
    finally:
        canaries.stop()
        connection.close()


def ours(canaries: LiveCanaries, site: Site, *wanted: str) -> Rollout:
    """Other tests have theirs in the same cluster."""
    found = canaries.read(wanted)
    assert found.refused is None and found.namespace == ""
    (one,) = [each for each in found.found if each.listed.namespace == site.namespace]
    assert one.key == f"{site.namespace}/httproute/chat"
    return one


def test_both_sides_and_their_pods(chat: Site) -> None:
    chat.started(*GATED)
    with reading(chat) as canaries:
        one = ours(canaries, chat)
        assert one.look is not None and one.look.seen is not None and one.stable is not None and one.canary is not None
        assert (one.look.seen.stable.name, one.look.seen.canary and one.look.seen.canary.name) == ("chat-v1", "chat-v2")
        assert [pod.name.startswith("chat-v1-") and pod.ready for pod in one.stable] == [True, True]
        assert [pod.name for pod in one.canary] == list(one.look.canary.names if one.look.canary else ())
        assert one.look.verdict is not None and not one.over


def test_of_what_is_over_only_the_state_is_read_until_it_is_wanted(chat: Site) -> None:
    chat.started()
    assert chat("rollback").code == Exit.OK
    with reading(chat) as canaries:
        one = ours(canaries, chat)
        assert one.over and one.look is not None and one.look.seen is None
        wanted = ours(canaries, chat, one.key)
        assert wanted.look is not None and wanted.look.seen is not None


def test_who_keeps_the_target_is_read_of_the_one_that_is_looked_at(chat: Site) -> None:
    chat.started()
    helm = {"annotations": {"meta.helm.sh/release-name": "chat"}, "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    chat.api.patch(chat.route, {"metadata": helm}).ok()
    with reading(chat) as canaries:
        one = ours(canaries, chat)
        assert one.look is not None and one.look.notes == ()
        wanted = ours(canaries, chat, one.key)
        assert wanted.look is not None and "helm upgrade" in " ".join(wanted.look.notes)


def test_a_target_that_is_gone_is_said(chat: Site) -> None:
    chat.started()
    chat.api.delete(chat.route).ok()
    with reading(chat) as canaries:
        one = ours(canaries, chat)
        assert one.look is not None and one.look.unseen == "httproute/chat is gone"
        with pytest.raises(NotFound):
            canaries.rollback(chat.ref, steal=False)


def test_hold_go_on_and_back(chat: Site) -> None:
    chat.started()
    with reading(chat) as canaries:
        held = canaries.pause(chat.ref)
        assert (held.phase, held.paused_by) == (Phase.PAUSED, "admin")
        assert canaries.pause(chat.ref) == held, "held already: nothing is written"
        assert canaries.resume(chat.ref).paused_by == ""
        assert chat("step", "--next").code == Exit.OK
        assert chat.weights[1] > 0
        back = canaries.rollback(chat.ref, steal=False)
        assert (back.phase, back.weight, chat.weights) == (Phase.ROLLED_BACK, 0, (1, 0))
        assert [one.verb for one in chat.state.history][-3:].count("rollback") == 1
        with pytest.raises(Refused):
            canaries.pause(chat.ref)


def test_who_holds_it_is_not_robbed_without_being_asked(chat: Site) -> None:
    from k8sai.canary.keeping.lease import Lease
    from k8sai.cluster.writing import Writer

    chat.started()
    chat.env()
    other = Lease(Writer(connect(Options(kubeconfig=str(chat.folder / "config")))), chat.ref, "bo@ci/1/x")
    other.take()
    try:
        with reading(chat) as canaries:
            with pytest.raises(Locked):
                canaries.rollback(chat.ref, steal=False)
            assert canaries.rollback(chat.ref, steal=True).phase is Phase.ROLLED_BACK
    finally:
        other.release()


def test_of_a_rollout_that_there_is_not(chat: Site) -> None:
    with reading(chat) as canaries:
        for act in (canaries.pause, canaries.resume):
            with pytest.raises(NotFound):
                act(chat.ref)


def test_a_server_that_is_away_is_in_the_answer(chat: Site) -> None:
    config = chat.env("http://127.0.0.1:9")["KUBECONFIG"]
    connection = connect(Options(kubeconfig=config))
    assert isinstance(LiveCanaries(connection, LiveObjects(connection)).read().refused, ClusterError)


# --- canary watch -----------------------------------------------------------------------------------------------------


def shown(chat: Site, then: Callable[[int], None], *flags: str) -> tuple[int, str]:
    """`canary watch` on a terminal; `then` is done once the screen shows the rollout."""
    words = ("kubectl-ai_canary", "watch", "httproute/chat", *flags)
    with terminal(*words, env=chat.env(), columns=120, rows=40) as (process, master):
        seen, done = b"", False
        for data in read_all(master):
            seen += data
            if not done and b"chat-v2" in seen and b"History" in seen:
                done = True
                then(master)
        code = process.wait(30)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode(errors="replace"))
    return code, text


def test_watch_is_full_screen_and_ends_with_the_rollout(chat: Site) -> None:
    chat.started()
    code, text = shown(chat, lambda _: _insist(chat("rollback").code == Exit.OK))
    assert code == Exit.OK, text[-500:]
    assert "ROLLEDBACK" in text[-600:], "what stands at the end stays on the terminal"


def test_leaving_it_says_that_it_is_not_over(chat: Site) -> None:
    chat.started()
    code, text = shown(chat, lambda master: _insist(os.write(master, b"q") == 1))
    assert code == Exit.WAITING, text[-500:]
    assert chat.state.phase not in (Phase.ROLLED_BACK, Phase.PROMOTED)


def test_ctrl_c_leaves_it_as_it_is(chat: Site) -> None:
    chat.started()
    code, _ = shown(chat, lambda master: _insist(os.write(master, b"\x03") == 1))
    assert code == 130


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--plain",), "Z httproute/chat httproute · ROLLEDBACK · 0 %"),
        (("-o", "jsonl"), '"kind":"Canary"'),
        ((), "httproute/chat · httproute · ROLLEDBACK"),
    ],
    ids=["lines", "documents", "screen"],
)
def test_on_a_terminal_an_end_that_is_there_needs_no_screen(chat: Site, flags: tuple[str, ...], said: str) -> None:
    chat.started()
    assert chat("rollback").code == Exit.OK
    with terminal("kubectl-ai_canary", "watch", "httproute/chat", *flags, env=chat.env()) as (process, master):
        text = b"".join(read_all(master)).decode()
        assert process.wait(30) == Exit.OK
    assert "\x1b[?1049h" not in text, "no other screen is opened"
    assert said in " ".join(text.split())


def _insist(done: bool) -> None:
    assert done
