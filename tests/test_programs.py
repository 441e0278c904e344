"""Plain training scripts of every kind: run unchanged, judged rightly, and left as they were.

One run of each program serves all tests here. `python tests/programs/run_all.py` prints the same as a table. All of them
take an hour on two cores: with HEADSTART_PART=k/n in the environment, "0/4", one part of n is run, by their names.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "programs"))

from run_all import EXPECTED, FAULTY, HEALTHY, Result, programs, run

pytestmark = pytest.mark.slow

PART, PARTS = map(int, os.environ.get("HEADSTART_PART", "0/1").split("/"))

# Not yet found, or found behind a consequence: a list to shorten, never to add a new program to.
MISSED = {
    # Written without a look at the rules, and kept whatever was found:
    "ema_left_behind",  # a copy that is only evaluated is no parameter of the run
    "few_of_the_eights",  # the evaluation counts hits and calls no loss: its labels are not seen
    "polynomial_by_default_sgd",  # it learns 0.96 of what there is; what a higher rate would reach is in no record
    "three_steps_an_epoch",  # fifteen steps say nothing of whether a run learns
    "bgr_at_test",  # red and blue exchanged: all values are such as other pictures would have, too
    "l1_on_every_layer",  # the run learns; at an optimum a penalty costs no more than what was learnt, however large
    "target_not_shifted",  # labels that are the net's own words are an autoencoder's, too
    "forger_by_minimax",  # nothing tells who may win a game of two; and Adam moves by small gradients, too
    "meters_in_watts",  # gradient-spikes is not there yet: sound runs' gradients reach 28,000 times their median
    "finish_without_places",  # neither cannot-overfit-one-batch nor inputs-ignored is there yet
    "patience_of_one",  # stopped-too-early is not there yet
    "post_bot_on_a_grid",  # held back: REINFORCE has no loss to rise, and the first step is half of the weights' size
    "post_freeze_flag",  # held back: a trunk trained before, on something else, looks as one that is kept on purpose
    "draft_adapter_on_frozen_mlp",  # its first step, which is not looked at, moves the later net as far as it is wide
    "dropout_then_norm",  # dropout-before-batchnorm is not there yet
    "positions_never_added",  # module-never-called is not there yet
    "post_norm_from_full_rate",  # needs-warm-up is not there yet; the ReLUs that die of it are told
    "decoder_forgets_its_graph",  # a state detached within one backward is truncated backpropagation as well; it learns
    "random_vectors_from_pretrained",  # held back: it learns a little, on vectors that may well be meant to be frozen
    "lags_by_a_view",  # the data are viewed before any layer: nothing of it is watched
    "triplets_in_one_point",  # a loss written by hand tells no skill, and no figure that all embeddings are one
    "kl_the_wrong_sign",  # q log q is an entropy but for a constant, and an entropy is rightly made large elsewhere
    "field_yolo_log",  # held back: the logarithm of 0 stands behind the unscaled inputs that lead to it
    "street_both_gates_equal",  # only the symptom: steps of single samples go to and fro, and no way proves a low rate
    "bench_belief_net_without_softmax",  # what the clip holds stands behind loss-below-its-minimum, which names the scores
    "told_answer_is_nearly_a_straight_line",  # it learns, ever faster; what a higher rate would reach is in no record
    "forum_german_to_english",  # it learns most; sound runs take steps as large, so nothing tells what a lower rate gives
    "whole_elastic_penalty",  # held back: it learns 0.93 of what there is, as a penalty that is meant lets it
    "modern_router_of_one_expert",  # held back: the run learns, and the balance term does reach the router
    "forum_pines_by_descent",  # held back: a norm of what a projection leaves: the data are its labels, which nothing saved
}


def part(folder: Path) -> list[Path]:
    """The programs of this part; a fixed twin is in that of its faulty program."""
    return [path for path in programs(folder) if _place(path.stem.removesuffix("_fixed")) == PART]


def _place(stem: str) -> int:
    return int.from_bytes(hashlib.sha256(stem.encode()).digest()[1:3], "big") % PARTS


FIXED = [path for path in part(FAULTY) if path.stem.endswith("_fixed")]


@pytest.fixture(scope="module")
def result(request: pytest.FixtureRequest) -> Result:
    return run(request.param)


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("result", paths, ids=lambda path: path.stem, indirect=True)


@each(part(HEALTHY) + FIXED)
def test_a_sound_program_runs_as_under_python_and_raises_no_alarm(result: Result) -> None:
    assert result.same, result.stderr
    assert result.quiet, (result.found, result.severities)


@each([path for path in part(FAULTY) if path.stem in EXPECTED])
def test_a_faulty_program_runs_as_under_python_and_its_cause_is_named(result: Result) -> None:
    assert result.same, result.stderr
    rank = result.rank(EXPECTED[result.name]["rules"])
    if (rank is None or rank > 2) and result.name in MISSED:
        pytest.xfail(f"known miss: {result.found}")
    assert rank is not None, result.found
    assert rank <= 2, result.found
