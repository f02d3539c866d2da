import numpy as np
import pytest

from sport_nodes.training.curriculum import admitted, difficulty, draw_epoch, intensity


def test_intensity_ranks_within_each_action():
    speed = np.array([1.0, 3.0, 2.0, 10.0, 30.0])
    action = np.array([0, 0, 0, 1, 1])
    np.testing.assert_allclose(intensity(speed, action), [0.0, 1.0, 0.5, 0.0, 1.0])


@pytest.mark.parametrize(("epoch", "share"), [(0, 0.3), (9.9, 0.3), (10, 0.6), (24, 0.6), (25, 1.0), (59, 1.0)])
def test_calm_movements_come_first(epoch, share):
    ranks = np.linspace(0.0, 1.0, 1001)
    assert admitted(ranks, epoch=epoch).mean() == pytest.approx(share, abs=0.002)


def test_difficulty_is_the_papers_formula():
    np.testing.assert_allclose(
        difficulty(np.array([4.0, -4.0, 4.0]), np.array([50.0, 100.0, 0.0])),
        [4.0, 4.0 * np.exp(-0.5), 4.0 * np.exp(-0.5)],
    )


def test_hard_ones_are_drawn_more_often_and_less_so_later():
    rng = np.random.default_rng(0)
    hardness = np.ones(1000)
    hardness[:100] = 50.0
    admissible = np.ones(1000, dtype=bool)
    shares = []
    for progress in (0.0, 1.0):
        drawn = np.concatenate([draw_epoch(admissible, hardness, progress=progress, rng=rng) for _ in range(5)])
        assert len(drawn) == 5000
        shares.append((drawn < 100).mean())
    weight = 5000 / 5900
    assert shares[0] == pytest.approx(0.6 * weight + 0.4 * 0.1, abs=0.03)
    assert shares[1] == pytest.approx(0.3 * weight + 0.7 * 0.1, abs=0.03)


def test_before_anything_is_known_every_admissible_row_comes_once():
    admissible = np.arange(50) % 2 == 0
    drawn = draw_epoch(admissible, np.zeros(50), progress=0.0, rng=np.random.default_rng(1))
    assert sorted(drawn) == list(range(0, 50, 2))
