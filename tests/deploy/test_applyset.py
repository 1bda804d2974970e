"""KEP-3659: ids, labels and annotations that every tool computes alike; what may be pruned."""

import pytest

from k8sai import __version__
from k8sai.deploy.applyset import (
    ID,
    KINDS,
    NAMESPACES,
    PART_OF,
    TOOLING,
    ApplySet,
    Contents,
    checked_name,
    group_kind,
    insist_on_spared,
    set_id,
    spared,
    split,
)
from k8sai.errors import Refused, Usage


@pytest.mark.parametrize(
    ("parent", "wanted"),
    [  # printf NAME.NAMESPACE.KIND.GROUP | openssl dgst -sha256 -binary | base64, with -_ for +/ and no padding
        (("k8sai-apply-web", "own", "ConfigMap", ""), "applyset-ffE4QFRj-_AYMgQrb7MCsBHxc6PFmRLL6CRxj3socVg-v1"),
        (("my-set", "default", "Secret", ""), "applyset-kdySOVBWs584aaOTmku9Ul1xDuN7LXBjs-R96jQcisk-v1"),
        (
            ("my-set", "kset", "ConfigMap", ""),
            "applyset-n0Fubq5rtt3sTltJbGJgIOrfGYt7Eq_SOWnC183fd9c-v1",
        ),  # kubectl 1.37
        (("team", "ml", "ApplySetParent", "example.com"), "applyset-bNQjxo0eLe8K4nVUTKiKLFvlPMXViGEQ8QlJpBrfv_4-v1"),
    ],
)
def test_the_id(parent: tuple[str, str, str, str], wanted: str) -> None:
    assert set_id(*parent) == wanted
    assert len(wanted) <= 63  # it is the value of a label


def test_the_parent_says_what_the_set_has() -> None:
    owner = ApplySet("web", "own")
    contents = Contents(frozenset({"Deployment.apps", "ConfigMap"}), frozenset({"own", "other"}))
    parent = owner.object(contents)
    assert parent == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "k8sai-apply-web",
            "namespace": "own",
            "labels": {ID: "applyset-ffE4QFRj-_AYMgQrb7MCsBHxc6PFmRLL6CRxj3socVg-v1"},
            "annotations": {
                TOOLING: f"k8sai/v{__version__}",
                KINDS: "ConfigMap,Deployment.apps",
                NAMESPACES: "other",
            },
        },
    }
    assert owner.contents(parent) == Contents(contents.kinds, frozenset({"other"}))
    assert owner.labels == {PART_OF: owner.id}


def test_no_parent_has_nothing() -> None:
    assert ApplySet("web", "own").contents(None) == Contents()


def test_another_tools_set_is_left_alone() -> None:
    owner = ApplySet("web", "own")
    parent = owner.object(Contents())
    parent["metadata"]["annotations"][TOOLING] = "kubectl/v1.37.0"
    with pytest.raises(Refused, match="belongs to kubectl/v1"):
        owner.contents(parent)


def test_a_configmap_that_is_no_parent_is_left_alone() -> None:
    with pytest.raises(Refused, match="is not the parent of this set"):
        ApplySet("web", "own").contents({"metadata": {"name": "k8sai-apply-web"}})


@pytest.mark.parametrize("name", ["", "Web", "a b", "-a", "a/b", "x" * 250])
def test_names_that_no_set_can_have(name: str) -> None:
    with pytest.raises(Usage):
        checked_name(name)


def test_a_kind_and_its_group() -> None:
    assert split(group_kind("apps", "Deployment")) == ("apps", "Deployment")
    assert split(group_kind("", "Service")) == ("", "Service")
    assert split("CronTab.stable.example.com") == ("stable.example.com", "CronTab")


CRD = "CustomResourceDefinition.apiextensions.k8s.io"


@pytest.mark.parametrize(
    ("kind", "also", "stays"),
    [
        ("Deployment.apps", (), False),
        ("PersistentVolumeClaim", (), True),
        ("Namespace", (), True),
        (CRD, (), True),
        ("PersistentVolumeClaim", ("pvc",), False),
        ("PersistentVolumeClaim", ("PersistentVolumeClaim",), False),
        ("PersistentVolumeClaim", ("persistentvolumeclaims",), False),
        ("PersistentVolumeClaim", ("ns", "crd"), True),
        ("Namespace", ("ns",), False),
        (CRD, ("crd",), False),
    ],
)
def test_what_is_spared(kind: str, also: tuple[str, ...], stays: bool) -> None:
    assert spared(kind, also) is stays


def test_only_kinds_that_stay_can_be_named_to_go() -> None:
    insist_on_spared(["pvc", "NS", "namespaces", "customresourcedefinition", "persistentvolumeclaims"])
    with pytest.raises(Usage, match="foo is no kind that stays unless it is named"):
        insist_on_spared(["pvc", "foo"])
