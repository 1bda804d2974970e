"""Each comment is of the entry below it: it goes with it, and stands where it stands."""

from k8sai.cookbook.tree import rendered

DOCUMENT = """\
$if: "yes"
then:
  # the first
  kind: A # beside
  # the second
  # and its other line
  items:
    # of the list
    - a
    # of b
    - b

  # after a gap
  inner:
    $if: "yes"
    then:
      $if: "yes"
      then:
        # far inside
        deep: 1
        # at its end
  last: 2
"""


def test_the_comments_of_an_optional_document_move_with_it() -> None:
    assert (
        rendered(DOCUMENT, "r/x.yaml", {"yes": True})
        == """\
# the first
kind: A # beside
# the second
# and its other line
items:
  # of the list
- a
  # of b
- b

# after a gap
inner:
  # far inside
  deep: 1
# at its end
last: 2
"""
    )


def test_a_list_that_was_chosen_keeps_its_comments_at_its_dashes() -> None:
    text = "env:\n  $if: 'yes'\n  then:\n  # of a\n  - a\n  # of b\n  - b\n"
    assert rendered(text, "r/x.yaml", {"yes": True}) == "env:\n# of a\n- a\n# of b\n- b\n"


CHOICES = """\
# about all of it
$if: "yes"
then:
  # about a
  # in two lines
  a: 1
  # about b
  b: {$if: no_}
  # about c
  c:
    $if: no_
    then:
      # inside c
      x: 1
  # about d
  d:
  # about the first
  - $if: no_
    then:
      # inside the first
      one: 1
  # about the second
  - $if: "yes"
    then:
      # inside the second
      two: 2
  # about ${e}
  ${e}: 3 # beside
"""


def test_a_comment_goes_with_what_is_below_it_and_not_with_what_is_above() -> None:
    assert (
        rendered(CHOICES, "r/x.yaml", {"yes": True, "no_": False, "e": "five"})
        == """\
# about all of it
# about a
# in two lines
a: 1
# about d
d:
# about the second
# inside the second
- two: 2
# about ${e}
five: 3 # beside
"""
    )
