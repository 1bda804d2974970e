"""Logs over real HTTP: lines however they come, an end from either side, refusals."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from k8sai.cluster.logs import Logged
from k8sai.cluster.objects import LiveObjects
from k8sai.errors import ClusterError, Forbidden, K8saiError, NotFound
from tests.cluster.scripted_api import Answer, ScriptedApi, connected, refused, scripted

LOG = "/api/v1/namespaces/ml/pods/train-0/log"


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted() as server:
        yield server


def objects(api: ScriptedApi, tmp_path: Path) -> LiveObjects:
    return LiveObjects(connected(api, tmp_path))


def test_lines_are_whole_however_they_are_cut(api: ScriptedApi, tmp_path: Path) -> None:
    api.on(LOG, Answer(body=(b"one\ntw", b"o\n", b"\xe8\xa1", b"\xa8\r\nla", b"st \xff")))
    log = objects(api, tmp_path).logs("ml", "train-0", "main", follow=False, previous=False, tail=500)
    assert list(log) == ["one", "two", "表", "last �"]
    assert api.of(LOG)[0].query == {"container": "main", "tailLines": "500"}


def test_what_is_asked_for_is_asked(api: ScriptedApi, tmp_path: Path) -> None:
    api.on(LOG, Answer(body=(b"x\n",)))
    found = objects(api, tmp_path)
    assert isinstance(found, Logged)
    list(found.logs("ml", "train-0", "a", follow=True, previous=False, tail=1, times=True))
    list(found.logs("ml", "train-0", "a", follow=True, previous=True, tail=1))
    assert [asked.query for asked in api.of(LOG)] == [
        {"container": "a", "tailLines": "1", "follow": "true", "timestamps": "true"},
        {"container": "a", "tailLines": "1", "previous": "true"},
    ]


def test_a_log_that_goes_on_is_ended_from_another_thread(api: ScriptedApi, tmp_path: Path) -> None:
    api.on(LOG, Answer(body=(b"one\n",), hold=True))
    log = objects(api, tmp_path).logs("ml", "train-0", "main", follow=True, previous=False, tail=500)
    lines = iter(log)
    assert next(lines) == "one"
    rest: list[str] = []
    reader = Thread(target=lambda: rest.extend(lines), daemon=True)
    reader.start()
    log.close()
    reader.join(10)
    assert not reader.is_alive()
    assert rest == []


def test_a_line_without_an_end_does_not_fill_the_memory(api: ScriptedApi, tmp_path: Path) -> None:
    api.on(LOG, Answer(body=tuple(b"x" * 60_000 for _ in range(10))))
    (line,) = objects(api, tmp_path).logs("ml", "train-0", "main", follow=True, previous=False, tail=500)
    assert set(line) == {"x"} and len(line) == 16_384


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (refused(404, "NotFound", 'pods "train-0" not found'), NotFound, "train-0"),
        (
            refused(
                403,
                "Forbidden",
                'User "ann" cannot get resource "pods/log" in API group "" in the namespace "ml"',
            ),
            Forbidden,
            "pods/log",
        ),
        (refused(400, "BadRequest", 'container "main" in pod "train-0" is waiting to start'), K8saiError, "waiting"),
    ],
)
def test_a_refusal_is_a_sentence(
    api: ScriptedApi, tmp_path: Path, answer: Answer, error: type[K8saiError], words: str
) -> None:
    api.on(LOG, answer)
    with pytest.raises(error) as caught:
        objects(api, tmp_path).logs("ml", "train-0", "main", follow=True, previous=False, tail=500)
    assert words in caught.value.message


def test_a_connection_that_breaks_is_an_error_and_not_an_end(api: ScriptedApi, tmp_path: Path) -> None:
    api.on(LOG, Answer(body=(b"one\n",), cut=True))
    lines = iter(objects(api, tmp_path).logs("ml", "train-0", "main", follow=True, previous=False, tail=500))
    assert next(lines) == "one"
    with pytest.raises(ClusterError):
        next(lines)
