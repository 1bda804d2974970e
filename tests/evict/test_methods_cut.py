"""Asking by exec while connections break: the same id again, and no answer that was not given."""

from contextlib import closing

import pytest

from k8sai.evict.methods import reach
from k8sai.evict.methods.exec import Exec
from tests.cluster.exec_server import SUCCESS, ExecServer, Program, executing
from tests.cluster.loopback import status
from tests.cluster.talking import to
from tests.evict.methods_site import never, request, site_of

POD = {"metadata": {"name": "p", "namespace": "ml", "uid": "p"}, "spec": {"containers": [{"name": "main"}]}}
ANSWER = '{"requestId":"a1b2c3","step":9,"complete":true,"ranks":1,"worldSize":1}'


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_AGAIN", 0.0)


def asked(server: ExecServer) -> tuple[str, str]:
    with executing(server), closing(to(server.url)) as connection:
        (said,) = Exec().ask(site_of(connection, [POD], "ml", exec=("save",)), request(), never).said
    return said.heard, said.why


def test_a_cut_connection_is_asked_again_with_the_same_id() -> None:
    async def dies_once(program: Program) -> None:
        if len(server.programs) == 1:
            return program.cut()
        await program.out(ANSWER)
        return await program.end(SUCCESS)

    server = ExecServer(dies_once)
    assert asked(server)[0] == "answered"
    assert [one.environment["K8SAI_REQUEST"] for one in server.programs] == ["a1b2c3"] * 2
    assert {one.argv[-1] for one in server.programs} == {"save"}


def test_an_answer_before_the_cut_is_none() -> None:
    """The program has not ended well, for all that is known."""

    async def dies(program: Program) -> None:
        await program.out(ANSWER)
        program.cut()

    server = ExecServer(dies)
    heard, why = asked(server)
    assert (heard, len(server.programs)) == ("silent", 4)
    assert "was cut before the program's end" in why


def test_what_the_server_always_refuses_was_not_done() -> None:
    server = ExecServer(status(500, "InternalError", "no preferred addresses found; known addresses: []"))
    heard, why = asked(server)
    assert (heard, len(server.asked)) == ("failed", 4)
    assert "no preferred addresses found" in why
