"""Numbers to try."""

import pytest

from k8sai.fit.search import growing, largest


@pytest.mark.parametrize("limit", range(12))
def test_the_largest_that_does(limit: int) -> None:
    asked: list[int] = []

    def does(number: int) -> bool:
        asked.append(number)
        return number <= limit

    assert largest(10, does) == min(limit, 10)
    assert len(asked) <= 5 and all(1 <= number <= 10 for number in asked)


def test_nothing_to_try() -> None:
    assert largest(0, lambda _: True) == 0


def test_growing_ends_with_all() -> None:
    assert list(growing(0)) == []
    assert list(growing(3)) == [1, 2, 3]
    tried = list(growing(100))
    assert tried[:8] == list(range(1, 9)) and tried[-1] == 100 and tried == sorted(set(tried))
