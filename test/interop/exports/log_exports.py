"""Runs every recipe that bestrun prints for a model that only Python can run, with the real library.

    python log_exports.py <tracking uri> <recipes.json> <answers.json>

The file holds `recipes` (id, imports, code, fileLines), `logModel` and `logExamples`: the lines as messages and docs
have them. The lines that a folder's verdict prints must write the same model as those for MLflow.
Each model is an experiment of its own with one run. The answers are one JSON object: rows and what Python predicts, by
experiment. Recipes that are not in the file are not tried, nor are their libraries needed.
"""

import functools
import json
import os
import sys
import warnings

os.environ.setdefault("KERAS_BACKEND", "torch")

import lightgbm
import mlflow
import numpy as np
import onnx
import pandas as pd
import xgboost
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

warnings.filterwarnings("ignore")
tracking_uri, recipe_file, answer_file = sys.argv[1:4]
mlflow.set_tracking_uri(tracking_uri)
# MLflow finds the requirements out by loading each model in a process of its own.
mlflow.onnx.log_model = functools.partial(mlflow.onnx.log_model, pip_requirements=["onnxruntime"])
lines = json.load(open(recipe_file))
recipes = {recipe["id"]: recipe for recipe in lines["recipes"]}
answers = {}

# Shuffled, so that the first rows are of several classes.
order = np.random.default_rng(1).permutation(150)
frame, species = (part.iloc[order].reset_index(drop=True) for part in load_iris(return_X_y=True, as_frame=True))
array, size = frame.to_numpy("float32"), frame["petal length (cm)"] * 1.7
people = pd.DataFrame({"age": [20.0, 35.0, 51.0, 64.0] * 10, "children": [0, 1, 2, 3] * 10, "town": ["Bonn", "Ulm"] * 20})
bought = np.array([0, 1, 1, 0] * 10)
films = pd.DataFrame({"text": ["a good film", "a bad film", "good and great", "awful and bad"] * 5})


def classes(model, X):
    return pd.DataFrame({"label": model.predict(X).reshape(-1), "probabilities": model.predict_proba(X).tolist()})


def scores(model, X):
    return pd.DataFrame({"label": model.predict(X), "probabilities": model.decision_function(X).tolist()})


def numbers(name):
    return lambda model, X: pd.DataFrame({name: np.asarray(model.predict(X), dtype="float64").reshape(-1)})


def try_recipe(name, recipe_id, model, X, predict, trained_on=None):
    """Logs a model as its recipe says, with the examples that prove it, and notes what Python predicts."""
    predictions = predict(model, X if trained_on is None else trained_on)
    recipe = recipes[recipe_id]
    names = {"model": model, "X": X, "predictions": predictions, "mlflow": mlflow, "infer_signature": infer_signature}
    exec("\n".join(recipe["imports"] + recipe["fileLines"]), names)
    written = onnx.load("model.onnx").graph
    os.remove("model.onnx")
    exec("\n".join(recipe["imports"] + recipe["code"]), names)
    assert [o.name for o in written.output] == [o.name for o in names["onx"].graph.output], name
    outputs = [output.name for output in names["onx"].graph.output]
    if len(outputs) == 1:  # exporters choose the name
        predictions = names["predictions"] = predictions.set_axis(outputs, axis=1)
    mlflow.set_experiment(name)
    mlflow.set_experiment_tags({"bestrun.metric": "score", "bestrun.goal": "maximize"})
    with mlflow.start_run():
        mlflow.log_metric("score", 1.0)
        exec(lines["logModel"], names)
        if isinstance(X, pd.DataFrame):
            exec(lines["logExamples"], names)
    rows = X[:8].to_dict("records") if isinstance(X, pd.DataFrame) else [{"input": row} for row in X[:8].tolist()]
    answers[name] = {"rows": rows, "predictions": predictions[:8].to_dict("records"),
                     "proven": isinstance(X, pd.DataFrame)}


