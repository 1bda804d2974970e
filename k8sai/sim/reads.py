"""Get and list: selectors, pages of one consistent snapshot, resource versions, and the three forms of an answer."""

import base64
import binascii
from bisect import bisect_right
from typing import Any

from aiohttp import web

from k8sai.sim import status, tables
from k8sai.sim.asking import Ask, answer, answer_bytes
from k8sai.sim.events import Shelf, home
from k8sai.sim.kinds import Resource
from k8sai.sim.label_selectors import label_test
from k8sai.sim.memory import Entries, Key
from k8sai.sim.objects import Obj, decode, encode, typed_bytes
from k8sai.sim.selectors import Test, field_test
from k8sai.sim.status import ApiFailure
from k8sai.sim.store import Store

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


def selection(ask: Ask) -> Test | None:
    """The request's selectors as one test; None where it has none. ApiFailure 400."""
    labels, fields = ask.query.get("labelSelector", ""), ask.query.get("fieldSelector", "")
    if not labels and not fields:
        return None
    by_label, by_field = label_test(labels), field_test(fields, ask.target.resource)
    return lambda obj: by_label(obj["metadata"].get("labels") or {}) and by_field(obj)


class Reader:
    """Answers get and list from the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, ask: Ask) -> web.Response:
        """One object."""
        target, resource = ask.target, ask.target.resource
        self._check_version(ask)
        entry = Shelf(self._store, resource).entry(target.namespace, target.name)
        form = ask.form()
        if form == "json":
            return answer_bytes(ask.request, typed_bytes(resource, entry.stored))
        return answer(ask.request, self.shaped(ask, entry.obj))

    def shaped(self, ask: Ask, obj: Obj) -> Obj:
        """An object in the form asked for."""
        form = ask.form()
        if form == "partial":
            return tables.partial(obj)
        if form == "table":
            meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            include = ask.query.get("includeObject", "Metadata")
            return tables.table(ask.target.resource, [obj], meta, self._store.now(), include)
        return obj

    def list(self, ask: Ask) -> web.Response:
        """The objects of a kind, all or a page."""
        form, test, limit = ask.form(), selection(ask), ask.number("limit") or 0
        version, after, entries = self._source(ask)
        chosen, more, last = _page(entries, test, limit, after)
        metadata: dict[str, Any] = {"resourceVersion": str(version)}
        if more:
            metadata["continue"] = _token(version, last)
            if test is None:
                metadata["remainingItemCount"] = more
        resource = ask.target.resource
        if form == "json":
            return answer_bytes(ask.request, _list_bytes(resource, metadata, chosen))
        if form == "partial":
            items = [tables.partial(entry.obj) for entry in chosen]
            kind = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
            return answer(ask.request, {**kind, "metadata": metadata, "items": items})
        include = ask.query.get("includeObject", "Metadata")
        objects = (entry.obj for entry in chosen)
        return answer(ask.request, tables.table(resource, objects, metadata, self._store.now(), include))

    def _source(self, ask: Ask) -> tuple[int, Key | None, Entries]:
        """The version to answer for, the key to go on after, and the objects then."""
        shelf, namespace = Shelf(self._store, ask.target.resource), ask.target.namespace
        token = ask.query.get("continue", "")
        if not token:
            version = self._check_version(ask)
            return version, None, shelf.entries_at(version, namespace)
        if ask.query.get("resourceVersion", "0") != "0":
            raise status.bad_request("specifying resource version is not allowed when using continue")
        version, after = _read_token(token)
        if version < 0:  # a token handed out with a 410: go on from there with what is there now
            return self._store.version, after, shelf.entries(namespace)
        try:
            return version, after, shelf.entries_at(version, namespace)
        except ApiFailure:
            document = status.expired(_TOO_OLD).document()
            document["metadata"] = {"continue": _token(-1, after)}
            raise Expired(document) from None

    def _check_version(self, ask: Ask) -> int:
        """Hold resourceVersion and resourceVersionMatch against what there is; the version to answer for."""
        wanted, match = ask.query.get("resourceVersion", ""), ask.query.get("resourceVersionMatch", "")
        now = self._store.version
        if match and not wanted:
            raise _invalid_match("resourceVersionMatch is forbidden unless resourceVersion is provided")
        if not wanted or wanted == "0":
            if match == "Exact":
                raise _invalid_match('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
            return now
        if not wanted.isdigit():
            raise status.bad_request("invalid resource version: " + not_a_version(wanted))
        version = int(wanted)
        if version > now:
            raise _too_large(version, now)
        exact = match == "Exact" or (ask.number("limit") and not match and ask.verb == "list")
        if exact and not self._store.remembers(home(ask.target.resource), version):
            raise status.expired("The resourceVersion for the provided list is too old.")
        return version if exact else now


def _too_large(version: int, now: int) -> ApiFailure:
    message = f"Timeout: Too large resource version: {version}, current: {now}"
    failure = ApiFailure(504, "Timeout", message, retry_after=1)
    failure.details["causes"] = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return failure


class Expired(Exception):
    """A 410 that hands out a token to go on with."""

    def __init__(self, document: Obj) -> None:
        super().__init__(document["message"])
        self.document = document


def _page(entries: Entries, test: Test | None, limit: int, after: Key | None) -> tuple[Entries, int, Key]:
    """Up to `limit` matching entries after a key, how many more there may be, and the last key taken."""
    start = 0 if after is None else bisect_right(entries, after, key=lambda entry: _key(entry.obj))
    chosen: Entries = []
    for at in range(start, len(entries)):
        entry = entries[at]
        if test is not None and not test(entry.obj):
            continue
        if limit and len(chosen) == limit:
            return chosen, len(entries) - at, _key(chosen[-1].obj)
        chosen.append(entry)
    return chosen, 0, ("", "")


def _key(obj: Obj) -> Key:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _list_bytes(resource: Resource, metadata: dict[str, Any], entries: Entries) -> bytes:
    head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata}
    return b"".join((encode(head)[:-1], b',"items":[', b",".join([entry.stored for entry in entries]), b"]}\n"))


def _token(version: int, key: Key | None) -> str:
    value = {"v": "meta.k8s.io/v1", "rv": version, "start": list(key or ("", ""))}
    return base64.urlsafe_b64encode(encode(value)).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, Key]:
    try:
        value = decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, name = value["start"]
        return int(value["rv"]), (str(namespace), str(name))
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise status.bad_request(
            "invalid continue token: continue key is not valid: it is none of this server's"
        ) from None


def not_a_version(text: str) -> str:
    """What is wrong with a resourceVersion that is no number."""
    return f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'


def _invalid_match(text: str) -> ApiFailure:
    cause = {"reason": "FieldValueForbidden", "message": f"Forbidden: {text}", "field": "resourceVersionMatch"}
    message = f'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: {text}'
    details = {"group": "meta.k8s.io", "kind": "ListOptions", "causes": [cause]}
    return ApiFailure(422, "Invalid", message, details)
