"""Texts that recipes put into objects are what the programs that read them expect: YAML, CSV, JSON, queries."""

import csv
import json
from itertools import product
from typing import Any

import pytest
import yaml

from k8sai.cookbook.library import BUILT_IN, built_in
from k8sai.cookbook.recipe import load
from k8sai.cookbook.render import render

Json = dict[str, Any]

CARDS = {
    "A30-24GB": (24, 4),
    "A100-40GB": (40, 7),
    "A100-80GB": (80, 7),
    "H100-80GB": (80, 7),
    "GH200-96GB": (96, 7),
    "H200-141GB": (141, 7),
    "B200-180GB": (180, 7),
}  # gigabytes and slices of a card
SETS = ("small", "medium", "half", "whole", "balanced")
BACKENDS = ("native", "kueue", "volcano", "kai", "coscheduling")


def made(name: str, /, **values: Any) -> list[Json]:
    recipe = load(built_in() / name, BUILT_IN, trusted=True)
    return [each.object for each in render(recipe, values).manifests]


@pytest.mark.parametrize("method", ["timeslice", "mps"])
def test_the_device_plugin_reads_how_to_share(method: str) -> None:
    (config,) = made("gpu-share", method=method, replicas=3, rename=True)
    assert yaml.safe_load(config["data"]["any"]) == {"version": "v1", "sharing": {}}
    sharing = yaml.safe_load(config["data"][f"{method}-3"])["sharing"]
    (way,) = sharing.values()
    assert way["resources"] == [{"name": "nvidia.com/gpu", "replicas": 3}]
    assert way["renameByDefault"] is True
    assert way.get("failRequestsGreaterThanOne") is (True if method == "timeslice" else None)


@pytest.mark.parametrize(("card", "parts"), [each for each in product(CARDS, SETS) if each != ("A30-24GB", "medium")])
def test_parts_fit_their_card(card: str, parts: str) -> None:
    (config,) = made("mig-config", product=card, profile_set=parts)
    ways = yaml.safe_load(config["data"]["config.yaml"])["mig-configs"]
    assert ways["all-disabled"] == [{"devices": "all", "mig-enabled": False}]
    (cut,) = ways[parts]
    memory, slices = CARDS[card]
    assert cut["devices"] == "all"
    assert all(each.startswith("0x") and each.endswith("10DE") for each in cut["device-filter"])
    sizes = [
        (int(profile.split("g.")[0]), int(profile.split("g.")[1][:-2]), n) for profile, n in cut["mig-devices"].items()
    ]
    assert sum(share * n for share, _, n in sizes) <= slices
    assert sum((size - 1) * n for _, size, n in sizes) < memory  # a profile's size is rounded up


def test_counters_are_three_columns_and_the_profilers_come_with_their_capability() -> None:
    for profiling in (False, True):
        config, daemons, _ = made("dcgm-exporter", profiling=profiling)
        rows = list(csv.reader(config["data"]["counters.csv"].splitlines(), skipinitialspace=True))
        assert {len(row) for row in rows} == {3}
        assert any(row[0].startswith("DCGM_FI_PROF_") for row in rows) is profiling
        (container,) = daemons["spec"]["template"]["spec"]["containers"]
        assert container["securityContext"]["capabilities"].get("add") == (["SYS_ADMIN"] if profiling else None)


@pytest.mark.parametrize("by", ["pod", "namespace", "node"])
@pytest.mark.parametrize("exported", [False, True])
def test_the_dashboard_is_json_that_grafana_loads(by: str, exported: bool) -> None:
    (sidecar,) = made("gpu-dashboard", by=by, exported_labels=exported)
    (operator,) = made("gpu-dashboard", by=by, exported_labels=exported, style="operator")
    assert sidecar["data"]["gpu.json"] == operator["spec"]["json"]
    board = json.loads(operator["spec"]["json"])
    panels = board["panels"]
    assert [each["id"] for each in panels] == list(range(1, len(panels) + 1))
    assert {each["type"] for each in panels} == {"timeseries"}
    assert {each["datasource"]["uid"] for each in panels} == {"${datasource}"}
    places = {(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels}
    assert len(places) == len(panels)
    assert not any("FB_TOTAL" in each["targets"][0]["expr"] for each in panels)


def test_errors_that_programs_make_wake_nobody() -> None:
    (rule,) = made("gpu-alerts", ignore_xids=[13, 43])
    (alert,) = [each for each in rule["spec"]["groups"][0]["rules"] if each.get("alert") == "GpuXid"]
    errors = "DCGM_FI_DEV_XID_ERRORS"
    assert alert["expr"] == f"{errors} > 0 unless {errors} == 13 unless {errors} == 43"


@pytest.mark.parametrize("backend", BACKENDS)
def test_whoever_binds_a_gang_is_told_how_many_it_is(backend: str) -> None:
    objects = made("gang", name="train", size=4, backend=backend, image="example.com/a:1", queue="team-a")
    (job,) = [each for each in objects if each["kind"] == "Job"]
    groups = [each for each in objects if each["kind"] == "PodGroup"]
    pod, meta = job["spec"]["template"]["spec"], job["spec"]["template"]["metadata"]
    assert (job["spec"]["parallelism"], job["spec"]["completions"]) == (4, 4)
    match backend:
        case "native":
            assert groups[0]["spec"]["schedulingPolicy"] == {"gang": {"minCount": 4}}
            assert pod["schedulingGroup"] == {"podGroupName": "train"}
        case "kueue":
            assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "team-a"
            assert "suspend" not in job["spec"]  # it is Kueue's: applied again, it would stop what runs
        case "volcano":
            assert groups[0]["spec"] == {"minMember": 4, "queue": "team-a"}
            assert meta["annotations"] == {"scheduling.k8s.io/group-name": "train"}
        case "kai":
            assert job["metadata"]["annotations"] == {"kai.scheduler/batch-min-member": "4"}
            assert meta["labels"]["kai.scheduler/queue"] == "team-a"
        case _:
            assert groups[0]["spec"]["minMember"] == 4
            assert meta["labels"]["scheduling.x-k8s.io/pod-group"] == "train"
    wanted = {"volcano": "volcano", "kai": "kai-scheduler", "coscheduling": "scheduler-plugins-scheduler"}
    assert pod.get("schedulerName") == wanted.get(backend)
