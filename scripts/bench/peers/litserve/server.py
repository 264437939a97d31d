"""LitServe as its documents show it: one LitAPI, one worker. `server.py PORT`."""

import sys

import litserve
from titanic import Titanic


class TitanicApi(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.titanic = Titanic()

    def decode_request(self, request: dict) -> list[dict]:
        return request["inputs"]

    def predict(self, rows: list[dict]) -> list[dict]:
        return self.titanic.predict(rows)

    def encode_response(self, predictions: list[dict]) -> dict:
        return {"data": {"predictions": predictions}}


if __name__ == "__main__":
    server = litserve.LitServer(TitanicApi(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="error", access_log=False)
