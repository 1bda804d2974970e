"""exec over a websocket, and the way to it: cut connections, TLS, proxies, credentials."""

from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from k8sai.cluster.api_errors import Unauthenticated, Unavailable
from k8sai.errors import Usage
from tests.cluster.certificates import Pki
from tests.cluster.exec_server import SUCCESS, ExecServer, Program, executing
from tests.cluster.loopback import status
from tests.cluster.talking import to
from tests.cluster.test_executing import ask, running, works
from tests.cluster.test_proxies import tunnel


def test_a_cut_connection_says_that_nothing_is_known() -> None:
    async def dies(program: Program) -> None:
        await program.out("begun\n")
        program.cut()

    with running(dies) as (_, execute), pytest.raises(Unavailable, match="cut before the program's end") as caught:
        execute()
    assert "\n" not in caught.value.message


def test_a_farewell_without_an_exit_code_is_no_success() -> None:
    async def leaves(program: Program) -> None:
        await program.out("begun\n")

    with running(leaves) as (_, execute), pytest.raises(Unavailable, match="cut before the program's end"):
        execute()


def test_nobody_listens() -> None:
    with executing(ExecServer(works)) as server:
        url = server.url
    with closing(to(url)) as connection, pytest.raises(Unavailable, match="refuses the connection"):
        ask(connection)


def test_who_asks_and_as_whom_over_tls(pki: Pki) -> None:
    peers: list[Any] = []

    async def looks(program: Program) -> None:
        assert program.request.transport is not None
        peers.append(program.request.transport.get_extra_info("peercert"))
        await program.end(SUCCESS)

    who = {"certificate_file": str(pki.crt("client")), "key_file": str(pki.key("client"))}
    groups = {"as_user": "ana", "as_groups": ("a", "b")}
    server = ExecServer(looks)
    with (
        executing(server, pki.server(ask_clients=True)),
        closing(to(server.url, ca=pki.crt("ca"), **who, **groups)) as connection,
    ):
        assert ask(connection).code == 0
    assert dict(part[0] for part in peers[0]["subject"])["commonName"] == "client"
    headers = server.asked[0].headers
    assert headers["Impersonate-User"] == "ana"
    assert headers.getall("Impersonate-Group") == ["a", "b"]
    assert headers["User-Agent"].startswith("k8sai/")


def test_a_token_is_shown_over_tls_and_renewed_once(pki: Pki, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")

    class Expires(ExecServer):
        async def handle(self, request: Any) -> Any:
            if request.headers["Authorization"] == "Bearer old":
                token.write_text("new")
                self.asked.append(request)
                return web.Response(status=401, body=status(401, "Unauthorized", "Unauthorized").body)
            return await super().handle(request)

    server = Expires(works)
    with (
        executing(server, pki.server()),
        closing(to(server.url, ca=pki.crt("ca"), token_file=str(token))) as connection,
    ):
        assert ask(connection).code == 0
    assert [one.headers["Authorization"] for one in server.asked] == ["Bearer old", "Bearer new"]


def test_a_refused_token_that_has_no_other(pki: Pki) -> None:
    refusal = status(401, "Unauthorized", "Unauthorized")
    server = ExecServer(refusal)
    with (
        executing(server, pki.server()),
        closing(to(server.url, ca=pki.crt("ca"), token="t")) as connection,
        pytest.raises(Unauthenticated),
    ):
        ask(connection)


def test_a_server_that_is_not_trusted(pki: Pki) -> None:
    server = ExecServer(works)
    with (
        executing(server, pki.server("other-name")),
        closing(to(server.url, ca=pki.crt("ca"))) as connection,
        pytest.raises(Exception, match="cannot be trusted"),
    ):
        ask(connection)
    assert server.asked == []


@pytest.mark.parametrize("way", ["proxy-url", "HTTPS_PROXY"])
def test_a_proxy_is_gone_through(pki: Pki, way: str) -> None:
    server = ExecServer(works)
    with ExitStack() as up:
        up.enter_context(executing(server, pki.server()))
        proxy, told = up.enter_context(tunnel(server.url))
        up.callback(server.drop)  # the tunnel ends when both its ends have
        how: dict[str, Any] = {"proxy_url": proxy} if way == "proxy-url" else {"environ": {"HTTPS_PROXY": proxy}}
        how["tls_server_name"] = "localhost"
        with closing(to("https://kubernetes.example:6443", ca=pki.crt("ca"), **how)) as connection:
            assert ask(connection).out == b"one\ntwo\n"
    assert told[0].startswith(b"CONNECT kubernetes.example:6443 HTTP/1.")
    assert server.asked[0].headers["Host"] == "kubernetes.example:6443"


def test_a_line_feed_in_a_header_is_not_sent() -> None:
    with running(works, as_user="ana\r\nX-Evil: 1") as (server, execute):
        with pytest.raises(Usage, match="line feed"):
            execute()
        assert server.asked == []


def test_a_large_output_over_tls_in_many_frames(pki: Pki) -> None:
    async def pours(program: Program) -> None:
        for _ in range(50):
            await program.say(1, b"y" * 10_000)
        await program.end(SUCCESS)

    server = ExecServer(pours)
    with executing(server, pki.server()), closing(to(server.url, ca=pki.crt("ca"))) as connection:
        assert len(ask(connection).out) == 500_000


def test_many_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with running(works) as (server, execute), ThreadPoolExecutor(16) as pool:
        assert [one.out for one in pool.map(lambda _: execute(), range(16))] == [b"one\ntwo\n"] * 16
        assert len(server.programs) == 16
