"""Logs the runs of two experiments and a registered model, and writes what Python predicts with them.

    python log_runs.py <tracking uri> <answers.json>

Works with MLflow 2.x and 3.x.
"""

import json
import sys
import warnings

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
uri, answers_file = sys.argv[1:3]
mlflow.set_tracking_uri(uri)
client = mlflow.MlflowClient()
named = {"name": "model"} if mlflow.__version__.startswith("3.") else {"artifact_path": "model"}
answers = {}


def log(name, metrics, graph=None, rows=None, feed=None, decode=None, **options):
    """Logs a run; `rows` are sent to bestrun, `feed` to onnxruntime, `decode` makes output rows of its results."""
    with mlflow.start_run(run_name=name, nested=True) as run:
        mlflow.log_params({"who": name})
        mlflow.log_metrics(metrics)
        if graph is not None:
            mlflow.onnx.log_model(graph, **named, **options)
            session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
            answers[run.info.run_id] = {"name": name, "rows": rows, "predictions": decode(session.run(None, feed))}
    return run.info.run_id


iris = load_iris(as_frame=True)
X, y = iris.data.rename(columns=lambda c: c.replace(" (cm)", "").replace(" ", "_")), iris.target
frame = X.iloc[::30]
rows = frame.to_dict("records")


def classifier(c):
    model = LogisticRegression(C=c, max_iter=1000).fit(X.to_numpy(), y)
    return to_onnx(model, X.to_numpy(np.float32)[:1], options={"zipmap": False}, target_opset=17)


feed = {"X": frame.to_numpy(np.float32)}
signature = infer_signature(frame, pd.DataFrame({"label": y.iloc[::30]}))
labels = lambda results: [{"label": int(v)} for v in results[0]]
both = lambda results: [{"label": int(v), "probabilities": [float(p) for p in ps]} for v, ps in zip(*results)]
arrays = [{"X": [float(v) for v in row]} for row in frame.to_numpy(np.float32)]

mlflow.set_experiment("Iris flowers")
mlflow.set_experiment_tags({"bestrun.metric": "accuracy", "bestrun.goal": "maximize"})
weak = log("weak", {"accuracy": 0.8}, classifier(0.01), arrays, feed, both, input_example=frame.to_numpy(np.float32))
strong = log("strong", {"accuracy": 0.9}, classifier(1.0), rows, feed, labels, signature=signature, input_example=frame)
log("not-a-number", {"accuracy": float("nan")}, classifier(1.0), rows, feed, labels, signature=signature)
with mlflow.start_run(run_name="pickle"):
    mlflow.log_metric("accuracy", 0.99)
    mlflow.sklearn.log_model(LogisticRegression(max_iter=1000).fit(X, y), **named, input_example=frame)
deleted = log("deleted", {"accuracy": 1.0}, classifier(1.0), rows, feed, labels, signature=signature)
client.delete_run(deleted)
with mlflow.start_run(run_name="parent"):
    log("child", {"accuracy": 0.7}, classifier(0.1), rows, feed, labels, signature=signature)

mlflow.set_experiment("prices")
homes = pd.DataFrame({"area": [30.0, 60.0, 90.0, 120.0], "town": ["Bonn", "Ulm", "Bonn", "Jena"]})
prices = pd.Series([100.0, 150.0, 300.0, 320.0], name="price")
columns = ColumnTransformer([("n", StandardScaler(), ["area"]), ("c", OneHotEncoder(handle_unknown="ignore"), ["town"])])
forest = make_pipeline(columns, RandomForestRegressor(n_estimators=5, random_state=1)).fit(homes, prices)
types = [("area", FloatTensorType([None, 1])), ("town", StringTensorType([None, 1]))]
graph = to_onnx(forest, initial_types=types, target_opset=17)
home_feed = {"area": homes[["area"]].to_numpy(np.float32), "town": homes[["town"]].to_numpy(object)}
log("forest", {"rmse": 12.5}, graph, homes.to_dict("records"), home_feed,
    lambda results: [{"price": float(v)} for v in results[0].reshape(-1)],
    signature=infer_signature(homes, prices.to_frame()), input_example=homes)

for run_id in (strong, weak):
    mlflow.register_model(f"runs:/{run_id}/model", "iris registered")
client.set_registered_model_alias("iris registered", "champion", "1")

with open(answers_file, "w") as file:
    json.dump(answers, file)
