import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sport_nodes.scoring.intervals import IntervalTable, conformal_half_width, unmeasured_share
from sport_nodes.skeleton import INDEX


def test_conformal_half_width_covers_new_errors_as_promised():
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        errors = rng.standard_t(3, 60) * 5.0
        inside.append(abs(rng.standard_t(3) * 5.0) <= conformal_half_width(errors[:59], coverage=0.9))
    # Distribution-free: 0.9 <= coverage <= 0.9 + 1 / 60; three standard errors of 400 draws are 0.045.
    assert 0.855 <= np.mean(inside) <= 0.965


def test_too_few_errors_promise_nothing():
    assert conformal_half_width(np.ones(8)) == np.inf
    assert conformal_half_width(np.arange(9.0)) == 8.0


def table():
    joints = tuple(1.5 if i == INDEX["left_wrist"] else 1.1 for i in range(17))
    return IntervalTable({"a": 4.0}, {"a": (5.0, 6.0, 7.0, 8.0)}, (0.0, 0.1, 0.4), (1.0, 1.2, 2.0), joints)


@given(st.lists(st.floats(0, 1), min_size=17, max_size=17), st.lists(st.floats(0, 1), min_size=17, max_size=17))
def test_less_measured_is_never_narrower(one, more):
    known, less = np.array(one), np.maximum(one, more)
    assert table().total_half_width("a", unmeasured=known) <= table().total_half_width("a", unmeasured=less)


def test_one_dead_joint_widens_by_its_own_factor():
    unmeasured = np.zeros(17)
    unmeasured[INDEX["left_wrist"]] = 1.0
    assert unmeasured_share(unmeasured) == pytest.approx(1 / 13)
    assert table().total_half_width("a", unmeasured=unmeasured) == pytest.approx(6.0)
    assert table().total_half_width("a", unmeasured=unmeasured / 2) == pytest.approx(5.0)


def test_many_missing_joints_widen_by_their_share():
    unmeasured = np.full(17, 0.4)
    assert unmeasured_share(unmeasured) == pytest.approx(0.4)
    assert table().stage_half_widths("a", unmeasured=unmeasured) == pytest.approx((10.0, 12.0, 14.0, 16.0))


def test_eyes_and_ears_do_not_count():
    unmeasured = np.zeros(17)
    unmeasured[[INDEX[n] for n in ("left_eye", "right_eye", "left_ear", "right_ear")]] = 1.0
    assert unmeasured_share(unmeasured) == 0.0


def test_table_survives_its_file():
    again = IntervalTable.from_dict(table().as_dict())
    assert again.total_half_width("a", unmeasured=np.full(17, 0.25)) == table().total_half_width(
        "a", unmeasured=np.full(17, 0.25)
    )
