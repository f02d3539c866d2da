"""The page of what board images cover: its picture, who can see it, and that nobody is recognised in it."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest

from sport_nodes.capture import coverage_view
from sport_nodes.capture.boards import Board, BoardView, charuco_board, find_board
from sport_nodes.capture.coverage import Coverage
from sport_nodes.capture.coverage_view import WIDTH_PX, CoverageView, coverage_picture, without_faces
from sport_nodes.capture.local_page import LocalPage
from sport_nodes.capture.pose2d import People
from sport_nodes.cli import main
from sport_nodes.errors import InputError
from sport_nodes.skeleton import INDEX, LIMBS

BOARD = Board(columns=8, rows=6, square_m=0.05, marker_m=0.037, dictionary="5X5_100")
SIZE = (640, 480)


def scene(x: int, y: int, *, width: int = 240) -> np.ndarray:
    """A board's left upper corner at x, y, before a wall of fine stripes that stand for a face's detail."""
    image = np.full((SIZE[1], SIZE[0]), 90, np.uint8)
    image[:, ::4] = 160
    flat = charuco_board(BOARD).generateImage((width, width * BOARD.rows // BOARD.columns), marginSize=6)
    image[y : y + flat.shape[0], x : x + flat.shape[1]] = flat
    return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)


class Nobody:
    def detect(self, image: np.ndarray) -> People:
        return People.nobody()

    def close(self) -> None:
        pass


def somebody(x: float, y: float) -> People:
    """A head at x, y over a trunk of 100 px."""
    xy = np.full((1, 17, 2), np.nan)
    xy[0, [INDEX[n] for n in LIMBS["head"]]] = [x, y]
    for side, shift in (("left", 20.0), ("right", -20.0)):
        xy[0, INDEX[f"{side}_shoulder"]] = [x + shift, y + 40.0]
        xy[0, INDEX[f"{side}_hip"]] = [x + shift, y + 140.0]
    return People(xy, np.where(np.isfinite(xy[..., 0]), 0.9, 0.0), (0,))


def detail(image: np.ndarray, x: int, y: int) -> float:
    """How much the stripes show around a place."""
    return float(np.abs(np.diff(image[y - 8 : y + 8, x - 12 : x + 12, 1].astype(float), axis=1)).mean())


def test_the_picture_shows_what_is_covered_and_what_is_not() -> None:
    coverage, image = Coverage(SIZE), scene(20, 20)
    view = find_board(image, BOARD)
    coverage.take(view)
    assert coverage.take(view)  # held still
    picture = coverage_picture(image, view, coverage)
    plain = cv2.resize(image, (WIDTH_PX, 720), interpolation=cv2.INTER_AREA)
    redder = picture[:720].astype(int) - plain
    middle = {
        (c, r): redder[240 * r + 60 : 240 * r + 180, 320 * c + 60 : 320 * c + 260] for c in range(3) for r in range(3)
    }
    more_green = {cell: bool(part[..., 1].mean() > part[..., 2].mean()) for cell, part in middle.items()}
    assert {cell for cell, seen in more_green.items() if seen} == set(zip(*np.nonzero(coverage.cells), strict=True))
    assert 0 < sum(more_green.values()) < 9
    x, y = np.round(1.5 * view.pixels[7]).astype(int)
    assert picture[y, x].tolist() == list(coverage_view.NOW)
    # Words under it, as many as there are needs, and one line of them at least.
    assert picture.shape[0] > 720 + 4 * 30
    assert (picture[720:] > 200).any()


def test_no_face_is_recognised_in_the_picture() -> None:
    image = scene(20, 20)
    view = find_board(image, BOARD)
    assert view.found
    sharp = detail(image, 500, 300)
    blurred = without_faces(image, somebody(500.0, 300.0), view)
    assert detail(blurred, 500, 300) < 0.2 * sharp
    assert detail(blurred, 500, 100) == sharp
    # Nobody found: somebody may have been missed.
    coarse = without_faces(image, People.nobody(), view)
    assert max(detail(coarse, 500, 300), detail(coarse, 500, 100)) < 0.2 * sharp
    x, y = np.round(view.pixels.mean(axis=0)).astype(int)
    assert (coarse[y - 20 : y + 20, x - 20 : x + 20] == image[y - 20 : y + 20, x - 20 : x + 20]).all()
    lost = BoardView(np.empty((0, 3)), np.empty((0, 2)), "not seen")
    hidden = without_faces(image, People.nobody(), lost)
    assert (hidden[y - 20 : y + 20, x - 20 : x + 20] != image[y - 20 : y + 20, x - 20 : x + 20]).mean() > 0.9


def get(url: str, host: str = "") -> bytes:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.read()


def test_the_page_is_for_this_machine_only() -> None:
    page = LocalPage("camera <0>", 0)
    try:
        assert page.url.startswith("http://127.0.0.1:")
        assert b"camera &lt;0&gt;" in get(page.url)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(page.url + "picture.jpg")  # none yet
        view = CoverageView(page, Nobody())
        view.show(scene(20, 20), find_board(scene(20, 20), BOARD), Coverage(SIZE))
        first = get(page.url + "picture.jpg?1")
        picture = cv2.imdecode(np.frombuffer(first, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape[1] == WIDTH_PX
        view.show(scene(300, 200), find_board(scene(300, 200), BOARD), Coverage(SIZE))  # too soon after it
        assert get(page.url + "picture.jpg?2") == first
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(page.url + "picture.jpg", host="evil.example")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(page.url + "../etc/passwd")
        with pytest.raises(InputError, match="not free"):
            LocalPage("second", int(page.url.rsplit(":", 1)[1].strip("/")))
    finally:
        page.close()


def test_collecting_with_a_view_keeps_the_same_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sport_nodes.capture.pose2d.pose_detector", lambda model="", max_people=1: Nobody())
    drawn: list[int] = []

    def picture(image: np.ndarray, view: BoardView, coverage: Coverage) -> np.ndarray:
        drawn.append(coverage.images)
        return coverage_picture(image, view, coverage)

    monkeypatch.setattr(coverage_view, "coverage_picture", picture)
    monkeypatch.setattr(coverage_view, "RATE_HZ", np.inf)
    video = tmp_path / "video"
    video.mkdir()
    for n in range(4):
        cv2.imwrite(str(video / f"{n}.png"), scene(20 + 300 * (n // 2), 20))
    command = ["calibrate", "collect", str(video), "--board", "charuco:8x6:0.05:0.037:5X5_100"]
    assert main([*command, "-o", str(tmp_path / "plain")]) == 0
    assert main([*command, "-o", str(tmp_path / "viewed"), "--view", "0"]) == 0
    assert "what is covered: http://127.0.0.1:" in capsys.readouterr().err
    assert drawn == [0, 1, 1, 2]
    files = {folder: sorted(p.name for p in (tmp_path / folder).iterdir()) for folder in ("plain", "viewed")}
    assert files["plain"] == files["viewed"] == ["000.png", "001.png"]
