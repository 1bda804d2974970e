"""Decoders are made one at a time: msgspec crashes threads that see a struct half learned (6 of 135 runs of two
clusters, none of 135 since).
"""

import ast
from pathlib import Path
from threading import Thread

import msgspec

from k8sai.cluster.typed import typed

CLUSTER = Path(__file__).parents[2] / "k8sai/cluster"
ALONE = {"typed.py", "kubectl_list.py", "recording.py"}  # these read files, in one thread


class Form(msgspec.Struct):
    name: str = ""


def test_all_threads_share_one_decoder() -> None:
    found: list[object] = []
    threads = [Thread(target=lambda: found.append(typed(Form))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(map(id, found))) == 1
    assert typed(Form).decode(b'{"name":"a"}') == Form("a")


def test_whoever_reads_a_server_asks_for_decoders_there() -> None:
    """`msgspec.json.Decoder(…)` and `decode(…, type=…)` learn a struct in whatever thread they are called."""
    learns = [
        f"{path.name}:{call.lineno}"
        for path in CLUSTER.glob("*.py")
        if path.name not in ALONE
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if ast.unparse(call.func) == "msgspec.json.Decoder"
        or (ast.unparse(call.func) == "msgspec.json.decode" and any(k.arg == "type" for k in call.keywords))
    ]
    assert learns == []
