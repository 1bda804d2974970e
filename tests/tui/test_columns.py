"""Which columns fit, how wide they are, and how a text is cut."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from k8sai.tui.columns import Field, fit, layout, natural

NAME = Field("NAME", least=10, stretch=True, middle=True)
FREE = Field("FREE", "right", sort="free")
ZONE = Field("ZONE", rank=2)
NOTE = Field("NOTE", rank=1, least=6, stretch=True)
FIELDS = (NAME, FREE, ZONE, NOTE)


def shown(width: int, wanted: tuple[int, ...] = (20, 5, 8, 12)) -> dict[str, int]:
    return {FIELDS[number].title: size for number, size in layout(FIELDS, wanted, width, 1)}


def test_everything_shows_where_there_is_room() -> None:
    assert shown(80) == {"NAME": 20, "FREE": 5, "ZONE": 8, "NOTE": 12}


def test_the_least_important_column_gives_way_first() -> None:
    assert shown(46) == {"NAME": 20, "FREE": 5, "ZONE": 8, "NOTE": 10}
    assert shown(33) == {"NAME": 11, "FREE": 5, "ZONE": 8, "NOTE": 6}
    assert shown(30) == {"NAME": 17, "FREE": 5, "NOTE": 6}


def test_columns_leave_when_cutting_does_not_help() -> None:
    assert shown(20) == {"NAME": 14, "FREE": 5}


def test_rank_0_stays_even_where_it_does_not_fit() -> None:
    assert shown(5) == {"NAME": 10, "FREE": 5}


def test_wide_shows_all_at_their_natural_size() -> None:
    assert layout(FIELDS, (20, 5, 8, 12), 10, 1, wide=True) == ((0, 20), (1, 5), (2, 8), (3, 12))


def test_room_that_is_left_goes_to_what_was_cut_at_its_most() -> None:
    fields = (Field("A", most=5, stretch=True), Field("B"))
    assert layout(fields, (30, 3), 20, 1) == ((0, 16), (1, 3))


def test_a_title_leaves_room_for_the_sort_mark() -> None:
    assert natural(FREE) == 5
    assert natural(ZONE) == 4


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(3, 20), st.booleans(), st.integers(0, 60)), min_size=1, max_size=9
    ),
    st.integers(1, 200),
)
def test_never_wider_than_the_screen_once_only_stretching_columns_are_left(
    made: list[tuple[int, int, bool, int]], width: int
) -> None:
    fields = [Field("T", rank=rank, least=least, stretch=stretch) for rank, least, stretch, _ in made]
    wanted = [want for *_, want in made]
    found = layout(fields, wanted, width, 1)
    total = sum(size for _, size in found) + len(found) - 1
    must = [n for n, field in enumerate(fields) if field.rank == 0] or [found[0][0]]
    least = sum(
        min(min(fields[n].most, wanted[n]), fields[n].least) if fields[n].stretch else min(fields[n].most, wanted[n])
        for n in must
    )
    assert total <= max(width, least + len(must) - 1)
    assert [n for n, _ in found] == sorted(n for n, _ in found)


@given(st.text(max_size=40), st.integers(1, 30), st.booleans(), st.sampled_from(["left", "right"]))
def test_a_fitted_line_has_exactly_its_width(text: str, width: int, middle: bool, align: str) -> None:
    text = "".join(letter for letter in text if letter.isprintable())
    field = Field("X", "right" if align == "right" else "left", middle=middle)
    assert sum(cell_len(part) for part, _ in fit(((text, "plain"),), width, field, "…")) == width


def test_names_are_cut_in_the_middle_and_numbers_stand_right() -> None:
    assert fit((("gpu-node-eu-west-1a-007", "plain"),), 13, NAME, "…") == (("gpu-no…1a-007", "plain"),)
    assert fit((("7", "good"),), 4, FREE, "…") == (("   ", "plain"), ("7", "good"))
    assert fit((("team-a", "hue1"), (" 6", "dim")), 7, ZONE, "…") == (("team-a", "hue1"), ("…", "dim"))
