"""The ways to ask, in pods that are real processes: what is run, what is heard, what is refused."""

import signal
from dataclasses import replace
from typing import Any, get_args

import pytest

from k8sai.ages import stamp
from k8sai.cluster.api_errors import ApiForbidden, Unavailable
from k8sai.evict.facts import MethodName
from k8sai.evict.method import Asked, Said, Site
from k8sai.evict.methods.all import LATER, METHODS
from k8sai.evict.methods.exec import Exec, Unanswered, taking_back
from k8sai.evict.methods.signal import Signal
from tests.evict.methods_site import SLEEP, Cluster, never, request
from tests.evict.methods_site import cluster as cluster

ANSWER = """printf 'saving\n{"requestId":"%s","step":7,"complete":true,"ranks":1,"worldSize":1}\n' "$K8SAI_REQUEST" """


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> list[Any]:
    """Three that sleep."""
    return [cluster.pod(f"rank-{number}", SLEEP) for number in range(3)]


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def by_exec(site: Site, **more: Any) -> tuple[Said, ...]:
    return Exec().ask(site, request(**more), never).said


def test_every_word_of_a_contract_has_its_method() -> None:
    assert {name: METHODS[name].name for name in get_args(MethodName)} == {name: name for name in METHODS}
    assert {name for name in METHODS if METHODS[name].writes} == {"annotation", "evictionrequest"}
    assert set(LATER) <= set(METHODS)


# --- exec -------------------------------------------------------------------------------------------------------------


def test_a_program_answers_with_its_last_line(cluster: Cluster, pods: list[Any]) -> None:
    (said,) = by_exec(cluster.site(*pods, exec=shell(ANSWER)))
    assert (said.pod, said.heard) == ("rank-0", "answered")
    assert said.ack is not None
    assert (said.ack.request, said.ack.step, said.ack.complete) == ("a1b2c3", 7, True)


def test_a_program_is_given_the_deadline(cluster: Cluster, pods: list[Any]) -> None:
    asked = request()
    site = cluster.site(*pods, exec=shell('test "$K8SAI_DEADLINE" = "$1" || { echo "$K8SAI_DEADLINE" >&2; exit 9; }'))
    words = (*site.contract.exec, "sh", stamp(asked.deadline))
    site = replace(site, contract=replace(site.contract, exec=words))
    assert Exec().ask(site, asked, never).said == (
        Said("rank-0", "accepted", why="its program ended well and said nothing of a checkpoint"),
    )


@pytest.mark.parametrize(
    ("script", "heard", "why"),
    [
        ("echo half >&2; echo 'no space left' >&2; exit 3", "failed", "its program ended with 3: no space left"),
        ("true", "accepted", "its program ended well and said nothing of a checkpoint"),
        ("""echo '{"requestId":"a1b2c3","step":"many"}'""", "accepted", "its answer cannot be read: step is 'many'"),
        ("""echo '{"requestId":"other","complete":true}'""", "accepted", "its answer does not name the request"),
        ("""echo '{"requestId":"a1b2c3","complete":false}'""", "accepted", "it has begun to save"),
    ],
)
def test_what_a_program_says(cluster: Cluster, pods: list[Any], script: str, heard: str, why: str) -> None:
    (said,) = by_exec(cluster.site(*pods, exec=shell(script)))
    assert said.heard == heard
    assert said.why.startswith(why)


def test_a_program_that_is_not_there(cluster: Cluster, pods: list[Any]) -> None:
    (said,) = by_exec(cluster.site(*pods, exec=("no-such-program",)))
    assert said.heard == "failed"
    assert "no-such-program" in said.why


def test_words_are_words(cluster: Cluster, pods: list[Any]) -> None:
    """Nothing of a contract is ever read by a shell of ours."""
    odd = 'a\'b "c" $(exit 3) `exit 4` ;&|\n*'
    site = cluster.site(*pods, exec=("sh", "-c", 'test "$1" = "$2"', "sh", odd, odd))
    assert by_exec(site)[0].heard == "accepted"


def test_all_ranks_are_asked_together(cluster: Cluster, pods: list[Any]) -> None:
    """Each waits for the others, as ranks that save together do."""
    meeting = cluster.folder / "meeting"
    meeting.mkdir()
    script = f"touch {meeting}/$POD_NAME; until test $(ls {meeting} | wc -l) = 3; do sleep 0.05; done; {ANSWER}"
    said = by_exec(cluster.site(*pods, exec=shell(script), scope="all"))
    assert [(one.pod, one.heard) for one in said] == [(f"rank-{number}", "answered") for number in range(3)]


