"""Where `[`, `]`, `-` and esc lead."""

from k8sai.tui.history import History, Place


def stems(*places: Place | None) -> list[str]:
    return [place.stem if place else "" for place in places]


def test_it_goes_back_and_forward_as_a_browser_does() -> None:
    history = History(Place("nodes"))
    history.go(Place("pods"))
    history.go(Place("pending"))
    assert stems(history.step(-1), history.step(-1), history.step(-1)) == ["pods", "nodes", ""]
    assert history.here.stem == "nodes"
    assert stems(history.step(1), history.step(1), history.step(1)) == ["pods", "pending", ""]


def test_somewhere_new_forgets_what_was_ahead() -> None:
    history = History(Place("nodes"))
    history.go(Place("pods"))
    history.step(-1)
    history.go(Place("totals"))
    assert history.step(1) is None
    assert stems(history.step(-1)) == ["nodes"]


def test_a_subject_makes_another_place_and_a_row_does_not() -> None:
    history = History(Place("pods"))
    history.go(Place("pods", {"_pod": "a/b"}))
    assert history.step(-1) is None
    history.go(Place("pods", {"namespace": "a"}))
    assert stems(history.step(-1)) == ["pods"]


def test_the_last_place_and_back_again() -> None:
    history = History(Place("nodes"))
    assert history.last() is None
    history.go(Place("pods"))
    assert stems(history.last(), history.last(), history.last()) == ["nodes", "pods", "nodes"]


def test_a_place_keeps_how_it_was_left() -> None:
    history = History(Place("nodes"))
    history.left_as(Place("nodes", typed="h100", cursor="h100-03"))
    history.go(Place("pods"))
    place = history.step(-1)
    assert place is not None and (place.typed, place.cursor) == ("h100", "h100-03")


def test_it_does_not_grow_for_ever() -> None:
    history = History(Place("0"))
    for number in range(1, 200):
        history.go(Place(str(number)))
    back = 0
    while history.step(-1) is not None:
        back += 1
    assert back == 49
