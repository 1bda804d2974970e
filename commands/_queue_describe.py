"""`queue describe`: a ClusterQueue, cohort or LocalQueue in full, its quota as a sum that adds up."""

from typing import Annotated, Literal

import typer

from k8sai.cluster.options import Options
from k8sai.commands import _flags

Output = Literal["table", "wide", "json", "yaml"]


def describe(
    options: Options,
    name: Annotated[str, typer.Argument(metavar="QUEUE | COHORT", help="Its name, or cq/NAME, lq/NAME, cohort/NAME.")],
    *,
    recording: _flags.Recording = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to print it.")] = "table",
    plain: Annotated[bool, typer.Option("--plain", help="No tree, no bars, no colour: a line per thing.")] = False,
) -> int:
    """A ClusterQueue, cohort or LocalQueue in full: what fits now as a sum, policies, checks, who holds most.

    The sum has one line per level of the tree; each number in it is the next line's result. A negative sum is so much
    that must be freed first, where Kueue itself counts 0. EVICTED BY says who may evict a holder as policies are now.

    \b
    Exit codes:
      0   everything could be read
      2   the name is a ClusterQueue's and a LocalQueue's: say cq/NAME or lq/NAME
      4   no Kueue, or nothing is called so
      14  something could not be read: it is said what
      16  the kind may not be read

    \b
    Examples:
      k8sai queue describe finetune
      k8sai queue describe cohort/research
      k8sai queue describe lq/main -n ft
      k8sai queue describe finetune -o json | jq '.described.sums[0]'
    """
    from k8sai.commands import _print
    from k8sai.commands._queue_notes import gaps, insist_on_queues, partial, relevant, say
    from k8sai.commands._queue_read import read
    from k8sai.queues import describe as about
    from k8sai.queues.setting import CHECKS, CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, WORKLOADS
    from k8sai.queues.shown.named import named
    from k8sai.queues.usage import tree

    setting, objects, namespace = read(options, recording)
    insist_on_queues(setting)
    found = about.describe(setting, named(setting, tree(setting), name, namespace))
    unseen = relevant(setting, (CLUSTER_QUEUES, COHORTS, LOCAL_QUEUES, WORKLOADS, *((CHECKS,) if found.checks else ())))
    if output in ("json", "yaml"):
        from k8sai.queues.shown.describe_document import document

        _print.document(document(found, context=objects.context, at=setting.at, hidden=unseen), output)
    else:
        from k8sai.queues.shown.describe import page

        shown = page(found, setting.at, bars=not plain and _print.on_terminal(), plain=plain)
        _print.page(shown, wide=output == "wide", plain=plain)
    _print.flush()
    say(gaps(unseen))
    return partial(unseen)
