"""What a command's flags say before the screen opens."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Opening:
    """On the screen they are what a user would have typed: the filters of `/`, which esc takes away, and the sort.

    What is not said leaves a pane as it was remembered.
    """

    nodes: str = ""  # filter of the nodes
    pods: str = ""  # filter of the panes whose rows are pods
    sort: str = "name"  # of the nodes
    reverse: bool = False
    every: bool = False  # nodes without GPUs too
    pane: str = ""  # which is in front
    subject: Mapping[str, str] = field(default_factory=dict)  # on what it is opened
    ends: bool = False  # the screen is left when what it is opened on has ended

    @property
    def sorts(self) -> bool:
        """Whether the flags ask for an order of the nodes."""
        return self.sort != "name" or self.reverse

    def stem(self) -> str:
        """The pane the flags are about; "" where they say nothing of one."""
        return self.pane or ("nodes" if self.nodes or self.sorts or self.every else "")
