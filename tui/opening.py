"""What a command's flags say before the screen opens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opening:
    """On the screen they are what a user would have typed: the filters of `/`, which esc takes away, and the sort."""

    nodes: str = ""  # filter of the nodes
    pods: str = ""  # filter of the panes whose rows are pods
    sort: str = "name"  # of the nodes
    reverse: bool = False
    every: bool = False  # nodes without GPUs too
