"""`top --by idle` where Prometheus refuses, warns, or has to be found: what is not proved is not idle."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8sai.errors import Exit
from tests.cluster.scripted_api import Answer, Asked, forbidden, listed
from tests.commands.idle_cluster import Cluster, api, four, node, pod, prom, sums, top, view
from tests.commands.prometheus import Prometheus

__all__ = ["api", "prom"]  # fixtures


@pytest.mark.parametrize("address", ["mon/prom:9090", "{}/prom"])
def test_a_range_that_is_refused(address: str, api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    four(api, prom)
    prom.serve(api, "/prom")
    said = {"status": "error", "errorType": "execution", "error": "query processing would load too many samples"}
    prom.refuse_ranges = Answer(422, json.dumps(said).encode())
    ran = top(api, tmp_path, "--prometheus", address.format(api.url), "-o", "json")
    assert ran.code == Exit.PARTIAL
    assert "refused the query: query processing would load too many samples" in ran.err
    found = json.loads(ran.out)
    assert sums(found) == (0, 1, 2, {"short": 2}), "what is busy now is busy"
    assert not found["complete"] and found["totals"]["used"] == 3


def test_warnings_make_idle_unknown(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    four(api, prom)
    prom.warnings = ["No StoreAPIs matched for this query"]
    ran = top(api, tmp_path, "--prometheus", "mon/prom:9090", "--by", "idle")
    assert ran.code == Exit.PARTIAL
    assert "0 of 3 held cards idle" in ran.out and "2 unknown: 2 the meter's answer was partial" in ran.out
    assert "Prometheus answered in part: No StoreAPIs matched for this query" in ran.err
    prom.warnings = ["PromQL info: metric might not be a counter"]
    assert sums(view(api, tmp_path)) == (2, 1, 0, {})


def test_no_source_no_word(api: Cluster, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"))
    bare = json.loads(top(api, tmp_path, "-o", "json").out)
    assert (bare["idle"], bare["idleTotal"], bare["idleReason"]) == (None, None, "no meter was asked")
    found = view(api, tmp_path, code=Exit.PARTIAL)
    assert (found["idle"] is None and "does not exist" in found["idleReason"]) or "no such path" in found["idleReason"]
    ran = top(api, tmp_path, "--by", "idle")
    assert ran.code == Exit.USAGE and "only a meter knows which cards are idle" in ran.err


# --- which Prometheus -------------------------------------------------------------------------------------------------


def service(name: str, namespace: str, port: int = 9090) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"ports": [{"name": "web", "port": port}]}}


def test_prometheus_is_found_by_itself(api: Cluster, prom: Prometheus, tmp_path: Path) -> None:
    """Of two the one that has the metrics; the other is another team's."""
    four(api, prom)
    empty = Prometheus()
    empty.serve(api, "/api/v1/namespaces/apps/services/prometheus-operated:9090/proxy")
    named = {"prometheus-operated": service("prometheus-operated", "apps"), "prom": service("prom", "mon")}

    def services(asked: Asked) -> Answer:
        if asked.query.get("labelSelector") == "app.kubernetes.io/name=prometheus":
            return listed(named["prom"])
        field = asked.query.get("fieldSelector", "")
        return listed(*[one for name, one in named.items() if field == f"metadata.name={name}"])

    api.on("/api/v1/services", services)
    ran = top(api, tmp_path, "--by", "idle", "--prometheus", "auto")
    assert ran.code == Exit.OK and "2 of 3 held cards idle" in ran.out
    assert ran.err == "note: the Prometheus asked is mon/prom:9090\n"


@pytest.mark.parametrize(
    ("services", "sentence"),
    [
        (listed(), "no Service of this cluster looks like a Prometheus"),
        (listed(service("prometheus", "apps")), "no Prometheus of this cluster answers (apps/prometheus:9090)"),
        (forbidden("list", "services"), "forbids ann to list services in the whole cluster"),
    ],
    ids=["none", "silent", "forbidden"],
)
def test_no_prometheus_to_be_found(services: Answer, sentence: str, api: Cluster, tmp_path: Path) -> None:
    api.has(node("n1"), pod("a", "n1", "GPU-0"))
    api.on("/api/v1/services", services)
    ran = top(api, tmp_path, "--by", "idle", "--prometheus", "auto")
    assert ran.code == Exit.PARTIAL and sentence in ran.err
