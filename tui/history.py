"""Where the user has been: panes with their subjects, as a browser keeps pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_MOST = 50  # places


@dataclass(frozen=True, slots=True)
class Place:
    """A pane on a subject, with its filter and the row under the cursor as they were when it was left."""

    stem: str
    subject: Mapping[str, str] = field(default_factory=dict)
    typed: str = ""
    cursor: str = ""

    def same(self, other: "Place") -> bool:
        """Whether both are one pane on one subject: a row to look at (`_…`) makes no other place."""
        return (self.stem, self._what()) == (other.stem, other._what())

    def _what(self) -> dict[str, str]:
        return {word: value for word, value in self.subject.items() if not word.startswith("_")}


class History:
    """A line of places and where in it the user stands; going somewhere new forgets what was ahead."""

    def __init__(self, first: Place) -> None:
        self._places = [first]
        self._at = 0
        self._before: Place | None = None  # where `-` leads

    @property
    def here(self) -> Place:
        """The place on the screen."""
        return self._places[self._at]

    def left_as(self, place: Place) -> None:
        """What the place on the screen looks like now that it is left."""
        self._places[self._at] = place

    def go(self, place: Place) -> None:
        """Somewhere new. The same pane on the same subject is no new place."""
        if self.here.same(place):
            return
        self._before = self.here
        self._places[self._at + 1 :] = [place]
        self._places = self._places[-_MOST:]
        self._at = len(self._places) - 1

    def step(self, by: int) -> Place | None:
        """Back (-1) or forward (1); None at the end of the line."""
        at = self._at + by
        if not 0 <= at < len(self._places):
            return None
        self._before = self.here
        self._at = at
        return self.here

    def last(self) -> Place | None:
        """The place that was on the screen before this one: it becomes a new step, so that twice leads back."""
        place = self._before
        if place is not None:
            self.go(place)
        return place
