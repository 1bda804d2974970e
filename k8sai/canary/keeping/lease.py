"""Who holds a rollout: the Lease of one target, in the words of `canary`."""

from typing import TYPE_CHECKING

from k8sai.canary.facts import Ref
from k8sai.canary.keeping import names
from k8sai.canary.keeping.kept import Kept
from k8sai.holding import lease
from k8sai.holding.lease import Claim, Clock

if TYPE_CHECKING:
    from k8sai.cluster.writing import Writer


class Lease(lease.Lease):
    """The Lease of one target, for one process; the state knows the last epoch."""

    def __init__(
        self, writer: "Writer", ref: Ref, holder: str, *, clock: Clock | None = None, background: bool = True
    ) -> None:
        super().__init__(writer, _claim(writer, ref), holder, clock=clock, background=background)


def _claim(writer: "Writer", ref: Ref) -> Claim:
    place, where = names.lease_at(ref), f"{ref.title} -n {ref.namespace}"
    kept = Kept(writer, ref)
    return Claim(
        place,
        names.metadata(place, ref, "lease"),
        f"the canary of {ref.title}",
        f"`k8sai canary status {where}`",
        f"`k8sai canary status {where}` shows what it does; `k8sai canary rollback {where} --steal` takes it away",
        "the same command again goes on, once the server is back",
        last=lambda: held.state.epoch if (held := kept.peek()) else 0,
        doing=lambda: held.state.phase if (held := kept.peek()) else "",
    )
