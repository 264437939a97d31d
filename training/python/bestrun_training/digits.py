"""The Python runs of `written-digits`: logistic regression, and a network with one hidden layer."""

import warnings
from collections.abc import Callable

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from .datasets import read_contract
from .metrics import multi_class_evaluation, multi_class_log_loss
from .onnx_graphs import image_graph
from .png import pixels_of
from .run_writer import Output, TrainedRun, write_run

MODEL = "written-digits"
SEED = 1234
SIZE = 8
MLP_EPOCHS = 100
# The graphs take 0 (ground) to 1 (ink); pixels count ink from 0 to 16, images from 0 to 255.
FULL_INK = 16
FULL_IMAGE_INK = 255


def train_digits(output: Output, prepared: dict) -> None:
    """Writes both runs."""
    parts = {part: _Part(prepared, part) for part in ("train", "validation", "test")}
    for run in (_logistic(parts), _mlp(parts)):
        write_run(output, run, prepared)


class _Part:
    def __init__(self, prepared: dict, part: str) -> None:
        rows = [row for row in prepared["rows"] if row["part"] == part]
        self.features = features_of([row["input"] for row in rows])
        self.truth = np.array([row["target"] for row in rows])
        self.slices = [row["slices"] for row in rows]


def features_of(inputs: list[dict]) -> np.ndarray:
    """Ink from 0 to 1, float32 [rows, 64], row by row of the picture."""
    return np.array([_ink_of(row) for row in inputs], np.float32)


def _ink_of(row: dict) -> np.ndarray:
    if "pixels" in row:
        return np.ravel(row["pixels"]) / FULL_INK
    return np.ravel(pixels_of(row["image"])) / FULL_IMAGE_INK


def _logistic(parts: dict[str, _Part]) -> TrainedRun:
    penalties = [0.1, 0.3, 1.0, 3.0, 10.0]
    models = [LogisticRegression(C=penalty, max_iter=2000, random_state=SEED) for penalty in penalties]
    best, loss = _best(models, parts)
    model = models[best]
    return _run(
        name="logistic",
        run_id="written-digits-logistic-001",
        description="Logistic regression on the 64 pixels (scikit-learn).",
        hour=9,
        params={
            "kind": "logistic",
            "seed": SEED,
            "inverse_penalty": penalties[best],
            "validation_log_loss": loss,
        },
        artifact=image_graph(SIZE, [(model.coef_.T, model.intercept_)]),
        probability_of=model.predict_proba,
        parts=parts,
    )


def _mlp(parts: dict[str, _Part]) -> TrainedRun:
    settings = [(hidden_dim, penalty) for hidden_dim in (64, 128) for penalty in (0.03, 0.1, 0.3, 1.0)]
    models = [
        MLPClassifier(
            (hidden_dim,),
            alpha=penalty,
            learning_rate_init=0.003,
            max_iter=MLP_EPOCHS,
            n_iter_no_change=MLP_EPOCHS,
            random_state=SEED,
        )
        for hidden_dim, penalty in settings
    ]
    best, loss = _best(models, parts)
    model = models[best]
    return _run(
        name="mlp",
        run_id="written-digits-mlp-001",
        description="A network with one hidden layer on the 64 pixels (scikit-learn).",
        hour=10,
        params={
            "kind": "mlp",
            "seed": SEED,
            "hidden_dim": settings[best][0],
            "penalty": settings[best][1],
            "num_epochs": model.n_iter_,
            "learning_rate": model.learning_rate_init,
            "validation_log_loss": loss,
        },
        artifact=image_graph(SIZE, list(zip(model.coefs_, model.intercepts_, strict=True))),
        probability_of=model.predict_proba,
        parts=parts,
    )


def _best(models: list, parts: dict[str, _Part]) -> tuple[int, float]:
    """Fits all; which has the lowest log loss on the validation rows (the first of equals), and that loss."""
    train, validation = parts["train"], parts["validation"]
    with warnings.catch_warnings():
        # The number of epochs is a setting here, not a limit.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = [model.fit(train.features, train.truth) for model in models]
    losses = [multi_class_log_loss(validation.truth, model.predict_proba(validation.features)) for model in fitted]
    best = int(np.argmin(losses))
    return best, losses[best]


def _run(
    *,
    name: str,
    run_id: str,
    description: str,
    hour: int,
    params: dict,
    artifact: bytes,
    probability_of: Callable[[np.ndarray], np.ndarray],
    parts: dict[str, _Part],
) -> TrainedRun:
    contract = read_contract(MODEL)
    test = parts["test"]
    metrics, performance = multi_class_evaluation(test.truth, probability_of(test.features), test.slices)

    def predict(inputs: list[dict]) -> list[dict]:
        return [_answer(probabilities) for probabilities in probability_of(features_of(inputs))]

    return TrainedRun(
        model=MODEL,
        name=name,
        run_id=run_id,
        description=description,
        started_at=f"2026-11-20T{hour:02}:00:00Z",
        ended_at=f"2026-11-20T{hour:02}:01:00Z",
        params=params,
        metrics=metrics,
        performance=performance,
        artifact=artifact,
        encode=contract["encode"],
        decode={**contract["decode"], "tensor": "probabilities"},
        predict=predict,
    )


def _answer(probabilities: np.ndarray) -> dict:
    digit = int(np.argmax(probabilities))
    return {
        "digit": digit,
        "probability": float(probabilities[digit]),
        "probabilities": {str(label): float(value) for label, value in enumerate(probabilities)},
    }
