"""`top` full screen: the flags as what a user would have typed there."""

import re

from k8sai.commands import _screen
from k8sai.commands._choice import Kubecontexts
from k8sai.commands._feed import recorded_feed, screen_feed
from k8sai.commands._top_wanted import Wanted
from k8sai.errors import Usage
from k8sai.fleet.index import Fleet
from k8sai.tui.opening import Opening


def show(wanted: Wanted) -> int:
    """Until the user leaves; the exit code."""
    first = opening(wanted)
    fleet = Fleet()
    if wanted.recording:
        return _screen.show(fleet, recorded_feed(wanted.recording, fleet), first, keeps=False)
    feed = screen_feed(wanted.options, fleet, wanted.meter)
    return _screen.show(fleet, feed, first, choice=Kubecontexts(wanted.options, wanted.meter))


def opening(wanted: Wanted) -> Opening:
    """The flags as the filters that a user would type. Raises Usage for more than one filter can say."""
    wanted.scope()  # what is wrong with a selector is said before the screen opens
    filters = [
        *([f"-l {wanted.labels}"] if wanted.labels else []),
        *([re.escape(wanted.product).replace("\\-", "-")] if wanted.product else []),
        *([f"^({'|'.join(map(re.escape, wanted.names))})$".replace("\\-", "-")] if wanted.names else []),
    ]
    if len(filters) > 1:
        raise Usage(
            "the screen takes one of -l, --product and node names, not several", "`k8sai top --once` takes them all"
        )
    namespace = wanted.options.namespace
    return Opening(
        nodes="".join(filters),
        pods=f"^{namespace}$" if namespace else "",
        sort=wanted.sort,
        reverse=wanted.reverse,
        every=wanted.every_node,
    )
