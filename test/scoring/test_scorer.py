import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from sport_nodes.errors import InputError
from sport_nodes.motion import Motion, Provenance
from sport_nodes.scoring.backends import make_backend
from sport_nodes.scoring.features import prepare
from sport_nodes.scoring.scorer import Scorer
from sport_nodes.scoring.scores import GRADES, grade_of
from sport_nodes.skeleton import INDEX

ACTION = "standing_long_jump"


@pytest.fixture(scope="module")
def scorer(small_model):
    return Scorer.load(small_model)


def test_a_score_has_all_its_parts(scorer, person):
    motion = person(still_s=0.8)
    scores = scorer.score(motion, ACTION)
    prepared = prepare(motion)
    assert scores.withheld == ""
    assert 0.0 <= scores.low <= scores.value <= scores.high <= 100.0
    assert scores.grade == grade_of(scores.value)
    assert scores.grade_probabilities.shape == (len(GRADES),)
    assert scores.grade_probabilities.sum() == pytest.approx(1.0, abs=1e-5)
    assert [s.name for s in scores.stages] == ["pre_swing", "take_off", "flight", "landing"]
    assert scores.stages[0].begin_s == pytest.approx(prepared.begin_s)
    assert scores.stages[-1].end_s == pytest.approx(prepared.end_s)
    for one, following in zip(scores.stages[:-1], scores.stages[1:], strict=True):
        assert one.end_s == following.begin_s >= one.begin_s
    assert scores.model.startswith("small ")
    assert scores.latency_ms > 0.0


def test_turning_the_scene_does_not_move_the_score(scorer, person):
    motion = person()
    values = []
    for angle in np.linspace(0.0, 2.0 * np.pi, 7):
        c, s = np.cos(angle), np.sin(angle)
        turned = motion.moved(motion.positions_m @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T + [1.0, 2.0, 0.0])
        values.append(scorer.score(turned, ACTION).value)
    assert np.ptp(values) < 1e-3


def test_repetitions_are_scored_one_by_one_and_averaged(scorer, person):
    motion = person(repetitions=3, moving_s=1.6)
    motion = motion.moved(motion.positions_m * np.array([1.0, 1.0, -1.0]))
    scores = scorer.score(motion, "sit_up")
    repetitions = scorer.examine(motion, "sit_up").repetitions
    assert len(repetitions) == 3
    each = [scorer.network_outputs(scorer.network_inputs([one], "sit_up"))["score"][0] for one in repetitions]
    assert scores.value == pytest.approx(np.mean(each), abs=1e-3)


def test_a_dead_joint_widens_the_interval_and_is_named(scorer, person):
    motion = person()
    provenance = np.array(motion.provenance)
    provenance[:, INDEX["left_wrist"]] = Provenance.INFERRED
    inferred = scorer.score(Motion(motion.times_s, motion.positions_m, motion.confidence, provenance), ACTION)
    whole = scorer.score(motion, ACTION)
    assert inferred.value == pytest.approx(whole.value)
    assert inferred.high - inferred.low > whole.high - whole.low
    assert any("left_wrist" in warning for warning in inferred.warnings)


def test_too_little_measured_is_withheld(scorer, person):
    motion = person()
    positions = np.array(motion.positions_m)
    arms = [i for name, i in INDEX.items() if "elbow" in name or "wrist" in name or "knee" in name]
    positions[:, arms] = np.nan
    scores = scorer.score(Motion(motion.times_s, positions), ACTION)
    assert "46%" in scores.withheld
    assert np.isnan(scores.value)
    assert scores.grade == ""
    assert scores.stages == ()


def test_too_short_is_withheld(scorer, person):
    assert "0.5 s" in scorer.score(person().take(slice(0, 12)), ACTION).withheld
    still = person().moved(np.repeat(person().positions_m[:1], len(person()), axis=0))
    assert "nothing moves" in scorer.score(still, ACTION).withheld


def test_another_length_runs_too(scorer, person):
    backend, batch = scorer._backend, []
    for frames in (30, 90, 300):
        prepared = prepare(person(), frames=frames)
        batch.append(float(backend.run(scorer.network_inputs([prepared], ACTION))["score"][0]))
    assert np.isfinite(batch).all()


def test_an_unknown_action_is_an_input_error(scorer, person):
    with pytest.raises(InputError, match="no action 'cartwheel'"):
        scorer.score(person(), "cartwheel")


def test_an_unknown_backend_is_an_input_error(small_model):
    with pytest.raises(InputError, match="known are onnxruntime and tensorrt"):
        make_backend("onnx", small_model)


def test_a_damaged_model_is_refused(small_model, tmp_path):
    for source in (small_model, small_model.with_suffix(".json")):
        shutil.copy(source, tmp_path / source.name)
    model = tmp_path / small_model.name
    model.write_bytes(model.read_bytes() + b"x")
    with pytest.raises(InputError, match="SHA-256 differs"):
        Scorer.load(model)


def test_a_model_that_computes_something_else_is_refused(small_model, tmp_path):
    for source in (small_model, small_model.with_suffix(".json")):
        shutil.copy(source, tmp_path / source.name)
    sidecar = tmp_path / "scorer.json"
    data = json.loads(sidecar.read_text())
    data["golden"]["score"] = [value + 1.0 for value in data["golden"]["score"]]
    sidecar.write_text(json.dumps(data))
    with pytest.raises(InputError, match="off its reference by 1"):
        Scorer.load(tmp_path / small_model.name)


def test_a_missing_model_says_how_to_get_one(tmp_path):
    with pytest.raises(InputError, match="sport train"):
        Scorer.load(tmp_path / "scorer.onnx")


def test_what_scores_loads_nothing_that_takes_long():
    # The node must be there within two seconds; each of these packages takes half a second or more to import.
    script = "import sys, sport_nodes.scoring.marking; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"scipy.signal", "scipy.stats", "torch", "numba", "onnx", "matplotlib"} & set(loaded)
    assert "onnxruntime" in loaded
