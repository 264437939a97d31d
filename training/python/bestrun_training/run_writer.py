"""Writes a run folder, a card and a held-out fixture. The same training writes the same bytes."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from .datasets import read_contract
from .observed import with_observed

CODE_VERSION = "1.0.0"
# Float32 in the served graph against the float64 (or differently ordered float32) sums of the trainer.
TOLERANCE = 1e-5


@dataclass
class TrainedRun:
    """What a trainer hands over. `predict` maps a list of input rows to output rows with all fields."""

    model: str
    name: str
    run_id: str
    description: str
    started_at: str
    ended_at: str
    params: dict
    metrics: dict
    performance: dict
    artifact: bytes
    encode: dict
    decode: dict
    predict: callable
    tags: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Output:
    """Folders to write to: the store and the held-out fixtures."""

    models: Path
    fixtures: Path


def write_card(output: Output, model: str) -> None:
    """card.json of a model, from its contract."""
    _write_json(output.models / model / "card.json", read_contract(model)["card"])


def write_run(output: Output, run: TrainedRun, prepared: dict) -> None:
    """run.json, model.onnx and the fixture of a run, with the trainer's own outputs."""
    contract = read_contract(run.model)
    folder = output.models / run.model / "runs" / run.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(run.artifact)
    rows = {row["id"]: row["input"] for row in prepared["rows"]}
    examples = contract["examples"] + [rows[row_id] for row_id in prepared["example_ids"]]
    _write_json(
        folder / "run.json",
        {
            "run_id": run.run_id,
            "name": run.name,
            "description": run.description,
            "status": "FINISHED",
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "params": {
                **run.params,
                "average": "weighted",
                "num_samples": len(prepared["rows"]),
                "data_file": prepared["data_file"],
                "data_sha256": prepared["data_sha256"],
                "code_version": CODE_VERSION,
            },
            "metrics": run.metrics,
            "performance": run.performance,
            "tags": {"trainer": "python", **run.tags},
            "signature": with_observed(contract["signature"], prepared["observed"]),
            "model": {"format": "onnx", "path": "model.onnx", "sha256": hashlib.sha256(run.artifact).hexdigest()},
            "encode": run.encode,
            "decode": run.decode,
            "examples": _with_outputs(examples, run),
            "self_test": {"tolerance": TOLERANCE},
        },
    )
    fixture = {"tolerance": TOLERANCE, "rows": _with_outputs(fixture_inputs(prepared), run)}
    _write_json(output.fixtures / run.model / f"{run.name}.json", fixture)


def fixture_inputs(prepared: dict) -> list[dict]:
    """The held-out rows of a fixture. Every fifth passenger comes without a class, to cover the absent value."""
    rows = {row["id"]: row["input"] for row in prepared["rows"]}
    inputs = [dict(rows[row_id]) for row_id in prepared["fixture_ids"]]
    for row in inputs[::5]:
        row.pop("pclass", None)
    return inputs


def _with_outputs(inputs: list[dict], run: TrainedRun) -> list[dict]:
    return [{"input": row, "output": output} for row, output in zip(inputs, run.predict(inputs), strict=True)]


def _write_json(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    path.write_text(_with_short_pixels(text) + "\n", "utf-8")


def _with_short_pixels(text: str) -> str:
    """Pictures on one line each instead of a line a pixel."""
    return re.sub(r'("pixels": )(\[[\s\d.,\[\]]*\])', lambda match: match[1] + re.sub(r"\s+", "", match[2]), text)
