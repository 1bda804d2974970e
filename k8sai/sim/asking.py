"""One request as the handlers see it, and the forms an answer can take."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import yaml
from aiohttp import web

from k8sai.sim import status, wire
from k8sai.sim.objects import Obj, decode, encode
from k8sai.sim.people import Person
from k8sai.sim.routes import Target
from k8sai.sim.status import ApiFailure, Cause

Form = Literal["json", "table", "partial"]

BODY_LIMIT = 3 << 20  # bytes, as kube-apiserver
_GZIP_FROM = 128 << 10  # bytes; below it compressing costs more than it saves
_BROWSERS = ("curl", "Wget", "Mozilla/")
_OPTIONS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
_JSON = ("application/json", "*/*", "application/*", "")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for a kind, understood and allowed."""

    request: web.Request
    target: Target
    verb: str
    who: Person

    @property
    def query(self) -> Mapping[str, str]:
        """The URL's parameters."""
        return self.request.query

    def flag(self, name: str) -> bool:
        """A boolean parameter."""
        return self.query.get(name, "").lower() in ("1", "t", "true")

    def number(self, name: str) -> int | None:
        """A whole-number parameter. ApiFailure 400."""
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise status.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None

    def dry_run(self) -> bool:
        """Whether nothing may be kept. ApiFailure 422 for any value but All."""
        values = self.request.query.getall("dryRun", [])
        if any(value != "All" for value in values):
            shown = ",".join(f'"{value}"' for value in values)
            text = f'Unsupported value: [{shown}]: supported values: "All"'
            raise options_refused(self.verb, [Cause("dryRun", "FieldValueNotSupported", text)])
        return bool(values)

    def form(self) -> Form:
        """What the client accepts first of what there is. ApiFailure 406 where there is nothing."""
        return accepted(self.request.headers.get("Accept", ""))

    async def body(self) -> Any:
        """The JSON or YAML body, None where there is none. ApiFailure 400, 413, 415."""
        raw = await read_body(self.request)
        return parsed(raw, self.request.content_type, self.target.resource.kind) if raw else None

    async def object(self) -> Obj:
        """The body as an object. ApiFailure 400."""
        found = await self.body()
        if not isinstance(found, dict):
            where = f"the object provided is unrecognized (must be of type {self.target.resource.kind})"
            raise status.bad_request(f"{where}: couldn't get version/kind; json parse error: it is not an object")
        return found


def options_refused(verb: str, causes: list[Cause]) -> ApiFailure:
    """422: the parameters of a write make no sense."""
    name = _OPTIONS.get(verb, "DeleteOptions")
    said = ", ".join(str(cause) for cause in causes)
    details = {"group": "meta.k8s.io", "kind": name, "causes": [cause.document() for cause in causes]}
    text = said if len(causes) == 1 else f"[{said}]"
    return ApiFailure(422, "Invalid", f'{name}.meta.k8s.io "" is invalid: {text}', details)


def accepted(header: str) -> Form:
    """The form an Accept header asks for. ApiFailure 406."""
    for choice in header.split(","):
        media, *params = [part.strip() for part in choice.split(";")]
        if media not in _JSON:
            continue
        wanted = dict(param.partition("=")[::2] for param in params)
        kind = wanted.get("as", "")
        if not kind:
            return "json"
        if wanted.get("g") != "meta.k8s.io" or wanted.get("v") not in ("v1", "v1beta1"):
            continue
        if kind == "Table":
            return "table"
        if kind in ("PartialObjectMetadata", "PartialObjectMetadataList"):
            return "partial"
    message = "only the following media types are accepted: application/json"
    raise ApiFailure(406, "NotAcceptable", message)


async def read_body(request: web.Request) -> bytes:
    """The raw body. ApiFailure 413."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        message = f"Request entity too large: limit is {BODY_LIMIT}"
        raise ApiFailure(413, "RequestEntityTooLarge", message) from None


def parsed(raw: bytes, media: str, kind: str = "Object") -> Any:
    """A body of that media type, of that kind. ApiFailure 400, 415."""
    if media == "application/yaml":
        try:
            return yaml.safe_load(raw)
        except yaml.YAMLError as error:
            raise status.bad_request(f"error converting YAML to JSON: {error}") from None
    if media == wire.MEDIA_TYPE:
        return wire.decoded(raw)
    if media not in ("application/json", "application/octet-stream", ""):
        message = "the body of the request was in an unknown format - accepted media types include: "
        raise status.media_type(message + f"application/json, application/yaml, {wire.MEDIA_TYPE}")
    try:
        return decode(raw)
    except msgspec.DecodeError as error:
        where = f"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind"
        raise status.bad_request(f"{where}; json parse error: {error}") from None


def answer(
    request: web.Request, document: Any, code: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON response."""
    return answer_bytes(request, encode(document), code, headers)


def answer_bytes(
    request: web.Request, body: bytes, code: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An encoded JSON response, indented for people."""
    agent = request.headers.get("User-Agent", "")
    pretty = request.query.get("pretty")
    if pretty in ("1", "true") or (pretty is None and agent.startswith(_BROWSERS)):
        body = json.dumps(decode(body), indent=2, ensure_ascii=False).encode()
    sent = {"Cache-Control": "no-cache, private", "Vary": "Accept-Encoding, Accept", **(headers or {})}
    return web.Response(status=code, body=body, headers=sent, content_type="application/json")


async def compressed(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """A large answer compressed for those who take it so; in a thread, so that nobody else waits for it."""
    if not isinstance(response, web.Response) or "gzip" not in request.headers.get("Accept-Encoding", ""):
        return response
    if isinstance(response.body, bytes) and len(response.body) >= _GZIP_FROM:
        response.body = await asyncio.to_thread(gzip.compress, response.body, 1)
        response.headers["Content-Encoding"] = "gzip"
    return response


def failed(request: web.Request, failure: ApiFailure) -> web.Response:
    """The Status of a refused request; plain text where the server did not even begin with it."""
    headers = {"Retry-After": str(failure.retry_after)} if failure.retry_after else {}
    if isinstance(failure, status.Overloaded):
        return web.Response(status=failure.code, text=f"{failure.message}\n", headers=headers)
    return answer(request, failure.document(), failure.code, headers)
