"""All the ways to ask, by the words of a contract."""

from collections.abc import Mapping
from typing import Final

from k8sai.evict.facts import MethodName
from k8sai.evict.method import Method
from k8sai.evict.methods.annotation import Annotation
from k8sai.evict.methods.evictionrequest import EvictionRequest
from k8sai.evict.methods.exec import Exec
from k8sai.evict.methods.http import Http
from k8sai.evict.methods.nothing import Nothing
from k8sai.evict.methods.signal import Signal
from k8sai.evict.methods.suspend import Suspend

METHODS: Final[Mapping[MethodName, Method]] = {
    "exec": Exec(),
    "http": Http(),
    "signal": Signal(),
    "evictionrequest": EvictionRequest(),
    "suspend": Suspend(),
    "annotation": Annotation(),
    "none": Nothing(),
}

# What no look beforehand can tell, for a plan to say.
LATER: Final[Mapping[MethodName, str]] = {
    "signal": "whether its processes handle the signal is looked at in the container, by `k8sai evict run`",
    "evictionrequest": "whether a controller acts on eviction requests is known 30 s after one was made",
    "suspend": "it saves while it is being stopped: what it saved is known only afterwards",
}
