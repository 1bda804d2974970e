"""The gate of several requirements, and over several steps."""

from k8sai.canary.gate import Gate, Outcome, Verdict
from k8sai.canary.gate_gathered import Window
from k8sai.canary.state import Settings, Slo
from tests.canary.windows import BAD, ERRORS, GOOD, OPEN, after, only


def verdict(errors: Window, slow: Window, required: bool = True) -> Verdict:
    slo = Slo("ttft", 0.05, above=2.0, required=required)
    settings = Settings(slos=(ERRORS, slo))
    return Gate.new(settings).after({ERRORS.title: errors, slo.title: slow}).verdict()


def test_every_required_metric_has_to_pass() -> None:
    assert verdict(GOOD, GOOD).outcome is Outcome.PASS
    found = verdict(GOOD, OPEN)
    assert [one.outcome for one in found.metrics] == [Outcome.PASS, Outcome.CONTINUE]
    assert found.outcome is Outcome.CONTINUE
    assert found.need == found.metrics[1].need > 0 == found.metrics[0].need


def test_one_that_is_not_required_need_not_pass_but_its_failure_counts() -> None:
    assert verdict(GOOD, OPEN, required=False).outcome is Outcome.PASS
    assert verdict(GOOD, BAD, required=False).outcome is Outcome.FAIL


def test_any_failure_fails() -> None:
    assert verdict(GOOD, BAD).outcome is Outcome.FAIL
    assert verdict(BAD, GOOD).outcome is Outcome.FAIL


def test_where_none_is_required_all_are() -> None:
    slo = Slo("errors", 0.01, required=False)
    assert Gate.new(Settings(slos=(slo,))).verdict().outcome is Outcome.CONTINUE


def test_a_new_step_begins_samples_and_safety_anew_and_keeps_harm() -> None:
    before = after(Window(12, 1000, 60, 9000))
    now = before.at_step()
    assert only(now).harm == only(before).harm > 1
    assert (only(now).safe_relative, only(now).safe_absolute) == (1, 1)
    assert (only(now).canary_all, only(now).stable_all) == (0, 0)


def test_what_passed_a_step_does_not_pass_the_next() -> None:
    gate = after(GOOD)
    assert gate.verdict().outcome is Outcome.PASS
    assert gate.at_step().verdict().outcome is Outcome.CONTINUE


def test_harm_that_no_single_step_proves_fails_over_steps() -> None:
    gate, step = Gate.new(Settings(slos=(ERRORS,))), Window(12, 500, 24, 2000)
    seen = []
    for _ in range(4):
        gate = gate.at_step().after({ERRORS.title: step})
        seen.append(gate.verdict().outcome)
    assert seen[0] is Outcome.CONTINUE
    assert seen[-1] is Outcome.FAIL
