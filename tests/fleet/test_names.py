"""Names that come and go stay in order."""

import random

from k8sai.fleet.names import Order


def test_always_the_sorted_values_of_the_mapping() -> None:
    chance = random.Random(3)
    named: dict[str, int] = {}
    order = Order()
    for turn in range(2000):
        name = f"n{chance.randrange(60)}"
        if name in named:
            del named[name]
            order.drop(name)
        else:
            named[name] = turn
            order.add(name)
        if chance.random() < 0.3:
            assert order.of(named) == [named[name] for name in sorted(named)]


def test_nothing_is_made_anew_while_nothing_has_changed() -> None:
    order = Order()
    order.add("a")
    named = {"a": 1}
    assert order.of(named) is order.of(named)
