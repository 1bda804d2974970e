"""exec over a websocket: the channels, the exit code, what is refused, what is cut, who is asking and by which way."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event
from typing import Any

import pytest
from aiohttp import web

from k8sai.cluster import executing as ours
from k8sai.cluster.api_errors import ApiForbidden, RequestTimedOut, Unavailable
from k8sai.cluster.connection import Connection
from k8sai.cluster.executing import CannotStart, Done, exit_code, run
from k8sai.errors import Exit, NotFound, Usage
from tests.cluster.exec_server import SUCCESS, V4, V5, ExecServer, Play, Program, executing, exit_status, failure
from tests.cluster.loopback import Reply, in_turn, status
from tests.cluster.talking import to

FORBIDDEN = 'pods "p" is forbidden: User "ana" cannot {} resource "pods/exec" in API group "" in the namespace "ml"'


@contextmanager
def running(play: Play | Reply, *, protocols: tuple[str, ...] = (V5, V4), **more: Any) -> Iterator[Any]:
    """The server, and `run` against it."""
    with executing(ExecServer(play, protocols)) as server, closing(to(server.url, **more)) as connection:
        yield server, lambda *argv, **how: ask(connection, *argv, **how)


def ask(connection: Connection, *argv: str, **how: Any) -> Done:
    return run(connection, "ml", "p", "main", argv or ("true",), **{"timeout": 30.0, **how})


async def works(program: Program) -> None:
    for channel in (0, 1, 2, 3):  # as v4 servers open their channels
        await program.say(channel, b"")
    await program.out("one\n")
    await program.err("warned")
    await program.out("two\n")
    await program.end(SUCCESS)


def test_streams_and_exit_code_and_what_was_asked() -> None:
    with running(works) as (server, execute):
        done = execute("python", "a b.py", "--x=1&2")
    assert done == Done(0, b"one\ntwo\n", b"warned")
    asked = server.asked[0]
    assert asked.method == "GET"
    assert asked.path == "/api/v1/namespaces/ml/pods/p/exec"
    assert dict(asked.query) == {"container": "main", "stdout": "true", "stderr": "true", "command": "python"}
    assert server.programs[0].argv == ["python", "a b.py", "--x=1&2"]
    assert asked.headers["Sec-WebSocket-Protocol"] == f"{V5},{V4}"
    assert "Origin" not in asked.headers


@pytest.mark.parametrize("code", [1, 42, 137])
def test_an_exit_code_is_what_the_error_channel_says(code: int) -> None:
    async def fails(program: Program) -> None:
        await program.end(exit_status(code))

    with running(fails) as (_, execute):
        assert execute().code == code


def test_output_behind_the_exit_code_is_read_too() -> None:
    async def late(program: Program) -> None:
        await program.end(SUCCESS)
        await program.out('{"step": 7}')

    with running(late) as (_, execute):
        assert execute().out == b'{"step": 7}'


def test_a_program_that_cannot_be_run_is_said_as_such() -> None:
    async def missing(program: Program) -> None:
        await program.end(failure('exec: "nosuch": executable file not found in $PATH'))

    with running(missing) as (_, execute), pytest.raises(CannotStart, match=r"nothing could be run in ml/p: .*nosuch"):
        execute("nosuch")


def test_a_node_that_is_not_reached_may_come_back() -> None:
    said = b'{"status":"Failure","message":"error dialing backend: dial tcp 10.0.0.7:10250: connect: refused"}'
    with pytest.raises(Unavailable, match="does not reach the node of ml/p"):
        exit_code(said, "https://x", "ml/p")


def test_nonsense_on_the_error_channel_is_no_success() -> None:
    with pytest.raises(CannotStart, match="good bye"):
        exit_code(b"good bye", "https://x", "ml/p")


# --- input ------------------------------------------------------------------------------------------------------------


async def counts(program: Program) -> None:
    await program.out(str(len(await program.stdin())))
    await program.end(SUCCESS)


def test_all_of_stdin_arrives_and_ends() -> None:
    with running(counts) as (server, execute):
        assert execute(stdin=b"x" * 100_000).out == b"100000"
        assert server.asked[0].query["stdin"] == "true"


def test_without_v5_stdin_cannot_be_ended() -> None:
    with running(counts, protocols=(V4,)) as (_, execute), pytest.raises(Usage, match="cannot end the input"):
        execute(stdin=b"x")


def test_an_older_server_is_spoken_to_in_v4() -> None:
    with running(works, protocols=(V4,)) as (server, execute):
        assert execute().out == b"one\ntwo\n"
        assert server.programs[0].socket.ws_protocol == V4


def test_a_server_that_refuses_the_first_protocol_is_asked_with_the_second() -> None:
    picky = in_turn(Reply(400, b"requested protocol(s) are not supported: [v5]"))

    class Picky(ExecServer):
        async def handle(self, request: Any) -> Any:
            if V5 in request.headers["Sec-WebSocket-Protocol"]:
                return web.Response(status=400, body=picky(request).body)
            return await super().handle(request)

    with executing(Picky(works)) as server, closing(to(server.url)) as connection:
        assert ask(connection).out == b"one\ntwo\n"


# --- limits -----------------------------------------------------------------------------------------------------------


def test_of_too_much_output_the_end_is_kept() -> None:
    async def talks(program: Program) -> None:
        for number in range(100):
            await program.out(f"{number:04d}" * 64)
        await program.out("the end")
        await program.end(SUCCESS)

    with running(talks) as (_, execute):
        done = execute(limit=1000)
    assert (len(done.out), done.out[-7:], done.cut) == (1000, b"the end", True)


def test_time_is_up_and_the_connection_is_let_go() -> None:
    async def hangs(program: Program) -> None:
        await program.until_gone()

    with running(hangs) as (server, execute):
        with pytest.raises(RequestTimedOut, match=r"did not end within 0.01 s") as caught:
            execute(timeout=0.01)
        assert caught.value.exit is Exit.TIMEOUT
        assert server.gone.wait(20)


def test_nobody_wants_it_any_more() -> None:
    begun = Event()

    async def hangs(program: Program) -> None:
        begun.set()
        await program.until_gone()

    with running(hangs) as (server, execute):
        with pytest.raises(RequestTimedOut, match="not waited for any longer"):
            execute(until=begun.is_set)
        assert server.gone.wait(20)


def test_a_closed_connection_ends_what_waits() -> None:
    async def closes(program: Program) -> None:
        connection.close()
        await program.until_gone()

    with executing(ExecServer(closes)) as server, closing(to(server.url)) as connection:
        with pytest.raises(Unavailable, match="connection is closed"):
            ask(connection)
        with pytest.raises(Unavailable, match="connection is closed"):
            ask(connection)


def test_a_quiet_program_is_kept_alive_by_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_TICK", 0.01)
    monkeypatch.setattr(ours, "_PING", 0.0)
    pinged = Event()

    async def hears(program: Program) -> None:
        async for message in program.socket:
            if message.type.name == "PING":
                pinged.set()
                await program.socket.pong(message.data)
                break
        await program.end(SUCCESS)

    class Watchful(ExecServer):
        async def handle(self, request: Any) -> Any:
            socket = web.WebSocketResponse(protocols=self.protocols, autoping=False)
            await socket.prepare(request)
            await hears(Program(request, socket))
            return socket

    with executing(Watchful(hears)) as server, closing(to(server.url)) as connection:
        assert ask(connection).code == 0
    assert pinged.is_set()


def test_a_server_without_a_sign_of_life_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_TICK", 0.01)
    monkeypatch.setattr(ours, "_DEAD", 0.05)
    over = Event()

    class Dead(ExecServer):
        async def handle(self, request: Any) -> Any:
            socket = web.WebSocketResponse(protocols=self.protocols, autoping=False)
            await socket.prepare(request)
            while not over.is_set():
                await asyncio.sleep(0)
            return socket

    with executing(Dead(works)) as server, closing(to(server.url)) as connection:
        with pytest.raises(Unavailable, match="is silent"):
            ask(connection)
        over.set()


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["get", "create"])
def test_a_missing_right_is_named(verb: str) -> None:
    refusal = status(403, "Forbidden", FORBIDDEN.format(verb))
    with running(refusal) as (_, execute), pytest.raises(ApiForbidden) as caught:
        execute()
    error = caught.value
    assert (error.verb, error.resource, error.namespace, error.exit) == (verb, "pods/exec", "ml", Exit.FORBIDDEN)
    assert error.hint.endswith(f"`kubectl auth can-i {verb} pods --context x --subresource=exec -n ml`")


def test_who_may_get_and_not_create_is_told_so() -> None:
    """A real 1.37 says no more than this."""
    refusal = status(403, "Forbidden", 'pods "p" is forbidden: ')
    with running(refusal) as (_, execute), pytest.raises(ApiForbidden, match=r"create pods/exec in .* ml") as caught:
        execute()
    assert (caught.value.verb, caught.value.resource, caught.value.namespace) == ("create", "pods/exec", "ml")
    assert caught.value.hint.endswith("`kubectl auth can-i create pods --context x --subresource=exec -n ml`")


def test_a_policy_that_forbids_it_keeps_its_words() -> None:
    denied = """pods "p" is forbidden: ValidatingAdmissionPolicy 'no-exec' denied request: not here"""
    with running(status(403, "Forbidden", denied)) as (_, execute), pytest.raises(ApiForbidden, match="not here"):
        execute()


def test_a_pod_that_is_gone() -> None:
    with running(status(404, "NotFound", 'pods "p" not found')) as (_, execute), pytest.raises(NotFound, match='"p"'):
        execute()


def test_a_server_that_is_too_busy_says_when_to_come_again() -> None:
    busy = Reply(429, b"Too many requests, please try again later.", {"Retry-After": "7"})
    with running(busy) as (_, execute), pytest.raises(Unavailable, match="too busy") as caught:
        execute()
    assert caught.value.retry_after == 7


def test_nobody_is_followed_to_another_server() -> None:
    with running(works) as (other, _):
        away = Reply(302, b"", {"Location": other.url.replace("http", "ws") + "/api/v1/namespaces/ml/pods/p/exec"})
        with running(away) as (_, execute), pytest.raises(Exception, match="websocket"):
            execute()
        assert other.asked == []


def test_what_speaks_no_websocket() -> None:
    with running(Reply(200, b"hello")) as (_, execute), pytest.raises(Exception, match="200"):
        execute()
