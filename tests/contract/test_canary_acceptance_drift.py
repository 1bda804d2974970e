"""Somebody else writes: a weight mid-run (8), a third version (11), between the look and the patch (19)."""

from k8sai.canary.facts import Phase
from k8sai.errors import Exit
from tests.contract.canary_audit import Fate
from tests.contract.canary_chat import TO, WEIGHT, weights
from tests.contract.canary_chat import chat as chat
from tests.contract.canary_chat import yard as yard
from tests.contract.canary_stage import QUICK, Stage
from tests.faults.schedule import Sent

GITOPS = "argocd-controller"


def reverted(chat: Stage) -> None:
    """A GitOps controller applies what Git has."""
    spec = chat.target["spec"]
    for ref, weight in zip(spec["rules"][0]["backendRefs"], (100, 0), strict=True):
        ref["weight"] = weight
    body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "chat"}}
    chat.api.apply(chat.path, {**body, "spec": spec}, GITOPS, force="true").ok()


def test_8_another_manager_sets_the_weight_to_0(chat: Stage) -> None:
    """While it runs: it stops, names who it was, and writes to the route no more, however often it is asked."""
    assert chat("start", *TO, *QUICK, "--warmup", "1h").code == Exit.OK
    running = chat.begun("run")
    assert running.stdout
    while "warming up" not in running.stdout.readline():
        assert running.poll() is None
    assert weights(chat) == [95, 5]
    chat.audit.sent.clear()
    reverted(chat)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == Exit.DRIFT
    assert f"the canary's weight is 0 %, not 5 %, written by {GITOPS}" in out
    assert chat.state.phase is Phase.DRIFTED
    for verb in ("run", "step"):
        assert chat(verb).code == Exit.DRIFT
    assert (chat.audit.on_targets, weights(chat)) == ([], [100, 0])


def test_8_a_weight_that_is_set_back_at_once(chat: Stage) -> None:
    """As soon as it is written: one write, and no second one."""
    assert chat("start", *TO, *QUICK).code == Exit.OK
    version = chat.target["metadata"]["resourceVersion"]

    def revert(sent: Sent) -> Fate:
        """Before the state is saved that says so, or any other write."""
        if chat.target["metadata"]["resourceVersion"] != version and weights(chat) == [95, 5]:
            reverted(chat)
        return "pass"

    chat.audit.meet = revert
    ran = chat("run", "--max-duration", "60s")
    assert ran.code == Exit.DRIFT, ran
    assert GITOPS in ran.out + ran.err
    assert (len(chat.on_target()), weights(chat)) == (1, [100, 0])


# --- guards -----------------------------------------------------------------------------------------------------------


def test_19_a_guard_that_does_not_hold(chat: Stage) -> None:
    """422 without details: the value that was found is told, and nothing is written again."""
    assert chat("start", *TO, *QUICK).code == Exit.OK

    def race(sent: Sent) -> Fate:
        if sent.path == chat.path:
            chat.edit({"op": "replace", "path": WEIGHT, "value": 3})
        return "pass"

    chat.audit.meet = race
    ran = chat("step", "--next")
    assert (ran.code, weights(chat), len(chat.on_target())) == (Exit.DRIFT, [1, 3], 1), ran
    assert f"error: {WEIGHT} of httproute/chat is 3, not 0" in ran.err
    assert chat.state.phase is Phase.DRIFTED
    assert (chat("step").code, weights(chat), len(chat.on_target())) == (Exit.DRIFT, [1, 3], 1)


def test_19_a_target_that_is_another_one(chat: Stage) -> None:
    """The guard on the uid."""
    assert chat("start", *TO, *QUICK).code == Exit.OK

    def race(sent: Sent) -> Fate:
        if sent.path == chat.path:
            old = chat.target
            chat.api.delete(chat.path).ok()
            meta = {"name": "chat", "namespace": chat.ref.namespace}
            chat.api.post(chat.path.rpartition("/")[0], {**old, "metadata": meta, "status": None}).ok()
        return "pass"

    chat.audit.meet = race
    ran = chat("step", "--next")
    assert (ran.code, weights(chat), len(chat.on_target())) == (Exit.DRIFT, [1, 0], 1), ran


def test_19_a_conflict(chat: Stage) -> None:
    """409, whoever it comes from: nothing is written again."""
    assert chat("start", *TO, *QUICK).code == Exit.OK
    chat.audit.meet = lambda sent: 409 if sent.path == chat.path else "pass"
    ran = chat("step", "--next")
    assert (ran.code, weights(chat), len(chat.on_target())) == (Exit.DRIFT, [1, 0], 1), ran
