"""What `queue list` prints, once and with -w."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from k8sai.queues.rows import Row
    from k8sai.queues.setting import Setting
    from k8sai.view import Table


def kinds() -> tuple[str, ...]:
    """What the list is made of."""
    from k8sai.queues.setting import CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, WORKLOADS

    return CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, WORKLOADS


def show(
    shown: "tuple[Row, ...]",
    setting: "Setting",
    *,
    wide: bool,
    plain: bool,
    more: "tuple[Table, ...]" = (),
) -> None:
    """The table, with bars where somebody looks at a terminal; then what other schedulers have."""
    from k8sai.commands import _print
    from k8sai.queues.shown.table import table
    from k8sai.view import Page

    own = (table(shown, setting.at, bars=not plain and _print.on_terminal(), plain=plain),) if shown or not more else ()
    _print.page(Page((*own, *more)), wide=wide, plain=plain)
