"""Logs a Keras model in each way that MLflow has, and prints what TensorFlow predicts with those that can be served.

    python log_keras.py <tracking uri> <answers.json>

Works with MLflow 2.x and 3.x.
"""

import json
import sys

import keras
import mlflow
import numpy as np
import tensorflow as tf
from mlflow.models import infer_signature

uri, answers_file = sys.argv[1:3]
mlflow.set_tracking_uri(uri)
mlflow.set_experiment("Keras")
mlflow.set_experiment_tags({"bestrun.metric": "accuracy", "bestrun.goal": "maximize"})
named = {"name": "model"} if mlflow.__version__.startswith("3.") else {"artifact_path": "model"}
# Given, because MLflow finds them out by loading each model in a process of its own.
named["pip_requirements"] = ["tensorflow"]
answers = {}

keras.utils.set_random_seed(7)
layers = [keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3, activation="softmax")]
model = keras.Sequential([keras.Input([4]), *layers])
X = np.linspace(-2, 2, 20, dtype=np.float32).reshape(5, 4)
predicted = model(X).numpy()
signature = infer_signature(X, predicted)


class Served(tf.Module):
    """A Keras model as a tf.Module, as docs/mlflow.md shows it."""

    def __init__(self, model):
        self.model = model
        self.weights = [variable.value for variable in model.variables]

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def __call__(self, x):
        return self.model(x)


class Labelled(Served):
    """The same with two outputs by name, which MLflow writes down as one of type "any"."""

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def __call__(self, x):
        p = self.model(x)
        return {"label": tf.argmax(p, 1), "p": p}


def log(name, accuracy, log_model, predictions=None):
    with mlflow.start_run(run_name=name) as run:
        mlflow.log_metric("accuracy", accuracy)
        log_model()
    if predictions is not None:
        rows = [{"input": row} for row in X.tolist()]
        answers[run.info.run_id] = {"name": name, "rows": rows, "predictions": predictions}


one = [{"prediction": row} for row in predicted.tolist()]
two = [{"label": int(np.argmax(row)), "p": row} for row in predicted.tolist()]
example = {"input_example": X[:3]}
log("file", 0.99, lambda: mlflow.tensorflow.log_model(model, **named, signature=signature, **example))
log("file-of-keras", 0.98, lambda: mlflow.keras.log_model(model, **named, signature=signature))
# No input example: MLflow fails on it here (FileNotFoundError).
log("exported", 0.97, lambda: mlflow.keras.log_model(model, **named, signature=signature, save_exported_model=True), one)
log("module", 0.96, lambda: mlflow.tensorflow.log_model(Served(model), **named, signature=signature, **example), one)
log("two-outputs", 0.95, lambda: mlflow.tensorflow.log_model(Labelled(model), **named, **example), two)

with open(answers_file, "w") as file:
    json.dump(answers, file)
