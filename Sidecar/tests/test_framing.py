import asyncio
import random
import unittest

from mrmarket_sidecar import framing


def reader(data: bytes) -> asyncio.StreamReader:
    stream = asyncio.StreamReader(limit=2**26)
    stream.feed_data(data)
    stream.feed_eof()
    return stream


class FramingTests(unittest.IsolatedAsyncioTestCase):
    async def test_what_is_written_is_read(self) -> None:
        message = {"t": "answer", "id": 7, "result": {"price": "0.00000001", "name": "Zoë"}}
        stream = reader(framing.encode(message) * 2)
        self.assertEqual(await framing.read(stream), message)
        self.assertEqual(await framing.read(stream), message)
        self.assertIsNone(await framing.read(stream))

    async def test_what_is_no_frame_is_said_to_be_none(self) -> None:
        for data in (b"\x00", b"\x00\x00\x00\x05nope!", b"\xff\xff\xff\xff", b"\x00\x00\x00\x02[]",
                     b"\x00\x00\x00\x0a{\"t\":12}  ", b"\x00\x00\x00\x05{\"t"):
            with self.subTest(data=data), self.assertRaises(framing.FrameError):
                await framing.read(reader(data))

    async def test_noise_never_raises_anything_else(self) -> None:
        noise = random.Random(7)
        for _ in range(2_000):
            body = noise.randbytes(noise.randrange(40))
            data = len(body).to_bytes(4, "big") + body if noise.random() < 0.7 else body
            try:
                await framing.read(reader(data))
            except framing.FrameError:
                pass

    def test_no_infinities_and_nothing_too_large(self) -> None:
        with self.assertRaises(ValueError):
            framing.encode({"t": "event", "data": float("nan")})
        with self.assertRaises(framing.FrameTooLarge):
            framing.encode({"t": "event", "data": "x" * framing.MAXIMUM_FRAME})


if __name__ == "__main__":
    unittest.main()
