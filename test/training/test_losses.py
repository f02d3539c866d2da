import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (pip install .[train])")

from sport_nodes.scoring.network import NetworkOutput  # noqa: E402
from sport_nodes.training import losses  # noqa: E402
from sport_nodes.training.losses import Marks  # noqa: E402

COUNT = 7


def sample():
    torch.manual_seed(0)
    marks = Marks(
        total=torch.rand(COUNT) * 60 + 40,
        stages=torch.rand(COUNT, 4) * 60 + 40,
        bounds=torch.rand(COUNT, 3),
        grade=torch.randint(0, 5, (COUNT,)),
        action=torch.tensor([0, 0, 0, 0, 1, 1, 1]),
    )
    output = NetworkOutput(
        score=marks.total + torch.randn(COUNT) * 8,
        stages=marks.stages + torch.randn(COUNT, 4) * 8,
        bounds=marks.bounds + torch.randn(COUNT, 3) * 0.1,
        grade_logits=torch.randn(COUNT, 5),
        bias=torch.zeros(COUNT),
        joint_importance=torch.zeros(COUNT, 17),
        frame_importance=torch.zeros(COUNT, 9),
        vector=torch.randn(COUNT, 12),
        frames=torch.randn(COUNT, 9, 6),
    )
    return output, marks


def test_ranking_is_the_mean_hinge_over_ordered_pairs_of_one_action():
    output, marks = sample()
    score, total, action = output.score.numpy(), marks.total.numpy(), marks.action.numpy()
    costs = [
        max(0.0, 1.0 - (score[i] - score[j])) / 10.0
        for i in range(COUNT)
        for j in range(COUNT)
        if action[i] == action[j] and total[i] > total[j] + 1.0
    ]
    assert float(losses.ranking_loss(output.score, marks.total, marks.action)) == pytest.approx(
        np.mean(costs), rel=1e-5
    )
    assert float(losses.ranking_loss(marks.total * 3, marks.total, marks.action)) == 0.0


def test_smoothness_is_step_errors_plus_frame_steps():
    output, marks = sample()
    error = (output.stages - marks.stages).numpy() / 10.0
    expected = (np.diff(error, axis=1) ** 2).mean() + (np.diff(output.frames.numpy(), axis=1) ** 2).mean()
    assert float(losses.smoothness_loss(output, marks.stages)) == pytest.approx(expected, rel=1e-5)


def test_contrast_takes_the_farthest_alike_and_the_nearest_unlike():
    output, marks = sample()
    total = torch.tensor([50.0, 52.0, 70.0, 71.0, 50.0, 53.0, 90.0])
    vector, action = output.vector.numpy(), marks.action.numpy()
    costs = []
    for i in range(COUNT):
        apart = [np.linalg.norm(vector[i] - vector[j]) / np.sqrt(12) for j in range(COUNT)]
        others = [j for j in range(COUNT) if j != i and action[i] == action[j]]
        alike = [apart[j] for j in others if abs(float(total[i] - total[j])) <= 5.0]
        unlike = [apart[j] for j in others if abs(float(total[i] - total[j])) > 5.0]
        if alike and unlike:
            costs.append(max(0.0, max(alike) - min(unlike) + 1.0))
    assert len(costs) == 6
    assert float(losses.contrast_loss(output.vector, total, marks.action)) == pytest.approx(np.mean(costs), rel=1e-4)


def test_contrast_without_triplets_costs_nothing():
    output, marks = sample()
    assert float(losses.contrast_loss(output.vector, torch.full((COUNT,), 80.0), marks.action)) == 0.0


def test_weights_follow_the_paper():
    assert [losses.ranking_weight(e) for e in (0, 2.5, 5, 40)] == [0.0, 0.25, 0.5, 0.5]
    assert [losses.smoothness_weight(e) for e in (0, 10, 20)] == pytest.approx([0.2, 0.18, 0.162])


def test_perfect_marks_leave_only_what_marks_do_not_decide():
    output, marks = sample()
    perfect = output._replace(score=marks.total, stages=marks.stages, bounds=marks.bounds)
    terms = losses.training_loss(perfect, marks, epoch=30.0)
    assert float(terms["mse"]) == float(terms["stages"]) == float(terms["boundary"]) == 0.0
    whole = losses.training_loss(output, marks, epoch=30.0)
    assert float(whole["loss"]) == pytest.approx(sum(float(v) for k, v in whole.items() if k != "loss"), rel=1e-5)
    assert float(whole["loss"]) > float(terms["loss"])
