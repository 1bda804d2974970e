"""Comments of what an `$if` chose stand where its data stands."""

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
