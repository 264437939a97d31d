"""Trains a model of each kind that people have, and publishes it in a folder and with MLflow, each with a full contract.

    python train_kinds.py <folder> [--short]

Writes <folder>/models, <folder>/mlruns and <folder>/answers.json: rows and what Python predicts, by model. The models of
MLflow are called as those of the folder, with "-mlflow". Short is without PyTorch and Keras.
"""

import hashlib
import json
import math
import os
import pathlib
import sys
import warnings

os.environ.setdefault("KERAS_BACKEND", "torch")

import lightgbm
import mlflow
import numpy as np
import onnx
import onnxmltools
import pandas as pd
import skl2onnx
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as Floats
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, IsolationForest, RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

warnings.filterwarnings("ignore")
folder = pathlib.Path(sys.argv[1])
is_short = "--short" in sys.argv
mlflow.set_tracking_uri(f"file://{folder}/mlruns")
random = np.random.default_rng(11)
answers = {}

NUMBER, TEXT = {"type": "number"}, {"type": "string"}
ROWS = 200


def plain(value):
    """The value as JSON has it: a missing one is null."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(member) for member in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def fields(properties, optional=()):
    return {"type": "object", "properties": properties, "required": [name for name in properties if name not in optional]}


def lists(size, items=NUMBER):
    return {"type": "array", "items": items, "minItems": size, "maxItems": size}


def matrix(columns, **more):
    """One input of float32 with these columns."""
    given = [column if isinstance(column, dict) else {"kind": "number", "field": column} for column in columns]
    return {"tensors": [{"kind": "columns", "dtype": "float32", "columns": given, **more}]}


def publish(name, graph, signature, encode, decode, rows, predictions):
    """Writes a run into the folder, and logs it with MLflow."""
    rows, predictions = plain(list(rows)[:ROWS]), plain(list(predictions)[:ROWS])
    contract = {"signature": signature, "encode": encode, "decode": decode,
                "examples": [{"input": i, "output": o} for i, o in zip(rows[:8], predictions[:8])]}
    run_folder = folder / "models" / name / "runs" / "one"
    run_folder.mkdir(parents=True)
    card = {"name": name, "title": name, "description": name, "task": "other", "selection": {"metric": "score", "goal": "maximize"}}
    (folder / "models" / name / "card.json").write_text(json.dumps(card))
    content = graph.SerializeToString()
    (run_folder / "model.onnx").write_bytes(content)
    run = {"run_id": f"{name}-one", "name": name, "status": "FINISHED", "started_at": "2026-01-31T12:00:00Z", "params": {},
           "metrics": {"score": 1.0}, "performance": {}, "tags": {}, **contract,
           "model": {"format": "onnx", "path": "model.onnx", "sha256": hashlib.sha256(content).hexdigest()}}
    (run_folder / "run.json").write_text(json.dumps(run, allow_nan=False))
    mlflow.set_experiment(f"{name}-mlflow")
    mlflow.set_experiment_tags({"bestrun.metric": "score", "bestrun.goal": "maximize"})
    with mlflow.start_run():
        mlflow.log_metric("score", 1.0)
        mlflow.onnx.log_model(graph, name="model", pip_requirements=["onnxruntime"])
        mlflow.log_dict(contract, "bestrun/run.json")
    for model in (name, f"{name}-mlflow"):
        answers[model] = {"rows": rows, "predictions": predictions}


def classes(labels, probabilities, label="label"):
    """Rows of a label, its probability and those of all."""
    return [{label: labels[int(p.argmax())], "probability": p.max(), "all": dict(zip(map(str, labels), p))} for p in probabilities]


def class_fields(labels, label="label"):
    kind = "integer" if isinstance(labels[0], int) else "string"
    return fields({label: {"type": kind, "enum": list(labels)}, "probability": NUMBER,
                   "all": {"type": "object", "additionalProperties": NUMBER}})


def one_of(labels, tensor="probabilities", label="label", **more):
    return {"kind": "multi-class", "tensor": tensor, "labels": list(labels), "field": label,
            "probability_field": "probability", "probabilities_field": "all", **more}


def flowers():
    X, y = load_iris(return_X_y=True)
    labels, names = ["setosa", "versicolor", "virginica"], ["sl", "sw", "pl", "pw"]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    graph = skl2onnx.to_onnx(model, X[:1].astype("float32"), options={id(model): {"zipmap": False}})
    rows = [dict(zip(names, row)) for row in X]
    publish("flowers", graph, {"input": fields(dict.fromkeys(names, NUMBER)), "output": class_fields(labels)},
            matrix(names), one_of(labels), rows, classes(labels, model.predict_proba(X)))


def passengers():
    """Texts, missing numbers, and categories that were never seen."""
    size = 400
    X = pd.DataFrame({"age": random.normal(40, 12, size).round(), "fare": random.gamma(2, 20, size).round(2),
                      "port": random.choice(["C", "Q", "S"], size), "deck": random.choice(["A", "B", "C"], size)})
    X.loc[random.random(size) < 0.2, "age"] = np.nan
    y = ((X["age"].fillna(30) > 38) ^ (X["port"] == "Q")).astype(int)
    columns = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["age", "fare"]),
        ("port", OneHotEncoder(handle_unknown="ignore"), ["port"]),
        ("deck", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["deck"])])
    model = make_pipeline(columns, GradientBoostingClassifier(random_state=1)).fit(X, y)
    types = [(c, (FloatTensorType if c in ("age", "fare") else StringTensorType)([None, 1])) for c in X]
    graph = skl2onnx.to_onnx(model, initial_types=types, options={id(model): {"zipmap": False}})
    X = pd.concat([X[:50], X[:3].assign(port="never seen", deck="Z")], ignore_index=True)
    threshold = 0.35
    tensors = [{"kind": "columns", "tensor": c, "dtype": "string" if c in ("port", "deck") else "float32",
                "columns": [{"kind": "string" if c in ("port", "deck") else "number", "field": c,
                             **({"missing": "nan"} if c == "age" else {})}]} for c in X]
    signature = {"input": fields({"age": {"type": ["number", "null"]}, "fare": NUMBER, "port": TEXT, "deck": TEXT}, ["age"]),
                 "output": fields({"survived": {"type": "boolean"}, "probability": NUMBER})}
    decode = {"kind": "binary", "tensor": "probabilities", "labels": [False, True], "threshold": threshold,
              "field": "survived", "probability_field": "probability"}
    publish("passengers", graph, signature, {"tensors": tensors}, decode, X.to_dict("records"),
            [{"survived": bool(p >= threshold), "probability": p} for p in model.predict_proba(X)[:, 1]])


def homes():
    """LightGBM with categories, some of them missing."""
    size = 400
    towns = ["Bonn", "Jena", "Ulm"]
    X = pd.DataFrame({"town": pd.Categorical(random.choice(towns, size), towns), "area": random.uniform(20, 120, size).round(1)})
    X.loc[random.random(size) < 0.1, "town"] = np.nan
    y = np.select([X["area"] < 50, X["town"] == "Ulm"], ["small", "ulm"], "other")
    model = lightgbm.LGBMClassifier(n_estimators=20, verbose=-1, random_state=2).fit(X, y)
    graph = onnxmltools.convert_lightgbm(model, initial_types=[("input", Floats([None, 2]))], zipmap=False)
    labels = [str(label) for label in model.classes_]
    town = {"kind": "category", "field": "town", "as": "index", "values": towns, "unknown": "error", "missing": "nan"}
    signature = {"input": fields({"town": {"type": ["string", "null"], "enum": [*towns, None]}, "area": NUMBER}, ["town"]),
                 "output": class_fields(labels)}
    publish("homes", graph, signature, matrix([town, "area"]), one_of(labels), X.astype({"town": object}).to_dict("records"),
            classes(labels, model.predict_proba(X)))


def wines():
    """XGBoost, to which NaN is what is missing."""
    X, y = load_wine(return_X_y=True, as_frame=True)
    X = X.mask(random.random(X.shape) < 0.15)
    model = xgboost.XGBClassifier(n_estimators=30, max_depth=4, random_state=5).fit(X.to_numpy(), y)
    graph = onnxmltools.convert_xgboost(model, initial_types=[("input", Floats([None, X.shape[1]]))])
    labels = ["barolo", "grignolino", "barbera"]
    signature = {"input": fields({c: {"type": ["number", "null"]} for c in X}, list(X)), "output": class_fields(labels, "wine")}
    publish("wines", graph, signature, matrix([{"kind": "number", "field": c, "missing": "nan"} for c in X]),
            one_of(labels, label="wine"), X.to_dict("records"), classes(labels, model.predict_proba(X.to_numpy()), "wine"))


def texts():
    """TF-IDF of words, and counts of pairs of words, in several languages."""
    good, bad = "great good naïve größer très".split(), "awful bad café плохо 糟糕".split()
    films = [" ".join(random.choice(good if i % 2 else bad, 4)) + " film" for i in range(120)]
    films += ["i like a good film", "Good BAD film", "unknown words only", "great, great; great!"]
    labels = ["no", "yes"]
    for name, vectorizer, classifier in (("tfidf", TfidfVectorizer(), LogisticRegression()),
                                         ("ngrams", CountVectorizer(ngram_range=(1, 2)), MultinomialNB())):
        model = make_pipeline(vectorizer, classifier).fit(films[:120], labels * 60)
        options = {type(vectorizer): {"locale": "C", "tokenexp": r"[\p{L}\p{N}_]{2,}"}, id(model): {"zipmap": False}}
        graph = skl2onnx.to_onnx(model, initial_types=[("text", StringTensorType([None]))], options=options)
        encode = {"tensors": [{"kind": "columns", "dtype": "string", "rank": 1, "columns": [{"kind": "string", "field": "text"}]}]}
        publish(name, graph, {"input": fields({"text": TEXT}), "output": class_fields(labels)}, encode, one_of(labels),
                [{"text": film} for film in films[100:]], classes(labels, model.predict_proba(films[100:])))


def demand():
    """A forecast of six hours from the last 24, the hour and the weekday in one input; and a forest that declares one output."""
    history, clock = random.gamma(3, 4, (300, 24)).round(2), np.c_[random.integers(0, 24, 300), random.integers(0, 7, 300)]
    X = np.c_[history, clock]
    Y = np.c_[tuple(history[:, -6:].mean(1) + step * np.sin(clock[:, 0]) for step in range(6))]
    names = [f"hour_{step}" for step in range(6)]
    rows = [{"history": values, "hour": int(hour), "weekday": int(day)} for values, (hour, day) in zip(history, clock)]
    signature = {"input": fields({"history": lists(24), "hour": {"type": "integer"}, "weekday": {"type": "integer"}}),
                 "output": fields(dict.fromkeys(names, NUMBER))}
    columns = [{"kind": "list", "field": "history", "size": 24}, "hour", "weekday"]
    for name, model in (("demand", Ridge()), ("demand-forest", RandomForestRegressor(n_estimators=8, random_state=1))):
        model.fit(X, Y)
        graph = skl2onnx.to_onnx(model, X[:1].astype("float32"))
        publish(name, graph, signature, matrix(columns), {"kind": "regression", "tensor": "variable", "fields": names}, rows,
                [dict(zip(names, row)) for row in model.predict(X.astype("float32"))])


def intervals():
    """Three models of quantiles, merged into one graph."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    graph, quantiles = None, []
    for i, alpha in enumerate((0.1, 0.5, 0.9)):
        model = GradientBoostingRegressor(loss="quantile", alpha=alpha, n_estimators=20, random_state=1).fit(X.to_numpy(), y)
        part = onnx.compose.add_prefix(skl2onnx.to_onnx(model, X[:1].to_numpy("float32"), target_opset={"": 17, "ai.onnx.ml": 3}), f"q{i}_")
        graph = onnx.compose.merge_models(graph, part, io_map=[]) if graph else part
        quantiles.append(model.predict(X.to_numpy("float32")))
    tensors = [{**matrix(X)["tensors"][0], "tensor": f"q{i}_X"} for i in range(3)]
    decode = {"kind": "interval", "low": "q0_variable", "high": "q2_variable", "field": "range", "value": "q1_variable", "value_field": "median"}
    ends = {"type": "object", "properties": {"low": NUMBER, "high": NUMBER}, "required": ["low", "high"]}
    publish("intervals", graph, {"input": fields({c: NUMBER for c in X}), "output": fields({"range": ends, "median": NUMBER})},
            {"tensors": tensors}, decode, X.to_dict("records"),
            [{"range": {"low": low, "high": high}, "median": median} for low, median, high in zip(*quantiles)])


