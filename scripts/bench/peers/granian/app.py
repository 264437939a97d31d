"""Granian (RSGI) with orjson and ONNX Runtime inline: no validation, no envelope of errors, no limits."""

import orjson
from titanic import Titanic

titanic = Titanic()
HEADERS = [("content-type", "application/json")]


async def app(scope, protocol) -> None:
    rows = orjson.loads(await protocol())["inputs"]
    protocol.response_bytes(200, HEADERS, orjson.dumps({"data": {"predictions": titanic.predict(rows)}}))