def test_any_rank_will_do_and_the_others_are_left_alone(cluster: Cluster, pods: list[Any]) -> None:
    asked = cluster.folder / "asked"
    asked.mkdir()
    script = f"touch {asked}/$POD_NAME; test $POD_NAME = rank-1 || exit 5; {ANSWER}"
    (said,) = by_exec(cluster.site(*pods, exec=shell(script), scope="any"))
    assert (said.pod, said.heard) == ("rank-1", "answered")
    assert sorted(one.name for one in asked.iterdir()) == ["rank-0", "rank-1"]


def test_none_of_any(cluster: Cluster, pods: list[Any]) -> None:
    said = by_exec(cluster.site(*pods, exec=shell("exit 5"), scope="any"))
    assert [one.heard for one in said] == ["failed"] * 3


def test_ranks_that_are_still_saving_have_not_failed(cluster: Cluster, pods: list[Any]) -> None:
    said = '{"requestId":"%s","step":7,"complete":false,"ranks":1,"worldSize":3%s}'
    ack = f"""printf '{said}' "$K8SAI_REQUEST" "$1"; exit 1"""
    (heard,) = by_exec(cluster.site(*pods, exec=(*shell(ack), "sh", "")))
    assert (heard.heard, heard.why) == ("accepted", "1 of 3 ranks had saved when its program ended")
    (heard,) = by_exec(cluster.site(*pods, exec=(*shell(ack), "sh", ',"error":"disk full"')))
    assert heard.heard == "failed"


@pytest.mark.parametrize(
    ("words", "back"),
    [
        (("python", "/app/k8sai_checkpoint.py", "request"), ("python", "/app/k8sai_checkpoint.py", "withdraw")),
        (
            ("python", "-m", "a.k8sai_checkpoint", "request", "--path", "/c"),
            ("python", "-m", "a.k8sai_checkpoint", "withdraw", "--path", "/c"),
        ),
        (("python", "/app/save.py", "request"), ()),
        (("python", "/app/k8sai_checkpoint.py", "verify"), ()),
        (("python", "/app/my_k8sai_checkpoint.py", "request"), ()),
    ],
)
def test_who_can_be_called_back(words: tuple[str, ...], back: tuple[str, ...]) -> None:
    assert taking_back(words) == back


def test_ranks_are_told_that_it_was_taken_back(cluster: Cluster, pods: list[Any]) -> None:
    file = cluster.folder / "k8sai_checkpoint.py"
    file.write_text('echo "$1 $K8SAI_REQUEST" >> "$0.told"')
    site = cluster.site(*pods, exec=("sh", str(file), "request"), scope="all")
    Exec().withdraw(site, request(), Asked())
    assert (cluster.folder / "k8sai_checkpoint.py.told").read_text() == "withdraw a1b2c3\n" * 3


def test_a_pod_that_cannot_be_told_does_not_hold_it_up(
    cluster: Cluster, pods: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: Any, **__: Any) -> Any:
        raise Unavailable("error dialing backend", status=502)

    monkeypatch.setattr("k8sai.evict.methods.exec.run", run)
    with pytest.raises(Unanswered, match="error dialing backend"):
        Exec().withdraw(cluster.site(*pods, exec=("k8sai_checkpoint.py", "request")), request(), Asked())
    assert not issubclass(Unanswered, Unavailable)


def test_a_deadline_ends_the_wait(cluster: Cluster, pods: list[Any]) -> None:
    (said,) = by_exec(cluster.site(*pods, exec=shell("sleep 1000")), seconds=0.5)
    assert said.heard == "silent"
    assert "did not end within" in said.why


def test_somebody_gives_up(cluster: Cluster, pods: list[Any]) -> None:
    begun = cluster.folder / "begun"
    site = cluster.site(*pods, exec=shell(f"touch {begun}; sleep 1000"))
    (said,) = Exec().ask(site, request(), begun.exists).said
    assert (said.heard, said.why) == ("silent", "the program in default/rank-0 was not waited for any longer")


def test_a_container_that_the_pod_does_not_have(cluster: Cluster, pods: list[Any]) -> None:
    (trouble,) = Exec().preflight(cluster.site(*pods, exec=("x",), container="trainer"), False)
    assert trouble.why == "pod rank-0 has no container 'trainer', which its contract names"
    (trouble,) = Exec().preflight(cluster.site(exec=("x",)), False)
    assert trouble.why == "no pod of job/train runs, so nobody can be asked"


