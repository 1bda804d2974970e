"""`--plan`: what would be sent is printed, and nothing is sent. Verb after verb of a rollout."""

from typing import Final

from k8sai.errors import Exit
from tests.contract.canary_stage import Stage

GATELESS: Final = ("--no-gate", "--warmup", "0s", "--keep-old", "0")
STEPS: Final = ("--steps", "5,50")


def printed(chat: Stage, verb: str, *words: str, writes: bool = True) -> None:
    """A write at least, with its patch, and nothing on the wire."""
    before = len(chat.audit.sent)
    ran = chat(verb, *words, "--plan")
    assert ran.code == Exit.OK, ran
    assert ran.out.splitlines()[-1].endswith("(dry run)"), ran.out
    if writes:
        first, below = ran.out.splitlines()[:2]
        assert first.split()[0] in ("patch", "create", "delete") and ": " in first, ran.out
        assert below.startswith("  "), ran.out
    assert chat.audit.sent[before:] == []


def all_verbs(chat: Stage, *start: str, begins: bool = True, steps: bool = True) -> None:
    """From the beginning to the first step, each verb planned where it can be done. `begins`: `start` writes to the
    target; `steps`: so does the first step.
    """
    generation = chat.target["metadata"]["generation"]  # its controller may write its status at any time
    printed(chat, "start", *start, writes=begins)
    assert (chat.ours, chat.target["metadata"]["generation"]) == ([], generation)
    ran = chat("start", *start)
    assert ran.code == Exit.OK, ran
    for verb in ("step", "run"):
        printed(chat, verb, writes=steps)
    ran = chat("step")
    assert ran.code == Exit.OK, ran
    state = chat.state
    printed(chat, "promote", "--force", "to see")
    printed(chat, "rollback")
    for verb in ("pause", "forget"):
        before = len(chat.audit.sent)
        ran = chat(verb, *(("--force",) if verb == "forget" else ()), "--plan")
        assert (ran.code, chat.audit.sent[before:]) == (Exit.OK, []), ran
        assert "(dry run)" in ran.out, ran
    assert chat.state == state
