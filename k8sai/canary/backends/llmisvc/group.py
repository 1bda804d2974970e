"""A routing group of LLMInferenceServices: what a member is, and the arithmetic of proportional weights.

A member gets weight / sum of all members' weights; 0 to 1,000,000 each. A group needs a weight, and a weight a group.
https://github.com/kserve/kserve/blob/v0.20.0/pkg/apis/serving/v1alpha2/llm_inference_service_types.go
"""

from typing import Final

from k8sai.canary.facts import Json

KIND: Final = "llminferenceservices.serving.kserve.io"
API: Final = "serving.kserve.io/v1alpha2"  # status.router.group is told in no other
LABEL: Final = "serving.kserve.io/routing-group"  # KServe's webhook writes it
MOST: Final = 1_000_000
FINE: Final = 9_900  # with it every whole percent is exact to a hundredth, and 99 % below the most
_EXACT: Final = 0.05  # points


def route_of(member: Json) -> Json:
    """`spec.router.route`; {} where it has none."""
    return ((member.get("spec") or {}).get("router") or {}).get("route") or {}


def group_of(member: Json) -> str | None:
    """The group it is in."""
    return route_of(member).get("group")


def weight_of(member: Json) -> int:
    """0 where it has none."""
    return int(route_of(member).get("weight") or 0)


def model_name(member: Json) -> str:
    """What it answers to; members of other names are left out of each other's routes."""
    return str(((member.get("spec") or {}).get("model") or {}).get("name") or member["metadata"]["name"])


def model_names(member: Json) -> list[str]:
    """Its own and those of its adapters: all of them must be the same in both members."""
    lora = ((member.get("spec") or {}).get("model") or {}).get("lora") or {}
    adapters = {str(one["name"]) for one in lora.get("adapters") or () if one.get("name")}
    return sorted({model_name(member), *adapters})


def replicas_of(member: Json) -> int | None:
    """Asked for; None where an autoscaler has the say."""
    spec = member.get("spec") or {}
    if spec.get("scaling"):
        return None
    return int(spec.get("replicas", 1))


def ready_of(member: Json) -> int:
    """As KServe has counted them."""
    primary = ((member.get("status") or {}).get("workloads") or {}).get("primary") or {}
    return int(primary.get("readyReplicas") or 0)


def weight_for(percent: int, stable: int) -> int:
    """The canary's weight beside the stable one's: round(Ws * P / (100 - P)). ValueError for 100."""
    if not 0 <= percent < 100:
        raise ValueError(f"{percent} % needs the stable weight to be 0")
    return (2 * stable * percent + 100 - percent) // (2 * (100 - percent))


def percent_of(stable: int, canary: int) -> float:
    """Of the canary; 0 where neither has a weight."""
    total = stable + canary
    return 100 * canary / total if total else 0.0


def fine(stable: int) -> bool:
    """Every whole percent can be said with it, nearly exactly and within the most."""
    if not stable or weight_for(99, stable) > MOST:
        return False
    return all(abs(percent_of(stable, weight_for(one, stable)) - one) < _EXACT for one in range(1, 100))


def stable_weight(now: int) -> int:
    """What the stable member weighs while a rollout is on; its own weight where that is fine enough."""
    return now if fine(now) else FINE
