"""What a data scientist would write instead: FastAPI, pydantic and ONNX Runtime, as fast as their documents say.

One uvicorn worker with uvloop and httptools, `async def` routes (faster than a thread pool here), response models that
pydantic writes itself, no access log. `fastapi_server.py STORE…`; writes {"port": …} when it is ready.
"""

import json
import socket
import sys
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "training" / "python"))

from bestrun_training.text_cleaning import clean_text  # noqa: E402


Row = TypeVar("Row")


class Passenger(BaseModel):
    age: float = Field(ge=0, le=150)
    sex: Literal["F", "M"]
    pclass: Literal[1, 2, 3] | None = None


class Project(BaseModel):
    text: str = Field(min_length=1, max_length=10_000)


class Numbers(BaseModel):
    x: Annotated[list[float], Field(min_length=16, max_length=16)]


class Survival(BaseModel):
    survived: int
    probability: float | None


class Tags(BaseModel):
    input_text: str
    preprocessed_text: str
    predicted_tags: list[str]


class Value(BaseModel):
    y: float | None


class Body(BaseModel, Generic[Row]):
    inputs: list[Row] = Field(min_length=1, max_length=10_000)


class Predictions(BaseModel, Generic[Row]):
    model: str
    run_id: str
    predictions: list[Row]


class Answer(BaseModel, Generic[Row]):
    data: Predictions[Row]


class Model:
    """The only run of a model in one of the stores."""

    def __init__(self, name: str) -> None:
        folders = (Path(store) / name / "runs" for store in sys.argv[1:])
        folder = next(run for runs in folders if runs.is_dir() for run in runs.iterdir())
        self.name = name
        self.run = json.loads((folder / "run.json").read_text())
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(str(folder / self.run["model"]["path"]), options)
        self.tensor = self.run["encode"]["tensors"][0]
        self.decode = self.run["decode"]

    def compute(self, values: np.ndarray) -> np.ndarray:
        return self.session.run([self.decode["tensor"]], {self.tensor["tensor"]: values})[0]

    def answer(self, predictions: list) -> dict:
        return {"data": {"model": self.name, "run_id": self.run["run_id"], "predictions": predictions}}


app = FastAPI()
titanic = Model("titanic-survival")
tags = Model("project-tags")
heavy = Model("heavy")


def passenger_columns(row: Passenger) -> list[float]:
    cells: list[float] = []
    for column in titanic.tensor["columns"]:
        value = getattr(row, column["field"])
        cells += [value] if column["kind"] == "number" else [float(value == known) for known in column["values"]]
    return cells


@app.post("/models/titanic-survival/predictions")
async def survival(body: Body[Passenger]) -> Answer[Survival]:
    values = np.array([passenger_columns(row) for row in body.inputs], dtype=np.float32)
    probabilities = titanic.compute(values).reshape(len(body.inputs), -1)[:, -1].tolist()
    threshold = titanic.decode.get("threshold", 0.5)
    return titanic.answer([{"survived": int(p >= threshold), "probability": p} for p in probabilities])


@app.post("/models/project-tags/predictions")
async def project_tags(body: Body[Project]) -> Answer[Tags]:
    cleaned = [clean_text(row.text) for row in body.inputs]
    values = np.array(cleaned, dtype=object)
    probabilities = tags.compute(values if tags.tensor.get("rank") == 1 else values.reshape(-1, 1)).tolist()
    labels, threshold = tags.decode["labels"], tags.decode["threshold"]
    return tags.answer(
        [
            {
                "input_text": row.text,
                "preprocessed_text": text,
                "predicted_tags": [label for label, p in zip(labels, row_probabilities) if p >= threshold],
            }
            for row, text, row_probabilities in zip(body.inputs, cleaned, probabilities)
        ]
    )


@app.post("/models/heavy/predictions")
async def numbers(body: Body[Numbers]) -> Answer[Value]:
    values = heavy.compute(np.array([row.x for row in body.inputs], dtype=np.float32))
    return heavy.answer([{"y": value} for value in values[:, 0].tolist()])


@app.get("/health")
async def health() -> dict:
    return {}


class Server(uvicorn.Server):
    """Says its port when the application has started."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(json.dumps({"port": sockets[0].getsockname()[1]}), flush=True)


listening = socket.socket()
listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
listening.bind(("127.0.0.1", 0))
Server(uvicorn.Config(app, loop="uvloop", http="httptools", log_level="warning", access_log=False, backlog=2048)).run(
    [listening]
)
