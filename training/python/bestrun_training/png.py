"""Writes grey pictures as PNG, and reads back what it wrote. The same bytes whatever the version of zlib: nothing is compressed."""

import base64
import struct
import zlib

import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png_text(pixels: np.ndarray) -> str:
    """A PNG of grey pixels, uint8 [height, width], in base64."""
    height, width = pixels.shape
    lines = b"".join(b"\x00" + line.tobytes() for line in pixels.astype(np.uint8))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", _stored(lines)) + _chunk(b"IEND", b"")
    return base64.b64encode(_SIGNATURE + chunks).decode("ascii")


def pixels_of(text: str) -> np.ndarray:
    """Grey pixels of a PNG that `png_text` wrote."""
    data = base64.b64decode(text)
    width, height = struct.unpack(">II", data[16:24])
    start = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[start - 4 : start])
    lines = np.frombuffer(zlib.decompress(data[start + 4 : start + 4 + length]), np.uint8)
    return lines.reshape(height, width + 1)[:, 1:]


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _stored(content: bytes) -> bytes:
    """A zlib stream of one block that is not compressed; up to 65,535 bytes."""
    block = struct.pack("<BHH", 1, len(content), len(content) ^ 0xFFFF) + content
    return b"\x78\x01" + block + struct.pack(">I", zlib.adler32(content))
