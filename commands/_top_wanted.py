"""What the flags of `top` ask for, and which of them contradict each other."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from k8sai.cluster.options import Options
from k8sai.commands import _flags
from k8sai.commands._lists import By
from k8sai.errors import Usage

if TYPE_CHECKING:
    from k8sai.commands._meters import Meter
    from k8sai.fleet.picture import Scope

Output = Literal["table", "wide", "json", "yaml", "csv", "name"]
Sort = Literal["name", "product", "free", "used", "unhealthy", "pending", "largest", "zone", "age"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the flags ask for, free of contradictions."""

    options: Options
    names: tuple[str, ...]
    screen: bool
    output: Output | None
    by: By | None
    watch: bool
    plain: bool
    recording: Path | None
    labels: str
    product: str
    sort: Sort
    reverse: bool
    every_node: bool
    headings: bool
    meter: "Meter | None"

    @property
    def shows_bars(self) -> bool:
        """What is printed has the slot bars of nodes, on a terminal that shows them."""
        return self.by in (None, "node") and self.output in (None, "table", "wide") and not self.plain

    def scope(self) -> "Scope":
        """The part of the cluster that is shown."""
        from k8sai.fleet.picture import Scope
        from k8sai.fleet.query import NodeQuery, PodQuery
        from k8sai.selectors import selector

        nodes = NodeQuery(
            labels=self.labels,
            sort=self.sort,
            reverse=self.reverse,
            gpu_only=not self.every_node,
        )
        if self.labels:
            selector(self.labels)  # what is wrong with it is said before a cluster is asked
        return Scope(nodes, PodQuery(namespace=self.options.namespace), self.product, self.names)


def refuse_contradictions(wanted: Wanted, *, once: bool, every_namespace: bool) -> None:
    """Before anything is read: each pair of flags that cannot both be meant gets its sentence. Raises Usage."""
    connection = [flag for flag in _flags.given(wanted.options) if flag != "--namespace"]
    if every_namespace and wanted.options.namespace:
        raise Usage("-n and -A contradict each other", "leave one of them out")
    if wanted.recording and connection:
        raise Usage(f"--from reads no cluster, so {connection[0]} means nothing with it", "leave one of them out")
    if wanted.recording and wanted.meter is not None:
        flag = "--prometheus" if wanted.meter.remembers else "--dcgm"
        raise Usage(f"--from reads no cluster, so {flag} means nothing with it", "leave one of them out")
    if wanted.recording and wanted.watch:
        raise Usage("a recording does not change: --from and -w cannot go together", "leave one of them out")
    if wanted.watch and once:
        raise Usage("--once ends at once and -w goes on: they cannot go together", "leave one of them out")
    if wanted.watch and wanted.output not in (None, "json"):
        raise Usage(f"-w prints lines, or documents with -o json; not -o {wanted.output}", "`k8sai top -w -o json`")
    if wanted.watch and wanted.by:
        raise Usage("-w follows nodes and pods at once, so --by means nothing with it", "leave one of them out")
    if wanted.by and wanted.output in ("json", "yaml"):
        raise Usage(
            f"-o {wanted.output} has every list, so --by means nothing with it", f"`k8sai top -o {wanted.output}`"
        )
    if wanted.by == "idle" and wanted.recording:
        raise Usage("--from reads no meter, so --by idle means nothing with it", "leave one of them out")
    if wanted.by == "idle" and wanted.meter is None:
        raise Usage(
            "only a meter knows which cards are idle", "`k8sai top --by idle --prometheus auto`, or --dcgm --window 60s"
        )
    if wanted.by == "idle" and wanted.meter is not None and not (wanted.meter.remembers or wanted.meter.watch):
        raise Usage(
            "the exporters know no past, and one look proves no card idle",
            "`k8sai top --by idle --dcgm --window 60s` watches them for a minute",
        )
    if wanted.reverse and wanted.sort == "name" and wanted.by not in (None, "node", "card"):
        raise Usage("--reverse orders nodes, and --by shows something else", "leave one of them out")
    if wanted.sort != "name" and wanted.by not in (None, "node", "card"):
        raise Usage("--sort-by orders nodes, and --by shows something else", "leave one of them out")
