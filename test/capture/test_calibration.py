"""Calibration against drawn boards of known cameras, real board images, and Pose2Sim's own file."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from sport_nodes.capture.blur import blur_faces, head_circle
from sport_nodes.capture.boards import Board, charuco_board, find_board
from sport_nodes.capture.calib_toml import export_toml, import_toml
from sport_nodes.capture.calibration import calibrate_intrinsics
from sport_nodes.capture.camera import CameraSettings
from sport_nodes.capture.collect import collect_images
from sport_nodes.capture.pose2d import People
from sport_nodes.capture.rig_calibration import calibrate_rig
from sport_nodes.cli import main
from sport_nodes.errors import InputError
from sport_nodes.rig import load_rig, save_rig
from sport_nodes.skeleton import INDEX, LIMBS

BOARD = Board(columns=8, rows=6, square_m=0.05, marker_m=0.037, dictionary="5X5_100")
SIZE = (640, 480)
MATRIX = np.array([[520.0, 0.0, 330.0], [0.0, 520.0, 236.0], [0.0, 0.0, 1.0]])
PIXELS_PER_SQUARE = 60


def drawn_board(rotation_vector: list[float], translation_m: list[float]) -> np.ndarray:
    """An ideal camera's image of the board: its plane is seen through a homography."""
    flat = charuco_board(BOARD).generateImage((BOARD.columns * PIXELS_PER_SQUARE, BOARD.rows * PIXELS_PER_SQUARE))
    turn = cv2.Rodrigues(np.array(rotation_vector, float))[0]
    to_image = MATRIX @ np.column_stack([turn[:, 0], turn[:, 1], translation_m])
    scale = BOARD.square_m / PIXELS_PER_SQUARE
    to_board = np.array([[scale, 0.0, 0.5 * scale], [0.0, scale, 0.5 * scale], [0.0, 0.0, 1.0]])
    image = cv2.warpPerspective(flat, to_image @ to_board, SIZE, flags=cv2.INTER_AREA, borderValue=128)
    return cv2.cvtColor(cv2.GaussianBlur(image, (3, 3), 0), cv2.COLOR_GRAY2BGR)


