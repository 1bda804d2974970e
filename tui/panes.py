"""The panes there are, in the order of their number keys. Adding one: its file, and one line here."""

from typing import Final

from k8sai.tui.canaries import CanariesPane
from k8sai.tui.canary import CanaryPane
from k8sai.tui.clusters import Clusters
from k8sai.tui.contexts import Contexts
from k8sai.tui.events import EventsPane
from k8sai.tui.eviction import EvictionPane
from k8sai.tui.evictions import EvictionsPane
from k8sai.tui.map import Map
from k8sai.tui.node import NodePane
from k8sai.tui.nodes import Nodes
from k8sai.tui.pane import Pane
from k8sai.tui.pending import Pending
from k8sai.tui.pods import Pods
from k8sai.tui.products import Products
from k8sai.tui.queues import QueuesPane
from k8sai.tui.teams import Teams
from k8sai.tui.waiting import WaitingPane
from k8sai.tui.workloads import Workloads

PANES: Final[tuple[type[Pane], ...]] = (Nodes, Map, Workloads, Pods, Pending, Teams, QueuesPane, Products, EventsPane)
OPENED: Final[tuple[type[Pane], ...]] = (
    NodePane,
    WaitingPane,
    CanariesPane,
    CanaryPane,
    EvictionsPane,
    EvictionPane,
    Contexts,
    Clusters,
)  # reached by Enter or `:`, on a subject
NAMED: Final = (*PANES, *(pane for pane in OPENED if pane.home == pane.stem))  # a user goes there by name


def named(word: str) -> type[Pane] | None:
    """The pane a user means by a word typed after `:`; None when there is none."""
    word = word.lower()
    opened = (pane for pane in OPENED if word in pane.words)
    return next((pane for pane in PANES if word == pane.stem or word in pane.words), next(opened, None))