def anomalies():
    """An isolation forest: a label and a score; and a calibrated classifier."""
    names = ["a", "b", "c"]
    X = random.normal(size=(200, 3)).astype("float32")
    model = IsolationForest(n_estimators=20, random_state=1).fit(X)
    graph = skl2onnx.to_onnx(model, X[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    decode = {"kind": "tensors", "fields": {"label": "label", "score": "scores"}, "single": ["label", "score"]}
    rows = [dict(zip(names, row)) for row in X]
    publish("anomalies", graph, {"input": fields(dict.fromkeys(names, NUMBER)), "output": fields({"label": {"type": "integer"}, "score": NUMBER})},
            matrix(names), decode, rows, [{"label": int(l), "score": s} for l, s in zip(model.predict(X), model.decision_function(X))])
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = (X - X.mean()) / X.std()
    model = CalibratedClassifierCV(SGDClassifier(random_state=1), cv=3).fit(X.to_numpy(), y)
    graph = skl2onnx.to_onnx(model, X[:1].to_numpy("float32"))  # as exported by default, with a ZipMap
    publish("calibrated", graph, {"input": fields({c: NUMBER for c in X}), "output": class_fields([0, 1])}, matrix(X),
            one_of([0, 1], "output_probability"), X.to_dict("records"), classes([0, 1], model.predict_proba(X.to_numpy())))


def networks():
    """PyTorch: logits behind a scaler, pictures, ids with scores, lists of any length."""
    import torch

    torch.manual_seed(3)
    rows_vary = {0: torch.export.Dim("rows")}

    def export(model, inputs, names, shapes):
        torch.onnx.export(model.eval(), inputs, "model.onnx", input_names=names, output_names=["out"],
                          dynamic_shapes=shapes, external_data=False)
        return onnx.load("model.onnx")

    X = random.normal([170, 70], [10, 12], (100, 2)).round(1)
    mean, deviation = X.mean(0), X.std(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    scaled = torch.from_numpy(((X - mean) / deviation).astype("float32"))
    columns = [{"kind": "number", "field": name, "subtract": mean[i], "divide": deviation[i]} for i, name in enumerate(("height", "mass"))]
    publish("logits", export(model, (scaled[:2],), ["x"], (rows_vary,)),
            {"input": fields({"height": NUMBER, "mass": NUMBER}), "output": class_fields(["usual", "high"])}, matrix(columns),
            one_of(["usual", "high"], "out", activation="softmax"), [{"height": h, "mass": m} for h, m in X],
            classes(["usual", "high"], torch.softmax(model(scaled), 1).detach().numpy()))

    images = load_digits().images[:60]
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 10))
    pixels = torch.from_numpy(images.astype("float32") / 16).unsqueeze(1)
    publish("pictures", export(model, (pixels[:2],), ["x"], (rows_vary,)),
            {"input": fields({"pixels": lists(8, lists(8))}), "output": class_fields(list(range(10)), "digit")},
            {"tensors": [{"kind": "array", "dtype": "float32", "field": "pixels", "shape": [1, 8, 8], "divide": 16}]},
            one_of(list(range(10)), "out", "digit", activation="softmax"), [{"pixels": image} for image in images],
            classes(list(range(10)), torch.softmax(model(pixels), 1).detach().numpy(), "digit"))

    class Recommender(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.users, self.items = torch.nn.Embedding(50, 6), torch.nn.Linear(6, 20)

        def forward(self, user):
            return self.items(self.users(user))

    model = Recommender()
    users = torch.arange(50)
    items = [20_001 + item for item in range(20)]
    scores = model(users).detach().numpy()
    best = np.argsort(-scores, 1, kind="stable")[:, :5]
    publish("items", export(model, (users[:2],), ["user"], (rows_vary,)),
            {"input": fields({"user": {"type": "integer", "minimum": 0, "maximum": 49}}),
             "output": fields({"best": {"type": "array", "items": fields({"label": {"type": "integer"}, "score": NUMBER})}})},
            {"tensors": [{"kind": "columns", "dtype": "int64", "rank": 1, "columns": [{"kind": "number", "field": "user"}]}]},
            {"kind": "top-k", "labels": items, "k": 5, "field": "best"}, [{"user": user} for user in range(50)],
            [{"best": [{"label": items[i], "score": scores[user, i]} for i in best[user]]} for user in range(50)])

    class Reader(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.reads, self.says = torch.nn.Embedding(30, 5), torch.nn.GRU(5, 7, batch_first=True), torch.nn.Linear(7, 2)

        def forward(self, ids):
            states, _ = self.reads(self.tokens(ids))
            return torch.softmax(self.says(states[:, -1]), 1)

    model = Reader().eval()
    ids = [random.integers(0, 30, size).tolist() for size in random.integers(1, 12, 40)]
    graph = export(model, (torch.randint(0, 30, (3, 6)),), ["ids"], ({0: torch.export.Dim("rows"), 1: torch.export.Dim("tokens")},))
    with torch.no_grad():
        probabilities = [model(torch.tensor([row]))[0].numpy() for row in ids]
    publish("lists", graph, {"input": fields({"ids": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 0, "maximum": 29}}}),
                             "output": class_fields(["no", "yes"])},
            {"tensors": [{"kind": "array", "dtype": "int64", "field": "ids", "shape": [None]}]}, one_of(["no", "yes"], "out"),
            [{"ids": row} for row in ids], classes(["no", "yes"], probabilities))


def two_inputs():
    """Keras: two inputs and two heads."""
    import keras

    keras.utils.set_random_seed(3)
    sizes, series = keras.Input((4,), name="sizes"), keras.Input((6, 2), name="series")
    joined = keras.layers.Concatenate()([keras.layers.Dense(5, activation="relu")(sizes), keras.layers.Flatten()(series)])
    heads = [keras.layers.Dense(3, activation="softmax")(joined), keras.layers.Dense(1)(joined)]
    model = keras.Model([sizes, series], heads)
    A, B = random.normal(size=(40, 4)).astype("float32"), random.normal(size=(40, 6, 2)).astype("float32")
    kinds, prices = (np.asarray(head) for head in model.predict([A, B], verbose=0))
    model.export("model.onnx", format="onnx", verbose=False)
    graph = onnx.load("model.onnx")
    kind, price = (output.name for output in graph.graph.output)
    labels = ["a", "b", "c"]
    output = class_fields(labels)
    publish("two-inputs", graph,
            {"input": fields({"sizes": lists(4), "series": lists(6, lists(2))}),
             "output": fields({**output["properties"], "price": NUMBER})},
            {"tensors": [{"kind": "array", "tensor": "sizes", "dtype": "float32", "field": "sizes", "shape": [4]},
                         {"kind": "array", "tensor": "series", "dtype": "float32", "field": "series", "shape": [6, 2]}]},
            {"kind": "heads", "heads": [one_of(labels, kind), {"kind": "regression", "tensor": price, "fields": ["price"]}]},
            [{"sizes": a, "series": b} for a, b in zip(A, B)],
            [{**answer, "price": p[0]} for answer, p in zip(classes(labels, kinds), prices)])


for train in (flowers, passengers, homes, wines, texts, demand, intervals, anomalies, *(() if is_short else (networks, two_inputs))):
    train()
(folder / "answers.json").write_text(json.dumps(answers))
