"""The printed sum of available quota adds up, and names the limit that binds."""

from hypothesis import given

from k8sai.queues.facts import Share
from k8sai.queues.quota import Tree
from k8sai.queues.sums import Sum, ceiling, explain, spelled
from tests.queues.test_quota import trees
from tests.queues.trees import GPU, WORKED, grown, queue, worked_cohorts, worked_queues


def of(tree: Tree, name: str) -> Sum:
    return explain(tree, tree.queues[name], GPU)


def test_the_line_of_a_queue_with_a_borrowing_limit() -> None:
    tree = grown(worked_queues(), worked_cohorts(), WORKED)
    found = of(tree, "finetune")
    assert spelled(found) == "2 = local 0 + min(prod 8, own 16 - used 22 + borrowingLimit 8 = 2)"
    assert (found.binding.node.word, found.binding.kind, found.binding.value) == (
        "ClusterQueue finetune",
        "borrowingLimit",
        8,
    )


def test_the_lines_of_the_others() -> None:
    tree = grown(worked_queues(), worked_cohorts(), WORKED)
    prod = of(tree, "serving").above
    assert prod and prod.above
    assert spelled(of(tree, "serving")) == "12 = local 4 + prod 8"
    assert spelled(prod) == "8 = local 6 + ai 2"
    assert spelled(prod.above) == "2 = quota 20 - used 18"
    assert of(tree, "serving").binding.kind == "pool"


def test_a_negative_sum_and_a_resource_with_units() -> None:
    tree = grown(worked_queues(finetune=4), worked_cohorts(), WORKED)
    assert spelled(of(tree, "finetune")) == "-10 = local 0 + min(prod -4, own 4 - used 22 + borrowingLimit 8 = -10)"
    memory = Share("default", "memory")
    alone = grown([queue("a", "", 1 << 40, share=memory)], [], {"a": 1 << 30}, memory)
    assert spelled(explain(alone, alone.queues["a"], memory)) == "1023Gi = quota 1Ti - used 1Gi"


def test_what_keeps_it_from_ever_having_more() -> None:
    tree = grown(worked_queues(), worked_cohorts(), WORKED)
    found = {name: ceiling(tree, node, GPU) for name, node in tree.queues.items()}
    assert {name: (one.node.name, one.kind) for name, one in found.items()} == {
        "serving": ("ai", "pool"),
        "finetune": ("finetune", "borrowingLimit"),
        "explore": ("ai", "pool"),
        "students": ("students", "borrowingLimit"),
    }


@given(trees())
def test_it_adds_up(tree: Tree) -> None:
    for node in (*tree.queues.values(), *tree.cohorts.values()):
        found: Sum | None = explain(tree, node, GPU)
        while found is not None:
            assert found.available == tree.available(found.node, GPU)
            own = found.shared - found.taken + (found.borrowing_limit or 0)
            if found.above is None:
                assert found.available == found.shared - found.taken
            elif found.own is None:
                assert found.available == found.local + found.above.available
            else:
                assert found.own == own
                assert found.available == found.local + min(found.above.available, own)
            found = found.above


@given(trees())
def test_a_larger_limit_lets_more_in_exactly_where_it_binds(tree: Tree) -> None:
    for node in tree.queues.values():
        binding = explain(tree, node, GPU).binding
        terms = [binding.node.path[-1], *node.path]
        assert binding.node in terms
        assert (binding.kind == "pool") == (binding.node.parent is None)
