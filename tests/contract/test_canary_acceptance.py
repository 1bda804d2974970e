"""What a canary has to do, number by number, and the tests that prove it: on the embedded cluster and, with the real
definitions, on a real API server. This file proves that the map is true.

 1 one write begins with model and percent     test_canary_acceptance_knative::test_1_one_write_with_model_and_percent
 2 nothing rolled out yet: nothing is written  test_canary_acceptance_start::test_2_nothing_rolled_out_yet
 3 killed between intent and patch             test_canary_acceptance_steps::test_3_killed_between_intent_and_patch
   after every write, with every backend       ../canary/test_run_killed::test_no_step_is_skipped_or_taken_twice_wherever_it_dies
 4 two steps at once                           test_canary_acceptance_steps::test_4_two_steps_at_once
   two operators of what is kept               test_canary_state::test_of_processes_that_act_at_once_one_does
 5 Prometheus down                             test_canary_acceptance_gate::test_5_prometheus_down
 6 NaN, empty, reset                           test_canary_acceptance_gate::test_6_no_numbers_are_no_verdict
 7 a split that is not honoured                test_canary_acceptance_gate::test_7_no_request_reaches_the_canary
 8 another manager writes the weight           test_canary_acceptance_drift::test_8_another_manager_sets_the_weight_to_0
   at once, and no fight                       test_canary_acceptance_drift::test_8_a_weight_that_is_set_back_at_once
 9 back with everything broken, requests first test_canary_acceptance_rollback::test_9_with_everything_broken
10 promoted below full size                    test_canary_acceptance_kserve::test_10_promoted_at_25_percent
11 a third version                             test_canary_acceptance_knative::test_11_a_third_version
12 no quota                                    test_canary_acceptance_kserve::test_12_no_quota
13 the gate's error rates (no server in it)    ../canary/test_gate_error_rates::*
14 annotations of an InferenceService          test_canary_acceptance_knative::test_14_annotations_are_as_they_were
   with every backend                          ../canary/test_run_everywhere::test_annotations_of_the_target_are_left_as_they_are
15 plans write nothing                         test_canary_acceptance_plans::test_15_httproute
   and the others of that file                 test_canary_acceptance_plans::test_15_rollout
   KServe                                      test_canary_acceptance_kserve::test_15_plans
   KServe's routing groups                     test_canary_acceptance_kserve::test_15_plans_of_a_routing_group
   Knative and KServe on it                    test_canary_acceptance_knative::test_15_plans
16 served in another version                   test_canary_acceptance_start::test_16_served_in_another_version
17 Argo: back from paused                      test_canary_rollout::test_a_rollback_of_one_that_a_person_has_paused_ends_with_nothing_for_the_canary
   after promote --full                        test_canary_rollout::test_after_promote_full_the_template_goes_back_at_once
   by commands, with Argo's own controller     ../controlplane/test_canary_rollout::test_a_rollback_after_promote_full_takes_all_requests_back
18 Argo: steps edited after an abort           test_canary_rollout::test_an_edit_of_the_steps_after_an_abort_is_told_as_a_restart
19 a guard that does not hold                  test_canary_acceptance_drift::test_19_a_guard_that_does_not_hold
   a 409                                       test_canary_acceptance_drift::test_19_a_conflict
   each guard, with every backend              ../canary/test_run_guards::test_a_guard_that_does_not_hold
"""  # noqa: E501

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
_PROOF = re.compile(r"(\S+)::(\S+)$", re.MULTILINE)
_NUMBER = re.compile(r"^ ?(\d+) ", re.MULTILINE)


def test_the_map_names_all_numbers_and_tests_that_are_there() -> None:
    assert __doc__
    assert [int(one) for one in _NUMBER.findall(__doc__)] == list(range(1, 20))
    for file, name in _PROOF.findall(__doc__):
        tree = ast.parse((HERE / f"{file}.py").read_text())
        there = {one.name for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}
        assert name in there or (name == "*" and there), f"{file}::{name}"
