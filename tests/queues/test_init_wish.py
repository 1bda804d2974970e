"""What people type for `queue init`, and the sentence they get where it cannot be meant."""

from fractions import Fraction
from typing import Any

import pytest

from k8sai.errors import Usage
from k8sai.queues.setup.wish import Team, Wish, wish


def asked(**more: Any) -> Wish:
    given = {"teams": "", "cohort": "", "headroom": "5%", "topology": "auto", "namespaces_of": (), "namespace": "here"}
    return wish(**(given | more))


def test_without_teams_there_is_one_queue_for_everybody() -> None:
    assert asked() == Wish((Team("cluster"),), "", Fraction(5, 100), None, ("here",))


def test_teams_have_weights_and_namespaces_and_lend_to_each_other() -> None:
    found = asked(teams="a=60, b=40,c", namespaces_of=["b=b-dev,b-prod", "b=b-test"])
    assert found.teams == (
        Team("a", Fraction(60), ("a",)),
        Team("b", Fraction(40), ("b-dev", "b-prod", "b-test")),
        Team("c", Fraction(1), ("c",)),
    )
    assert (found.cohort, found.local) == ("teams", ())
    assert asked(teams="a").cohort == ""
    assert asked(teams="a", cohort="ai").cohort == "ai"


def test_headroom_and_topology() -> None:
    assert asked(headroom="12.5%").headroom == Fraction(1, 8)
    assert asked(headroom="0").headroom == 0
    assert asked(topology="none").levels == ()
    assert asked(topology="rack,kubernetes.io/hostname").levels == ("rack", "kubernetes.io/hostname")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"teams": "A=1"}, "'A' cannot be the name of a queue"),
        ({"teams": "a=1,a=2"}, "a is there twice"),
        ({"teams": "a=-1"}, "a weight is a number"),
        ({"teams": "a=0,b=0"}, "nobody would get anything"),
        ({"teams": ","}, "nobody would get anything"),
        ({"teams": "a", "namespaces_of": ["b=b"]}, "b is no team"),
        ({"teams": "a,b", "namespaces_of": ["a=b"]}, "namespace b is given to a and to b"),
        ({"teams": "a", "namespaces_of": ["a"]}, "'a' is not TEAM=NAMESPACE"),
        ({"teams": "a", "namespaces_of": ["a=Not/One"]}, "is not TEAM=NAMESPACE"),
        ({"cohort": "No!"}, "'No!' is no name"),
        ({"headroom": "100%"}, "'100%' is no percentage below 100"),
        ({"headroom": "some"}, "'some' is no percentage"),
        ({"topology": "a,a"}, "'a,a' is neither auto nor none"),
        ({"topology": "kubernetes.io/hostname,rack"}, "can only be the last level"),
    ],
)
def test_what_cannot_be_meant(given: dict[str, Any], said: str) -> None:
    with pytest.raises(Usage, match=said.replace("(", r"\(")):
        asked(**given)
