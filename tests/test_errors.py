"""One table of exit codes, and errors that carry a sentence, a next command and their code."""

import pytest

from k8sai.errors import Exit, Forbidden, K8saiError, Usage


def test_exit_codes_are_the_table() -> None:
    table = (
        "OK 0, FINDINGS 1, USAGE 2, CLUSTER 3, NOT_FOUND 4, REFUSED 5, NO_CAPACITY 6, DRIFT 7, LOCKED 8, ORPHANED 9, "
        "WAITING 10, BLOCKED 11, FAILED_SAFE 12, INCONCLUSIVE 13, PARTIAL 14, FORBIDDEN 16, BUG 70, TIMEOUT 124, "
        "INTERRUPT 130"
    )
    assert ", ".join(f"{code.name} {code}" for code in Exit) == table


def test_every_kind_of_error_has_its_own_code() -> None:
    kinds = K8saiError.__subclasses__()
    codes = [kind.exit for kind in kinds if kind.__module__ == "k8sai.errors"]
    assert len(codes) == len(set(codes)) == 10
    assert Exit.OK not in codes and Exit.BUG not in codes


def test_an_error_carries_its_sentence_and_the_next_command() -> None:
    with pytest.raises(K8saiError) as raised:
        raise Forbidden("no", "ask")
    assert (raised.value.message, raised.value.hint, str(raised.value)) == ("no", "ask", "no")
    assert Usage("bad").hint == ""
