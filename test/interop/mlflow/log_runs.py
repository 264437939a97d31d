"""Logs the runs of three experiments and a registered model, and then does what standard input says, a JSON object a line:

    {"do": "log", "name": "better", "accuracy": 0.95, "c": 10, "without": ["sepal_width"]}
    {"do": "move_alias", "version": "2"}
    {"do": "create_webhook", "url": "http://…", "secret": "…"}

After the first runs and after each line it writes a line with what Python predicts with the runs since, by run id.

    python log_runs.py <tracking uri>

Works with MLflow 2.x and 3.x.
"""

import json
import os
import pathlib
import sys
import tempfile
import warnings

# MLflow prints on standard output too, which belongs to the replies.
replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import mlflow
import numpy as np
import onnxruntime
import pandas as pd
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.filterwarnings("ignore")
mlflow.set_tracking_uri(sys.argv[1])
client = mlflow.MlflowClient()
named = {"name": "model"} if mlflow.__version__.startswith("3.") else {"artifact_path": "model"}
# Given, because MLflow finds them out by loading each model in a process of its own.
named["pip_requirements"] = ["onnxruntime"]
answers = {}


def reply():
    replies.write(json.dumps(answers) + "\n")
    replies.flush()
    answers.clear()


def log(name, metrics, graph, rows, feed, decode, **options):
    """Logs a run; `rows` are sent to bestrun, `feed` to onnxruntime, `decode` makes output rows of its results."""
    with mlflow.start_run(run_name=name, nested=True) as run:
        mlflow.log_params({"who": name})
        mlflow.log_metrics(metrics)
        mlflow.onnx.log_model(graph, **named, **options)
        session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        answers[run.info.run_id] = {"name": name, "rows": rows, "predictions": decode(session.run(None, feed))}
    return run.info.run_id


iris = load_iris(as_frame=True)
X, y = iris.data.rename(columns=lambda c: c.replace(" (cm)", "").replace(" ", "_")), iris.target


def classifier(c, columns=X.columns):
    inputs = X[columns].to_numpy()
    model = LogisticRegression(C=c, max_iter=1000).fit(inputs, y)
    return to_onnx(model, inputs[:1].astype(np.float32), options={"zipmap": False}, target_opset=17)


def log_flowers(name, accuracy, c=1.0, without=(), **options):
    """Logs a classifier with a signature: columns in, a label out."""
    frame = X.iloc[::30].drop(columns=list(without))
    signature = infer_signature(frame, pd.DataFrame({"label": y.iloc[::30]}))
    labels = lambda results: [{"label": int(v)} for v in results[0]]
    mlflow.set_experiment("Iris flowers")
    return log(name, {"accuracy": accuracy}, classifier(c, frame.columns), frame.to_dict("records"),
               {"X": frame.to_numpy(np.float32)}, labels, signature=signature, **options)


def log_first_flowers():
    mlflow.set_experiment("Iris flowers")
    mlflow.set_experiment_tags({"bestrun.metric": "accuracy", "bestrun.goal": "maximize"})
    frame = X.iloc[::30]
    matrix = frame.to_numpy(np.float32)
    both = lambda results: [{"label": int(v), "probabilities": [float(p) for p in ps]} for v, ps in zip(*results)]
    weak = log("weak", {"accuracy": 0.8}, classifier(0.01), [{"X": [float(v) for v in row]} for row in matrix],
               {"X": matrix}, both, input_example=matrix)
    strong = log_flowers("strong", 0.9, input_example=frame)
    log_flowers("not-a-number", float("nan"))
    with mlflow.start_run(run_name="pickle"):
        mlflow.log_metric("accuracy", 0.99)
        mlflow.sklearn.log_model(LogisticRegression(max_iter=1000).fit(X, y), **named, input_example=frame)
    client.delete_run(log_flowers("deleted", 1.0))
    with mlflow.start_run(run_name="parent"):
        child = log_flowers("child", 0.7, 0.1)
    for run_id in (strong, weak, child):
        mlflow.register_model(f"runs:/{run_id}/model", "iris registered")
    move_alias("1")


