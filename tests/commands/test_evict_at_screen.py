"""A drain from the first key to the last on a terminal, on the embedded cluster."""

import os
import re

from k8sai.errors import Exit
from tests.commands.evict_site import EvictSite, evict_sim, evicts
from tests.commands.run import environment, read_all, terminal
from tests.commands.test_evict_run import trained
from tests.evict.yard_player import Played

__all__ = ["evict_sim", "evicts"]


def text_of(seen: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode(errors="replace"))


def test_a_drain_that_is_planned_begun_and_left_by_keys(evicts: EvictSite) -> None:
    [node] = trained(evicts)
    env = environment(evicts.folder, KUBECONFIG=str(evicts.config))
    number = re.compile(r"type ([0-9.]+) and enter")
    keys = [  # once this is on the screen, these are pressed
        (re.escape(node), f"/{node}\r"),
        (r"1 Nodes|Nodes 1 ", "x"),
        (number.pattern, ""),
        (r"Requested", "q"),
        (r"Leave a drain on its way", "y"),
    ]
    seen = b""
    with (
        evicts.played(llm=Played("silent")),
        terminal("kubectl-ai_top", env=env, columns=120, rows=40) as (process, master),
    ):
        for data in read_all(master):
            seen += data
            text = text_of(seen)
            if keys and (found := re.search(keys[0][0], text)):
                typed = keys.pop(0)[1] or f"{found.group(1)}\r"
                os.write(master, typed.encode())
                seen = b""
        code = process.wait(60)
    assert keys == [], text_of(seen)[-500:]
    assert code == Exit.OK
    said = re.search(r"drain (\w{6}) is left where it is", " ".join(text_of(seen).split()))
    assert said is not None, text_of(seen)[-500:]
    assert "k8sai evict resume" in text_of(seen)
    assert evicts("status", said.group(1)).code == Exit.ORPHANED
    assert evicts("abort", said.group(1)).code == Exit.OK
    assert evicts.cordoned() == set()
