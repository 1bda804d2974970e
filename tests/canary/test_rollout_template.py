"""Pod templates: what is wished, what means the same, and patches that test all that they change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sai.canary.backends.rollout.template import covers, form, operations, wished
from k8sai.canary.facts import Json, Wish
from k8sai.canary.running.patched import patched
from k8sai.errors import Refused, Usage
from tests.canary.rollouts import V1, V2, rollout


def template(**container: Any) -> Json:
    made: Json = rollout()["spec"]["template"]
    made["spec"]["containers"][0] |= container
    return made


def limits(**amounts: Any) -> Json:
    return template(resources={"limits": {key.replace("_", "."): value for key, value in amounts.items()}})


def test_an_image_is_of_the_only_container() -> None:
    new = wished(template(), Wish(image=V2))
    assert new["spec"]["containers"][0]["image"] == V2
    assert template()["spec"]["containers"][0]["image"] == V1


def test_of_several_containers_one_is_named() -> None:
    two = template()
    two["spec"]["containers"].append({"name": "proxy", "image": "envoy:1"})
    with pytest.raises(Usage, match="it has several containers") as raised:
        wished(two, Wish(image=V2))
    assert raised.value.hint == "--container, of main, proxy"
    new = wished(two, Wish(image=V2, container="proxy"))
    assert [one["image"] for one in new["spec"]["containers"]] == [V1, V2]
    with pytest.raises(Usage, match="there is no container sidecar"):
        wished(two, Wish(image=V2, container="sidecar"))


def test_values_and_patches_are_of_the_pod_template() -> None:
    wish = Wish(values={"spec.containers[0].args[0]": "--port=9000"}, patch={"metadata": {"labels": {"tier": "gold"}}})
    new = wished(template(), wish)
    assert new["spec"]["containers"][0]["args"] == ["--port=9000"]
    assert new["metadata"]["labels"] == {"app": "chat", "tier": "gold"}


@pytest.mark.parametrize(
    ("wish", "error", "said"),
    [
        (Wish(), Usage, "it needs a new version"),
        (Wish(image=V1), Usage, "that is the version that runs already"),
        (Wish(model_uri="hf://x"), Usage, "is --image, --set or -f"),
        (Wish(to="svc/chat-v2"), Usage, "is --image, --set or -f"),
        (Wish(image=V2, name="chat-v2"), Usage, "no name of its own"),
        (Wish(image=V2, headers={"a": "b"}), Refused, "setHeaderRoute"),
        (Wish(image=V2, warm_replicas=2), Refused, "setCanaryScale"),
        (Wish(image=V2, swap=True), Refused, "maxSurge"),
    ],
)
def test_what_a_rollout_decides_itself_is_not_taken(wish: Wish, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        wished(template(), wish)


def test_the_same_amount_spelled_otherwise_means_the_same() -> None:
    assert form(limits(cpu=0.5, memory="1024Mi", nvidia_com=1)) == form(
        limits(cpu="500m", memory="1Gi", nvidia_com="1")
    )
    assert form(limits(cpu="500m")) != form(limits(cpu="501m"))


def test_what_says_nothing_makes_no_other_version() -> None:
    spelled = template(env=[], securityContext={})
    spelled["metadata"]["creationTimestamp"] = None
    assert form(spelled) == form(template())
    assert form(template(args=["--port=8000 "])) != form(template())


def test_a_replicaset_has_what_the_server_adds() -> None:
    whole = template(imagePullPolicy="Always", resources={"limits": {"nvidia.com/gpu": "1"}})
    whole["metadata"]["labels"]["rollouts-pod-template-hash"] = "abc"
    assert covers(whole, template())
    assert not covers(whole, template(image=V2))
    assert not covers(whole, template(args=["--port=8000", "--more"]))


VALUES = st.recursive(
    st.one_of(st.integers(-3, 3), st.booleans(), st.text("a/~0", max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab/~", max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c/d", "e~f"]), VALUES, max_size=4)


@given(OBJECTS, OBJECTS)
def test_a_patch_makes_the_new_of_the_old_and_tests_all_that_it_changes(old: Json, new: Json) -> None:
    tests, changes = operations({"x": old}, {"x": new}, "")
    assert patched({"x": old}, tests + changes) == {"x": new}
    assert [one["path"] for one in tests] == [one["path"] for one in changes]
    assert bool(changes) == (old != new)


def test_an_image_alone_is_one_line() -> None:
    path = "/spec/template/spec/containers/0/image"
    assert operations(template(), template(image=V2), "/spec/template") == (
        [{"op": "test", "path": path, "value": V1}],
        [{"op": "replace", "path": path, "value": V2}],
    )
