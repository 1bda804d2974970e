"""In a pipe too, a verb that waits for a controller says for what; once, however long it takes."""

from k8sai.errors import Exit
from tests.commands.canary_route_site import QUICK, Site

NOT_YET = "TIME httproute/chat: gateway nobody has not taken the route over"


def test_a_route_that_no_gateway_takes(chat: Site) -> None:
    parents = [{"op": "replace", "path": "/spec/parentRefs", "value": [{"name": "nobody"}]}]
    chat.api.patch(chat.route, parents, "application/json-patch+json").ok()
    chat.until(lambda: not (chat.api.get(chat.route).ok().get("status") or {}).get("parents"))
    began = chat("start", "--to", "svc/chat-v2", *QUICK, "--timeout", "8s")
    assert began.code == Exit.TIMEOUT
    assert began.out.splitlines() == ["TIME httproute/chat: begin: as asked for", NOT_YET]
    back = chat("rollback", "--timeout", "8s", "-o", "json")
    assert (back.code, back.out) == (Exit.TIMEOUT, "")
    assert NOT_YET in back.err.splitlines()
