"""A rank that fails while its gang is asked is made anew by the Job: never do two of one rank run at the same time."""

from collections import Counter

from k8sai.evict.facts import Phase
from k8sai.evict.state import Stage
from tests.evict.drains import Drain
from tests.evict.test_gone_by_itself import kills_a_rank
from tests.evict.test_run import WHERE, drain
from tests.evict.yard_objects import contract, job
from tests.evict.yard_player import Played

RANK = "batch.kubernetes.io/job-completion-index"


def test_a_rank_that_takes_long_to_end_is_waited_for_before_its_gang_starts_again() -> None:
    ranks = job("llm", WHERE, pods=2, gpus=4, says=contract("llm"))
    ranks["spec"]["backoffLimit"] = 6
    ranks["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 60
    made = drain(ranks, gangs={"llm": Played(takes=20)}, wait_ready=600.0)
    killed: list[bool] = []
    twice: set[str] = set()

    def others(one: Drain) -> None:
        gang = one.state.gangs[0]
        if gang.phase is Phase.REQUESTED and not killed:
            killed.append(True)
            kills_a_rank(one)
        planned = {pod.uid for pod in gang.pods}
        running = [pod for pod in one.world.pods_of("llm") if pod["status"].get("phase") == "Running"]
        for pod in running:
            if gang.phase is Phase.REQUESTED and pod["metadata"]["uid"] not in planned:
                one.world.annotate("pods", pod, {"sim.k8sai.dev/stop-after": "1m"})
        twice.update(rank for rank, n in Counter(p["metadata"]["labels"][RANK] for p in running).items() if n > 1)

    made.meanwhile = others
    state = made.run()
    assert killed
    assert not twice
    assert any("to end, which took the place of one of its pods" in line for line in made.news)
    assert (state.stage, [one.stops for one in state.gangs]) == (Stage.DONE, [1])