def views(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [
        drawn_board(
            list(rng.uniform([-0.5, -0.5, -0.3], [0.5, 0.5, 0.3])),
            [-0.2 + rng.uniform(-0.15, 0.15), -0.15 + rng.uniform(-0.1, 0.1), rng.uniform(0.45, 0.75)],
        )
        for _ in range(count)
    ]


def test_board_prints_at_its_size(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    assert main(["calibrate", "board", "--board", "charuco:8x6:0.05:0.037:5X5_100", "-o", str(tmp_path / "b.pdf")]) == 0
    page = pypdf.PdfReader(tmp_path / "b.pdf").pages[0]
    size_m = [float(v) * 0.0254 / 72 for v in page.mediabox[2:]]
    np.testing.assert_allclose(size_m, [0.45, 0.35], atol=1e-6)  # and half a square of white on each side
    image = next(iter(page["/Resources"]["/XObject"].values())).get_object()
    bits = np.unpackbits(np.frombuffer(image.get_data(), np.uint8))
    drawn = 255 * bits.reshape(image["/Height"], image["/Width"])
    width = float(page.get_contents().get_data().split()[1])
    assert width * 0.0254 / 72 / 8 == pytest.approx(0.05, abs=1e-6)  # a square
    photo = cv2.resize(cv2.copyMakeBorder(drawn, 150, 150, 150, 150, cv2.BORDER_CONSTANT, value=255), (810, 630))
    assert len(find_board(cv2.cvtColor(photo, cv2.COLOR_GRAY2BGR), BOARD).pixels) == 7 * 5
    assert main(["calibrate", "board", "--board", "charuco:8x6:0.05:0.037:5X5_100", "-o", str(tmp_path / "b.png")]) == 2


def test_collecting_keeps_what_is_new_and_says_what_is_missing(tmp_path: Path) -> None:
    video, rng = tmp_path / "video", np.random.default_rng(9)
    video.mkdir()
    number = 0

    def show(image: np.ndarray, times: int) -> None:
        nonlocal number
        for _ in range(times):
            cv2.imwrite(str(video / f"{number:04d}.png"), image)
            number += 1

    facing = drawn_board([0.0, 0.0, 0.0], [-0.2, -0.15, 0.6])
    show(facing, 6)  # held still: one image
    for step in range(5):
        show(drawn_board([0.0, 0.0, 0.0], [-0.2 + 0.02 * step, -0.15, 0.6]), 1)  # moved: none
    folder = tmp_path / "camera_0"
    settings = CameraSettings(str(video))
    told: list[list[str]] = []
    found = collect_images(settings, BOARD, folder, tell=lambda images, needed: told.append(needed))
    assert found.images == len(list(folder.iterdir())) == 1
    assert "14 more images" in found.needed
    assert any("tilted" in words for words in found.needed)
    for _ in range(45):
        show(
            drawn_board(
                list(rng.uniform([-0.7, -0.7, -0.3], [0.7, 0.7, 0.3])),
                [-0.2 + rng.uniform(-0.2, 0.2), -0.15 + rng.uniform(-0.15, 0.15), rng.uniform(0.4, 0.9)],
            ),
            2,
        )
    enough = collect_images(settings, BOARD, folder, tell=lambda images, needed: None)
    assert enough.needed == ()
    assert enough.images < 40
    taken = [cv2.imread(str(file)) for file in sorted(folder.iterdir())]
    found_lens = calibrate_intrinsics(taken, BOARD, name="camera_0")
    np.testing.assert_allclose(found_lens.matrix[[0, 1], [0, 1]], 520.0, rtol=0.01)


def test_intrinsics_of_a_drawn_camera() -> None:
    found = calibrate_intrinsics(views(12), BOARD, name="camera_0")
    assert found.error_px < 0.5
    np.testing.assert_allclose(found.matrix[[0, 1], [0, 1]], 520.0, rtol=0.01)
    np.testing.assert_allclose(found.matrix[:2, 2], MATRIX[:2, 2], atol=5.0)


def test_rig_from_boards_is_the_rig_that_was_drawn(tmp_path: Path) -> None:
    floor = drawn_board([-1.0, 0.1, 0.2], [-0.15, 0.05, 0.7])
    held = {f"{n:03d}": image for n, image in enumerate(views(10))}
    images = {name: {**held, "floor": floor} for name in ("camera_0", "kinect")}
    rig, seen, placed = calibrate_rig("lab", images, BOARD, depth="kinect")
    assert rig.depth is not None
    assert [c.name for c in rig.cameras] == ["camera_0"]
    assert set(seen) == {"camera_0", "kinect"}
    assert placed.shared == 1
    camera = rig.cameras[0]
    assert camera.center_m[2] > 0.2  # above the floor
    distance = np.linalg.norm([-0.15, 0.05, 0.7])
    assert np.linalg.norm(camera.center_m) == pytest.approx(distance, rel=0.02)
    path = tmp_path / "lab.yaml"
    save_rig(rig, path)
    np.testing.assert_allclose(load_rig(path).cameras[0].rotation, camera.rotation)


def test_each_failure_has_its_own_words() -> None:
    grey = np.full((480, 640, 3), 128, np.uint8)
    good = views(3)
    for images, words in (
        ([grey] * 6, "no marker of the board is seen"),
        (good, "3 images show the board, at least 5"),
        ([drawn_board([0.1, 0.2, 0.0], [-0.2, -0.1, 1.2])] * 6, "cover"),
    ):
        with pytest.raises(InputError, match=words):
            calibrate_intrinsics(images, BOARD, name="camera_0")
    blurred = cv2.GaussianBlur(good[0], (41, 41), 0)
    assert "blurred" in find_board(blurred, BOARD).reason
    with pytest.raises(InputError, match="unknown dictionary"):
        find_board(grey, Board(8, 6, 0.05, 0.037, "9X9"))
    enough = {f"{n:03d}": image for n, image in enumerate(views(6))}
    with pytest.raises(InputError, match="there is none"):
        calibrate_rig("lab", {"camera_0": enough}, BOARD)
    with pytest.raises(InputError, match="camera_0: no marker of the board"):
        calibrate_rig("lab", {"camera_0": {**enough, "floor": grey}}, BOARD)
    with pytest.raises(InputError, match="'kinect' has no images"):
        calibrate_rig("lab", {"camera_0": enough}, BOARD, depth="kinect")


def test_real_checkerboards_agree_with_qualisys(shared_data: Path) -> None:
    folder = shared_data / "pose2sim_demo" / "S00_Calibration"
    rig = import_toml(folder / "Calib_qualisys.toml")
    for number, truth in list(enumerate(rig.cameras, start=1))[:2]:  # capture_study.py does all four
        files = sorted((folder / "intrinsics" / f"int_cam0{number}_img").glob("*.jpg"))
        images = [cv2.imread(str(file)) for file in files]
        found = calibrate_intrinsics(images, Board(4, 7, 0.06), name=truth.name)
        np.testing.assert_allclose(found.matrix[[0, 1], [0, 1]], truth.matrix[[0, 1], [0, 1]], rtol=0.01)
        assert found.error_px < 0.5


def test_toml_there_and_back(shared_data: Path, tmp_path: Path) -> None:
    rig = import_toml(shared_data / "pose2sim_demo" / "S00_Calibration" / "Calib_qualisys.toml")
    assert len(rig.cameras) == 4
    export_toml(rig, tmp_path / "again.toml")
    again = import_toml(tmp_path / "again.toml")
    points = np.random.default_rng(1).uniform(-1, 1, (50, 3))
    for before, after in zip(rig.cameras, again.cameras, strict=True):
        np.testing.assert_allclose(after.project(points), before.project(points), rtol=1e-9, equal_nan=True)


def test_camera_info_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig = load_rig("lab")
    save_rig(rig, tmp_path / "lab.yaml")
    infos = tmp_path / "infos"
    assert main(["calibrate", "convert", str(tmp_path / "lab.yaml"), "-o", str(infos)]) == 0
    assert {p.stem for p in infos.iterdir()} == {"camera_0", "camera_1", "camera_2", "kinect"}
    info = yaml.safe_load((infos / "camera_1.yaml").read_text())
    np.testing.assert_allclose(np.reshape(info["camera_matrix"]["data"], (3, 3)), rig.camera("camera_1").matrix)
    info["camera_matrix"]["data"][0] = 1234.5  # as another calibration found it
    info["distortion_coefficients"]["data"] = [0.1, -0.2, 0.001, 0.002, 0.03]
    (infos / "camera_1.yaml").write_text(yaml.safe_dump(info))
    convert = ["calibrate", "convert", str(infos / "camera_1.yaml"), "-o", str(tmp_path / "new.yaml")]
    assert main(convert) == 2
    assert "--rig" in capsys.readouterr().err
    assert main([*convert, "--rig", str(tmp_path / "lab.yaml")]) == 0
    new = load_rig(tmp_path / "new.yaml")
    assert new.camera("camera_1").matrix[0, 0] == 1234.5
    np.testing.assert_allclose(new.camera("camera_1").distortion, [0.1, -0.2, 0.001, 0.002, 0.03])
    np.testing.assert_allclose(new.camera("camera_1").translation_m, rig.camera("camera_1").translation_m)
    np.testing.assert_allclose(new.camera("camera_0").matrix, rig.camera("camera_0").matrix)
    info["distortion_model"] = "equidistant"
    (infos / "camera_1.yaml").write_text(yaml.safe_dump(info))
    assert main([*convert, "--rig", "lab"]) == 2
    assert "plumb_bob" in capsys.readouterr().err


def test_toml_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "calib.toml"
    for text, words in (
        ("not = [toml", "not a camera calibration"),
        ("a = 1", "holds no cameras"),
        ('[c]\nname="c"\nmatrix=[[1,0,0],[0,1,0],[0,0,1]]\nfisheye=true', "fisheye"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=words):
            import_toml(path)
    with pytest.raises(InputError, match="no such calibration"):
        import_toml(tmp_path / "absent.toml")


def test_faces_are_blurred_and_nothing_else() -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 255, (400, 300, 3), np.uint8)
    xy = np.full((1, 17, 2), np.nan)
    places = {
        "nose": (150, 60),
        "left_eye": (156, 54),
        "right_eye": (144, 54),
        "left_ear": (163, 57),
        "right_ear": (137, 57),
    }
    places |= {
        "left_shoulder": (185, 110),
        "right_shoulder": (115, 110),
        "left_hip": (170, 220),
        "right_hip": (130, 220),
    }
    for name, place in places.items():
        xy[0, INDEX[name]] = place
    before = image.copy()
    blurred = blur_faces(image, People(xy, np.where(np.isfinite(xy[..., 0]), 0.1, 0.0), (0,)))
    np.testing.assert_array_equal(image, before)
    x, y, radius = head_circle(xy[0], image_height_px=400) or (0, 0, 0)
    rows, columns = np.mgrid[0:400, 0:300]
    head = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    np.testing.assert_array_equal(blurred[~head], image[~head])
    for name in LIMBS["head"]:
        column, row = places[name]
        patch = np.s_[row - 4 : row + 5, column - 4 : column + 5]
        assert blurred[patch].astype(float).std() < 0.25 * image[patch].astype(float).std()
    assert head_circle(np.full((17, 2), np.nan), image_height_px=400) is None
