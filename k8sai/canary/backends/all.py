"""The backends there are. Adding one: its file, and one line here; the more particular before the more general."""

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from k8sai.canary.backend import Backend
from k8sai.canary.backends.flagger import Flagger
from k8sai.canary.backends.knative.backend import Knative
from k8sai.canary.backends.kserve_knative.backend import KServeKnative
from k8sai.canary.backends.kserve_standard.backend import KServeStandard
from k8sai.canary.backends.llmisvc.backend import LlmIsvcGroup
from k8sai.canary.backends.modelrewrite.backend import ModelRewrite
from k8sai.canary.backends.rollout.backend import Rollouts
from k8sai.canary.backends.routes.httproute import HttpRoute
from k8sai.canary.backends.routes.virtualservice import VirtualService
from k8sai.errors import NotFound, Refused, Usage

if TYPE_CHECKING:
    from k8sai.canary.facts import Json
    from k8sai.cluster.objects import Objects
    from k8sai.cluster.reading import Reading

BACKENDS: Final[tuple[Backend, ...]] = (
    KServeStandard(),
    LlmIsvcGroup(),
    KServeKnative(),
    Knative(),
    HttpRoute(),
    VirtualService(),
    ModelRewrite(),
    Flagger(),
    Rollouts(),
)  # fmt: skip

# Of each kind the versions that are understood; in another one a weight may be anywhere, or mean something else.
_VERSIONS: Final = {
    "inferenceservices.serving.kserve.io": ("v1beta1",),
    "llminferenceservices.serving.kserve.io": ("v1alpha2", "v1alpha1"),
    "services.serving.knative.dev": ("v1",),
    "httproutes.gateway.networking.k8s.io": ("v1", "v1beta1"),
    "virtualservices.networking.istio.io": ("v1", "v1beta1", "v1alpha3"),
    "inferencemodelrewrites.llm-d.ai": ("v1alpha2",),
    "inferencemodelrewrites.inference.networking.x-k8s.io": ("v1alpha2",),
    "canaries.flagger.app": ("v1beta1",),
    "rollouts.argoproj.io": ("v1alpha1",),
}


def by_name(name: str) -> Backend:
    """As `--backend` says it. Raises Usage."""
    found = next((one for one in BACKENDS if one.name == name), None)
    if found is None:
        raise Usage(f"there is no backend {name}", f"one of: {', '.join(one.name for one in BACKENDS)}")
    return found


def by_word(word: str) -> tuple[Backend, ...]:
    """Those whose targets users call so: `isvc`, or a kind in full. Raises Usage with a near word."""
    asked = word.lower()
    found = tuple(one for one in BACKENDS if asked in (*one.words, *one.kinds))
    if not found:
        words = sorted({known for one in BACKENDS for known in one.words})
        near = get_close_matches(asked, words, 1)
        hint = f"did you mean {near[0]}?" if near else f"one of: {', '.join(shortest_words())}"
        raise Usage(f"{word!r} is no kind that is rolled out", hint)
    return found


def shortest_words() -> list[str]:
    """How targets are named on a command line, each kind once."""
    return list(dict.fromkeys(one.words[0] for one in BACKENDS))


def served_kinds(backends: tuple[Backend, ...], objects: "Objects", server: str) -> list[str]:
    """Those of their kinds that the cluster has; one that has moved may be there in both its groups. Raises NotFound,
    which names the groups that were looked for.
    """
    kinds = list(dict.fromkeys(kind for one in backends for kind in one.kinds))
    found = [kind for kind in kinds if objects.served(kind)]
    if not found:
        raise NotFound(f"{server} serves none of {', '.join(kinds)}", "install it, or name the cluster with --context")
    return found


def insist_on_known(kind: str, target: "Json", title: str) -> None:
    """Raises Refused, with the versions that were looked for, where it is served in none of them."""
    group, _, version = str(target["apiVersion"]).rpartition("/")
    known = _VERSIONS[kind]
    if version not in known:
        looked = ", ".join(f"{group}/{one}" for one in known)
        raise Refused(f"{title} is served as {group}/{version}; looked for {looked}", "a newer k8sai may know it")


def taking(backends: tuple[Backend, ...], target: "Json", title: str, read: "Reading") -> Backend:
    """The backend that an object, configured as it is, is rolled out by. Raises Refused."""
    found = next((one for one in backends if one.takes(target, read)), None)
    if found is None:
        names = ", ".join(dict.fromkeys(one.name for one in backends))
        raise Refused(f"{title} is not configured for a canary of any kind k8sai knows ({names})", "docs/canary.md")
    return found
