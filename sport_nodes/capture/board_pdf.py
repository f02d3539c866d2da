"""A calibration board as a PDF page of its own size, so that it prints at 100 % without arithmetic."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final

import numpy as np

from sport_nodes.capture.boards import Board, charuco_board
from sport_nodes.errors import InputError

#: The board's squares are drawn so finely [dots]; at 50 mm that is 150 dots an inch, and every edge is sharp.
DOTS_PER_SQUARE: Final = 300
#: White around the board, in squares: the detector needs some.
MARGIN_SQUARES: Final = 0.5
#: PDF counts in points of 1/72 inch.
POINTS_PER_METRE: Final = 72.0 / 0.0254


def write_board_pdf(board: Board, path: Path) -> tuple[float, float]:
    """One page with the ChArUco board at its true size; the page's width and height [m].

    Raises InputError for a checkerboard, and when the file cannot be written.
    """
    if not board.dictionary:
        raise InputError("only ChArUco boards are drawn; give charuco:...")
    size = board.columns * DOTS_PER_SQUARE, board.rows * DOTS_PER_SQUARE
    image = np.asarray(charuco_board(board).generateImage(size))
    drawn_m = board.columns * board.square_m, board.rows * board.square_m
    margin_m = MARGIN_SQUARES * board.square_m
    page_m = drawn_m[0] + 2 * margin_m, drawn_m[1] + 2 * margin_m
    width, height, left, page_width, page_height = (value * POINTS_PER_METRE for value in (*drawn_m, margin_m, *page_m))
    place = f"q {width:.4f} 0 0 {height:.4f} {left:.4f} {left:.4f} cm /Board Do Q".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page_width:.4f} {page_height:.4f}] "
        "/Resources << /XObject << /Board 5 0 R >> >> /Contents 4 0 R >>".encode(),
        _stream("", place),
        _stream(
            f"/Type /XObject /Subtype /Image /Width {size[0]} /Height {size[1]} /ColorSpace /DeviceGray "
            "/BitsPerComponent 1 /Filter /FlateDecode",
            zlib.compress(np.packbits(image > 127, axis=1).tobytes()),
        ),
    ]
    try:
        path.write_bytes(_document(objects))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place") from error
    return page_m


def _stream(entries: str, data: bytes) -> bytes:
    return f"<< {entries} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _document(objects: list[bytes]) -> bytes:
    """Numbered objects, the table of where they begin, and the trailer (ISO 32000-1, section 7.5)."""
    out, begins = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        begins.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{begin:010d} 00000 n \n".encode() for begin in begins)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)