def log_prices():
    mlflow.set_experiment("prices")
    homes = pd.DataFrame({"area": [30.0, 60.0, 90.0, 120.0], "town": ["Bonn", "Ulm", "Bonn", "Jena"]})
    prices = pd.Series([100.0, 150.0, 300.0, 320.0], name="price")
    encode = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("n", StandardScaler(), ["area"]), ("c", encode, ["town"])])
    forest = make_pipeline(columns, RandomForestRegressor(n_estimators=5, random_state=1)).fit(homes, prices)
    types = [("area", FloatTensorType([None, 1])), ("town", StringTensorType([None, 1]))]
    feed = {"area": homes[["area"]].to_numpy(np.float32), "town": homes[["town"]].to_numpy(object)}
    log("forest", {"rmse": 12.5}, to_onnx(forest, initial_types=types, target_opset=17), homes.to_dict("records"),
        feed, lambda results: [{"price": float(v)} for v in results[0].reshape(-1)],
        signature=infer_signature(homes, prices.to_frame()), input_example=homes)


def contract_of(names):
    """What MLflow's signature cannot say of the flowers: limits, names of classes, a probability, and what Python answers."""
    frame = X.iloc[::30]
    session = onnxruntime.InferenceSession(classifier(1.0).SerializeToString(), providers=["CPUExecutionProvider"])
    # In the order of the alphabet, which MLflow makes of metadata.
    answers = [{"probability": float(p.max()), "species": species[p.argmax()]} for p in
               session.run(None, {"X": frame.to_numpy(np.float32)})[1]]
    cm = {"type": "number", "unit": "cm", "minimum": 0, "maximum": 30}
    columns = [{"kind": "number", "field": column} for column in frame]
    return {
        "signature": {
            "input": {"type": "object", "required": list(frame), "properties": {column: cm for column in frame}},
            "output": {"type": "object", "required": ["species", "probability"], "properties": {
                "probability": {"type": "number"}, "species": {"type": "string", "enum": names}}}},
        "encode": {"tensors": [{"kind": "columns", "tensor": "X", "dtype": "float32", "columns": columns}]},
        "decode": {"kind": "multi-class", "tensor": "probabilities", "labels": names, "field": "species",
                   "probability_field": "probability"},
        "examples": [{"input": row, "output": answer} for row, answer in zip(frame.to_dict("records"), answers)],
    }


species = [str(name) for name in iris.target_names]


def log_contract(name, accuracy, place, names=species):
    """Logs a classifier with a full contract: in its MLmodel file, its folder, or the artifacts of its run."""
    contract = contract_of(names)
    metadata = {"metadata": {"bestrun": contract}} if place == "metadata" else {}
    with mlflow.start_run(run_name=name) as run:
        mlflow.log_metric("accuracy", accuracy)
        logged = mlflow.onnx.log_model(classifier(1.0), **named, **metadata)
        if place == "run":
            mlflow.log_dict(contract, "bestrun/run.json")
        elif place == "model" and "name" in named:
            with tempfile.TemporaryDirectory() as folder:
                pathlib.Path(folder, "bestrun").mkdir()
                pathlib.Path(folder, "bestrun", "run.json").write_text(json.dumps(contract))
                client.log_model_artifacts(logged.model_id, folder)
        elif place == "model":
            mlflow.log_dict(contract, "model/bestrun/run.json")
    rows, predictions = ([example[half] for example in contract["examples"]] for half in ("input", "output"))
    answers[run.info.run_id] = {"name": name, "rows": rows, "predictions": predictions}


def log_contracts():
    mlflow.set_experiment("contracts")
    for i, place in enumerate(("metadata", "model", "run")):
        log_contract(f"in the {place}", 0.9 + i / 100, place)
    log_contract("names in a wrong order", 0.99, "run", species[::-1])


def move_alias(version):
    client.set_registered_model_alias("iris registered", "champion", version)


def create_webhook(url, secret):
    client.create_webhook("bestrun", url, ["model_version_alias.created"], secret=secret)


log_first_flowers()
log_prices()
log_contracts()
reply()
doers = {"log": log_flowers, "move_alias": move_alias, "create_webhook": create_webhook}
for line in sys.stdin:
    order = json.loads(line)
    doers[order.pop("do")](**order)
    reply()
