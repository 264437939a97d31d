"""The only run of titanic-survival in a store, as a data scientist would compute it: shared by all peers."""

import json
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort


class Titanic:
    def __init__(self, store: str | None = None) -> None:
        runs = Path(store or os.environ["BENCH_STORE"]) / "titanic-survival" / "runs"
        folder = next(runs.iterdir())
        run = json.loads((folder / "run.json").read_text())
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.file = folder / run["model"]["path"]
        self.session = ort.InferenceSession(str(self.file), options)
        self.tensor = run["encode"]["tensors"][0]
        self.output = run["decode"]["tensor"]
        self.threshold = run["decode"].get("threshold", 0.5)

    def encode(self, rows: list[dict]) -> np.ndarray:
        return np.array([self._cells(row) for row in rows], dtype=np.float32)

    def _cells(self, row: dict) -> list[float]:
        cells: list[float] = []
        for column in self.tensor["columns"]:
            value = row.get(column["field"])
            cells += [value] if column["kind"] == "number" else [float(value == known) for known in column["values"]]
        return cells

    def compute(self, values: np.ndarray) -> np.ndarray:
        return self.session.run([self.output], {self.tensor["tensor"]: values})[0]

    def predict(self, rows: list[dict]) -> list[dict]:
        probabilities = self.compute(self.encode(rows)).reshape(len(rows), -1)[:, -1].tolist()
        return [{"survived": int(p >= self.threshold), "probability": p} for p in probabilities]
