"""Frames: four bytes of length, most significant first, then so many bytes of UTF-8 JSON."""

from __future__ import annotations

import asyncio
import json
from typing import Any

PROTOCOL = 2
MAXIMUM_FRAME = 64 * 1024 * 1024
HEADER = 4

Message = dict[str, Any]


class FrameError(Exception):
    """What came is no frame; nothing that follows on the connection can be understood."""


class FrameTooLarge(Exception):
    """What should be sent is larger than any frame may be."""


def encode(message: Message) -> bytes:
    """One frame. NaN and infinities are no JSON, and refused."""
    body = json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    if len(body) > MAXIMUM_FRAME:
        raise FrameTooLarge(f"{len(body)} bytes, more than the {MAXIMUM_FRAME} of a frame")
    return len(body).to_bytes(HEADER, "big") + body


async def read(reader: asyncio.StreamReader) -> Message | None:
    """The next message; None at the end of the connection."""
    try:
        header = await reader.readexactly(HEADER)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise FrameError("the connection ended within a frame") from error
        return None
    length = int.from_bytes(header, "big")
    if length > MAXIMUM_FRAME:
        raise FrameError(f"a frame of {length} bytes")
    try:
        message = json.loads(await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        raise FrameError("the connection ended within a frame") from error
    except (ValueError, RecursionError) as error:
        raise FrameError("a frame that is no JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("t"), str):
        raise FrameError("a message without a type")
    return message
