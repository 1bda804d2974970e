"""`queue resume`: what was stopped admits again."""

from k8sai.cluster.options import Options
from k8sai.commands._queue_flags import DryRun, Names, Output


def resume(
    options: Options,
    names: Names,
    *,
    dry_run: DryRun = "none",
    output: Output = "table",
) -> int:
    """Resume a queue, or one workload: it is admitted again.

    LocalQueues that were drained for their ClusterQueue are resumed with it. What a ClusterQueue drained stands behind
    younger workloads; what a LocalQueue drained keeps its place.

    \b
    Exit codes:
      0    it is resumed, or was not stopped
      4    there is no such queue, workload or job
      5    it is half moved to another queue: `queue move` ends that; nothing was written
      7    somebody else changed it meanwhile
      16   a right is missing; nothing was written

    \b
    Examples:
      k8sai queue resume cq/team-a
      k8sai queue resume lq/batch -n ml
      k8sai queue resume job/sft -n ml
    """
    from k8sai.commands._queue_resume_run import Wish, run

    return run(Wish(options=options, names=tuple(names), dry_run=dry_run, output=output))
