"""The judge of the tests: a bare HTTP client for Kubernetes API servers that hides nothing and knows no k8sai."""

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import urllib3
import yaml
from urllib3.exceptions import ReadTimeoutError

Json = dict[str, Any]
Query = Mapping[str, str | int]
JSON = "application/json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; `body` is the decoded JSON, or text where it is none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    def ok(self) -> Json:
        """The body of a success; anything else fails the test with the server's words."""
        assert 200 <= self.status < 300, f"{self.status}: {json.dumps(self.body)[:600]}"
        body: Json = self.body
        return body

    def refused(self, code: int, reason: str) -> Json:
        """The Status of a refusal of exactly this code and reason, its shape checked."""
        assert self.status == code, f"{self.status}: {json.dumps(self.body)[:600]}"
        body: Json = self.body
        assert (body["kind"], body["apiVersion"], body["status"]) == ("Status", "v1", "Failure")
        assert (body["code"], body["reason"]) == (code, reason)
        assert body["message"]
        return body


class Api:
    """One server as one user. Paths are written out; `query` is appended."""

    def __init__(self, url: str, tls: ssl.SSLContext | None = None, token: str = "") -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = urllib3.PoolManager(4, maxsize=16, ssl_context=tls, retries=False)

    @classmethod
    def of(cls, kubeconfig: Path) -> Self:
        """As the current context of a kubeconfig says."""
        config = yaml.safe_load(kubeconfig.read_text())
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        user = _named(config["users"], context["user"])["user"] if context.get("user") else {}
        return cls(cluster["server"], _tls(cluster, user, kubeconfig), (user or {}).get("token", ""))

    def close(self) -> None:
        self._http.clear()

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Query | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        payload = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {**self._headers, "Accept": accept, "Content-Type": content_type, **(headers or {})}
        response = self._http.request(method, self._address(path, query), body=payload, headers=sent, timeout=30)
        try:
            decoded = json.loads(response.data)
        except ValueError:
            decoded = response.data.decode(errors="replace")
        return Answer(response.status, decoded, response.headers)

    def get(self, path: str, query: Query | None = None, accept: str = JSON) -> Answer:
        return self.call("GET", path, query=query, accept=accept)

    def post(self, path: str, body: Any, query: Query | None = None) -> Answer:
        return self.call("POST", path, body, query=query)

    def put(self, path: str, body: Any, query: Query | None = None) -> Answer:
        return self.call("PUT", path, body, query=query)

    def patch(self, path: str, body: Any, content_type: str = MERGE, query: Query | None = None) -> Answer:
        return self.call("PATCH", path, body, query=query, content_type=content_type)

    def apply(self, path: str, body: Any, manager: str = "one", **query: str) -> Answer:
        """Server-side apply by a manager; `force="true"` takes what others own."""
        named = {"fieldManager": manager} if manager else {}
        return self.call("PATCH", path, body, query={**named, **query}, content_type=APPLY)

    def delete(self, path: str, options: Json | None = None, query: Query | None = None) -> Answer:
        return self.call("DELETE", path, options, query=query)

    def answers(self, path: str = "/readyz") -> bool:
        """Somebody listens there and says 200."""
        try:
            return self.get(path).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def passed_on(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Somebody else's request to `target` (path and query), as this user; the answer is not read yet."""
        sent = {**headers, **self._headers}
        return self._http.request(method, self.url + target, body=body, headers=sent, preload_content=False)

    @contextmanager
    def watch(
        self, path: str, query: Query | None = None, *, seconds: float = 20, accept: str = JSON
    ) -> Iterator[Iterator[Json]]:
        """The events of a collection as they come; a refusal, or a silence of `seconds`, fails the test."""
        address = self._address(path, {"watch": "true", **(query or {})})
        response = self._http.request(
            "GET", address, headers={**self._headers, "Accept": accept}, preload_content=False, timeout=seconds
        )
        try:
            assert response.status == 200, response.read().decode()
            yield _lines(response)
        finally:
            response.close()

    def follow(
        self, path: str, query: Query | None = None, seconds: float = 120
    ) -> Iterator[tuple[dict[str, Json], str]]:
        """A collection by "namespace/name", again after every change, with the key that changed ("": all are new).

        A watch that ends is begun anew from a list, as clients must. Raises TimeoutError.
        """
        end = time.monotonic() + seconds
        objects: dict[str, Json] = {}
        while (left := end - time.monotonic()) > 0:
            listed = self.get(path, query).ok()
            objects = {_key(item): item for item in listed["items"]}
            yield objects, ""
            start = {"resourceVersion": listed["metadata"]["resourceVersion"], "timeoutSeconds": int(left) + 1}
            with self.watch(path, {**start, **(query or {})}, seconds=left) as events, suppress(ReadTimeoutError):
                for event in events:
                    if event["type"] == "ERROR":
                        break
                    key = _key(event["object"])
                    if event["type"] == "DELETED":
                        objects.pop(key, None)
                    else:
                        objects[key] = event["object"]
                    yield objects, key
                    if time.monotonic() > end:
                        break
        states = {name: obj.get("status") for name, obj in list(objects.items())[:5]}
        raise TimeoutError(f"{path} after {seconds:.0f} s: {len(objects)} objects, {json.dumps(states)[:1500]}")

    def until(
        self, path: str, reached: Callable[[dict[str, Json]], bool], query: Query | None = None, seconds: float = 120
    ) -> dict[str, Json]:
        """The objects of a collection as soon as `reached` says so of them; raises TimeoutError."""
        return next(objects for objects, _ in self.follow(path, query, seconds) if reached(objects))

    def until_each(
        self, path: str, reached: Callable[[Json], bool], query: Query | None = None, seconds: float = 120
    ) -> dict[str, Json]:
        """The same of each object alone, for collections that are too large to look through at every change."""
        waiting: set[str] = set()
        for objects, key in self.follow(path, query, seconds):
            if not key:
                waiting = {name for name, obj in objects.items() if not reached(obj)}
            elif key in objects and not reached(objects[key]):
                waiting.add(key)
            else:
                waiting.discard(key)
            if not waiting:
                return objects
        raise AssertionError("follow never ends by itself")

    def until_object(self, path: str, reached: Callable[[Json], bool], seconds: float = 120) -> Json:
        """One object, by its full path, as soon as it exists and `reached` says so."""
        collection, name = path.rsplit("/", 1)
        found = self.until(
            collection,
            lambda objects: any(reached(o) for o in objects.values()),
            {"fieldSelector": f"metadata.name={name}"},
            seconds,
        )
        return next(iter(found.values()))

    def until_gone(self, path: str, seconds: float = 120) -> None:
        """Returns once no object of this full path exists."""
        collection, name = path.rsplit("/", 1)
        self.until(collection, lambda objects: not objects, {"fieldSelector": f"metadata.name={name}"}, seconds)

    def _address(self, path: str, query: Query | None) -> str:
        return self.url + path + ("?" + urlencode(query) if query else "")


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[Json]:
    rest = b""
    for chunk in response.stream(1 << 16, decode_content=True):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (json.loads(line) for line in whole if line)


def _key(obj: Json) -> str:
    meta = obj["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if "namespace" in meta else str(meta["name"])


def _named(entries: list[Json], name: str) -> Json:
    return next(entry for entry in entries if entry["name"] == name)


def _tls(cluster: Json, user: Json, kubeconfig: Path) -> ssl.SSLContext | None:
    if not cluster["server"].startswith("https"):
        return None
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    if "client-certificate-data" in user:
        pair = kubeconfig.with_suffix(".pem")  # the ssl module reads pairs from files only
        pair.write_bytes(b"".join(base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key")))
        context.load_cert_chain(pair)
    return context