for kind, X in (("frame", frame), ("array", array)):
    try_recipe(f"sklearn classifier {kind}", "sklearn-numbers", LogisticRegression(max_iter=500).fit(X, species), X, classes)
    try_recipe(f"sklearn pipeline {kind}", "sklearn-numbers", make_pipeline(StandardScaler(), LogisticRegression()).fit(X, species), X, classes)
    for name, model in (("one", LinearSVC()), ("pipeline", make_pipeline(StandardScaler(), LinearSVC()))):
        try_recipe(f"sklearn without probabilities {name} {kind}", "sklearn-numbers", model.fit(X, species), X, scores)
    try_recipe(f"sklearn regressor {kind}", "sklearn-numbers", LinearRegression().fit(X, size), X, numbers("variable"))
    try_recipe(f"sklearn forest {kind}", "sklearn-numbers", RandomForestRegressor(n_estimators=5).fit(X, size), X, numbers("variable"))
    try_recipe(f"xgboost classifier {kind}", "xgboost", xgboost.XGBClassifier(n_estimators=5).fit(X, species), X, classes)
    try_recipe(f"xgboost regressor {kind}", "xgboost", xgboost.XGBRegressor(n_estimators=5).fit(X, size), X, numbers("variable"))
    try_recipe(f"lightgbm classifier {kind}", "lightgbm", lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(X, species), X, classes)
    try_recipe(f"lightgbm regressor {kind}", "lightgbm", lightgbm.LGBMRegressor(n_estimators=5, verbose=-1).fit(X, size), X, numbers("variable"))

columns = ColumnTransformer([("n", StandardScaler(), ["age", "children"]), ("c", OneHotEncoder(handle_unknown="ignore"), ["town"])])
try_recipe("sklearn columns classifier", "sklearn-columns", make_pipeline(columns, LogisticRegression()).fit(people, bought), people, classes)
try_recipe("sklearn columns regressor", "sklearn-columns", make_pipeline(columns, LinearRegression()).fit(people, bought * 2.5), people, numbers("variable"))
reviews = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(films["text"], bought[:20])
try_recipe("sklearn text", "sklearn-text", reviews, films, classes, trained_on=films["text"])
judged = make_pipeline(TfidfVectorizer(), LinearSVC()).fit(films["text"], bought[:20])
try_recipe("sklearn text without probabilities", "sklearn-text", judged, films, scores, trained_on=films["text"])

if "catboost" in recipes:
    from catboost import CatBoostClassifier, CatBoostRegressor

    named = lambda model, X: classes(model, X).rename(columns={"probabilities": "probability_tensor"})
    for kind, X in (("frame", frame), ("array", array)):
        try_recipe(f"catboost classifier {kind}", "catboost", CatBoostClassifier(iterations=5, verbose=0).fit(X, species), X, named)
        try_recipe(f"catboost regressor {kind}", "catboost", CatBoostRegressor(iterations=5, verbose=0).fit(X, size), X, numbers("predictions"))

if "pytorch" in recipes:
    import torch

    class Flowers(torch.nn.Module):
        def __init__(self):
            super().__init__()
            layers = torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3), torch.nn.Softmax(1)
            self.layers = torch.nn.Sequential(*layers)

        def forward(self, x):
            return self.layers(x)

    def tensor_outputs(model, X):
        with torch.no_grad():
            return pd.DataFrame({"output": model(torch.from_numpy(np.asarray(X, dtype="float32"))).tolist()})

    try_recipe("pytorch frame", "pytorch", Flowers(), frame, tensor_outputs)
    try_recipe("pytorch array", "pytorch", Flowers(), array, tensor_outputs)

if "keras" in recipes:
    import keras

    layers = [keras.Input((4,), name="flower"), keras.layers.Dense(3, activation="softmax", name="species")]
    keras_answers = lambda model, X: pd.DataFrame({"output": np.asarray(model.predict(X, verbose=0)).tolist()})
    try_recipe("keras array", "keras", keras.Sequential(layers), array, keras_answers)

with open(answer_file, "w") as file:
    json.dump(answers, file)