def test_a_right_that_is_missing_is_named(cluster: Cluster, pods: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    site = cluster.site(*pods, exec=("x",))
    assert Exec().preflight(site, True) == ()
    asked: list[tuple[str, str, str]] = []

    def may(verb: str, resource: Any, namespace: str = "", name: str = "", subresource: str = "") -> bool:
        asked.append((verb, resource.plural, subresource))
        return verb == "get"

    monkeypatch.setattr(site.writer, "may", may)
    (trouble,) = Exec().preflight(site, True)
    assert asked == [("get", "pods", "exec"), ("create", "pods", "exec")]
    assert trouble.why == "you may not create pods/exec in namespace default"
    assert trouble.hint.startswith("`kubectl auth can-i create pods --kubeconfig ")
    assert trouble.hint.endswith(" -n default --subresource=exec` tells when it is granted")


def test_forbidden_ends_asking(cluster: Cluster, pods: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: Any, **__: Any) -> Any:
        raise ApiForbidden("no", verb="get", resource="pods/exec")

    monkeypatch.setattr("k8sai.evict.methods.exec.run", run)
    with pytest.raises(ApiForbidden):
        by_exec(cluster.site(*pods, exec=("x",), scope="all"))


# --- signal -----------------------------------------------------------------------------------------------------------


def test_a_signal_that_is_handled(cluster: Cluster) -> None:
    pod, lines = cluster.handling("handles", signal.SIGUSR1)
    with lines:
        site = cluster.site(pod, signal="USR1")
        assert Signal().preflight(site, False) == ()
        assert Signal().ask(site, request(), never).said == (Said("handles", "accepted"),)
        assert lines.readline() == f"got {int(signal.SIGUSR1)}\n"


def test_a_signal_that_would_kill_is_fatal_and_not_sent(cluster: Cluster) -> None:
    pod, lines = cluster.handling("bare", signal.SIGUSR1)
    with lines:
        site = cluster.site(pod, signal="USR2")
        (trouble,) = Signal().preflight(site, False)
        assert trouble.fatal
        assert trouble.why.endswith("of pod bare does not handle SIGUSR2: it would be killed")
        (said,) = Signal().ask(site, request(), never).said
        assert (said.heard, said.why) == ("failed", trouble.why)
        assert Signal().ask(cluster.site(pod, signal="USR1"), request(), never).said[0].heard == "accepted"
        assert lines.readline() == f"got {int(signal.SIGUSR1)}\n", "it lives, and has heard of no other"


def test_a_plan_looks_into_no_pod(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    pod = cluster.pod("unseen", SLEEP)
    monkeypatch.setattr("k8sai.evict.methods.signal.run", None)
    assert Signal().preflight(cluster.site(pod, signal="USR1"), True) == ()


def test_one_rank_without_a_handler_spares_all(cluster: Cluster) -> None:
    good, lines = cluster.handling("good", signal.SIGUSR1, signal.SIGUSR2)
    bare, more = cluster.handling("no-usr1", signal.SIGUSR2)
    with lines, more:
        said = Signal().ask(cluster.site(good, bare, signal="USR1", scope="all"), request(), never).said
        assert [one.heard for one in said] == ["silent", "failed"]
        said = Signal().ask(cluster.site(good, bare, signal="USR2", scope="all"), request(), never).said
        assert [one.heard for one in said] == ["accepted", "accepted"]
        assert lines.readline() == f"got {int(signal.SIGUSR2)}\n", "the first one never came"
        said = Signal().ask(cluster.site(bare, good, signal="USR1", scope="any"), request(), never).said
        assert [(one.pod, one.heard) for one in said] == [("good", "accepted")]


def test_a_process_is_found_by_its_command_line(cluster: Cluster) -> None:
    pod, lines = cluster.handling("found", signal.SIGUSR1)
    with lines:
        site = cluster.site(pod, signal="USR1", signal_target="cmd~found[.]told")
        assert Signal().ask(site, request(), never).said == (Said("found", "accepted"),)
        assert lines.readline() == f"got {int(signal.SIGUSR1)}\n"
        (trouble,) = Signal().preflight(cluster.site(pod, signal="USR1", signal_target="cmd~^serve"), False)
        assert (trouble.fatal, trouble.why) == (False, "no process of pod found has a command line that fits")


def test_a_signal_nobody_knows(cluster: Cluster, pods: list[Any]) -> None:
    (trouble,) = Signal().preflight(cluster.site(*pods, signal="INFO"), False)
    assert trouble.why == "the signal INFO is not known on Linux"
