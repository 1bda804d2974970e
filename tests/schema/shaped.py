"""Objects for properties: of one kind, with every way of merging in it.

Lists that are merged are never empty: one of those is the same as none, and the real rules do not tell whose it is.
"""

from typing import Any

from hypothesis import strategies as st

from k8sai.schema.lists import shape_of

Json = dict[str, Any]
SHAPE = shape_of("v1", "Pod")

_names = st.sampled_from(["a", "b", "c"])
_texts = st.sampled_from(["1", "2", "3"])
_maps = st.dictionaries(_names, _texts, max_size=3)
_ports = st.lists(
    st.fixed_dictionaries(
        {"containerPort": st.sampled_from([80, 443])},
        optional={"protocol": st.sampled_from(["TCP", "UDP"]), "name": _texts},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda port: f"{port['containerPort']} {port.get('protocol', 'TCP')}",
)
_env = st.lists(
    st.fixed_dictionaries({"name": _names}, optional={"value": _texts}),
    min_size=1,
    max_size=3,
    unique_by=lambda one: str(one["name"]),
)
_containers = st.lists(
    st.fixed_dictionaries(
        {"name": _names},
        optional={
            "image": _texts,
            "command": st.lists(_texts, max_size=2),
            "env": _env,
            "ports": _ports,
            "resources": st.fixed_dictionaries({}, optional={"limits": _maps}),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda one: str(one["name"]),
)
objects = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.fixed_dictionaries(
            {}, optional={"labels": _maps, "finalizers": st.lists(_names, min_size=1, max_size=3, unique=True)}
        ),
        "spec": st.fixed_dictionaries(
            {},
            optional={
                "containers": _containers,
                "nodeSelector": _maps,
                "tolerations": st.lists(st.fixed_dictionaries({"key": _names}), max_size=2),
                "hostNetwork": st.booleans(),
            },
        ),
    },
)


def tidy(value: Any) -> Any:
    """Without what is null or empty: removing the last of something leaves no trace that matters."""
    if isinstance(value, dict):
        found = {key: tidy(one) for key, one in value.items()}
        return {key: one for key, one in found.items() if one not in (None, {}, [])}
    return [tidy(one) for one in value] if isinstance(value, list) else value
