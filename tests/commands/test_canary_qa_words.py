"""Words that `canary` cannot take are told before anything is asked of the cluster, and no password is ever kept."""

import pytest

from k8sai.errors import Exit
from tests.commands.canary_route_site import QUICK, Site
from tests.commands.run import Ran

TO = ("--to", "svc/chat-v2")
NO_ADDRESS = (
    "error: 'nonsense' is not the address of a Prometheus\n"
    "  → write it as https://HOST, or NAMESPACE/SERVICE:PORT to go through the API server\n"
)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--steps", "0,50"), "--steps: 0 is not between 1 and 100\n  → write them as 1,5,25,50,100"),
        (("--steps", "101"), "--steps: 101 is not between 1 and 100\n  → write them as 1,5,25,50,100"),
        (("--steps", "50,25"), "--steps: '50,25' do not rise\n  → write them as 1,5,25,50,100"),
        (("--steps", "abc"), "--steps: 'abc' are not percents\n  → write them as 1,5,25,50,100"),
        (("--interval", "0"), "--interval '0' is less than a second\n  → --interval 30s"),
        (("--min-samples", "-1"), "--min-samples -1 is less than none\n  → --min-samples 100"),
        (
            ("--prometheus", "https://me:hidden@prometheus.example.com"),
            "--prometheus has a password, and whoever may read ConfigMaps would read it\n"
            "  → leave it out here, and name it to each `kubectl ai-canary run`: that is not kept",
        ),
    ],
)
def test_what_start_cannot_take(chat: Site, flags: tuple[str, ...], said: str) -> None:
    assert chat("start", *TO, *flags) == Ran(Exit.USAGE, "", f"error: {said}\n")
    assert chat.ours == []


def test_what_is_no_prometheus(chat: Site) -> None:
    assert chat("start", *TO, "--prometheus", "nonsense") == Ran(Exit.USAGE, "", NO_ADDRESS)
    chat.started(*QUICK)
    for verb in ("status", "step", "promote", "run", "watch"):
        assert chat(verb, "--prometheus", "nonsense") == Ran(Exit.USAGE, "", NO_ADDRESS), verb
