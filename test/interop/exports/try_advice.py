"""Models that are refused, and what becomes of them when somebody does what the verdict says.

    python try_advice.py refused <folder>
    python try_advice.py cured <folder> <verdicts.json>

The first call publishes a run `refused` of each case in <folder>/models and in the MLflow store <folder>/mlruns. The
verdicts are one JSON object: the text of a verdict (message and fix) by case. The second call takes the lines of code out
of them, runs them with the real library, and publishes what comes of it as the run `cured`. It writes
<folder>/answers.json: rows and what Python predicts, by case.
"""

import hashlib
import json
import os
import pathlib
import re
import sys
import warnings

import lightgbm
import mlflow
import numpy as np
import onnx
import onnxmltools
import pandas as pd
import skl2onnx
from mlflow.models import infer_signature
from onnxconverter_common.float16 import convert_float_to_float16
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx.common.data_types import StringTensorType
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline

warnings.filterwarnings("ignore")
step, folder = sys.argv[1], pathlib.Path(sys.argv[2])
verdicts = json.load(open(sys.argv[3])) if step == "cured" else {}
mlflow.set_tracking_uri(f"file://{folder}/mlruns")
client = mlflow.MlflowClient()
random = np.random.default_rng(5)
answers = {}

numbers = pd.DataFrame(random.normal(size=(60, 3)).astype("float32"), columns=["a", "b", "c"])
total = numbers.sum(axis=1)
texts = pd.DataFrame({"text": ["a good film", "a bad film", "good and great", "awful and bad"] * 5})
liked = np.array([1, 0, 1, 0] * 5)


def line(case, pattern):
    """The code that the verdict on a case prints."""
    found = re.search(pattern, verdicts[case])
    assert found, f"{case}: no {pattern} in {verdicts[case]}"
    return found[0]


def publish(case, graph, encode, decode, fields, rows, predictions, files=()):
    """Writes a run into the folder of models, as the present step calls it."""
    run_folder = folder / "models" / case / "runs" / step
    run_folder.mkdir(parents=True)
    policy = {"metric": "score", "goal": "maximize"}
    card = {"name": case, "title": case, "description": case, "task": "other", "selection": policy}
    (folder / "models" / case / "card.json").write_text(json.dumps(card))
    content = graph if isinstance(graph, bytes) else graph.SerializeToString()
    (run_folder / "model.onnx").write_bytes(content)
    for path, weights in files:
        (run_folder / path["path"]).write_bytes(weights)
    listed = [path for path, _ in files if path["sha256"]]
    row_of = lambda properties: {"type": "object", "properties": properties, "required": list(properties)}
    run = {
        "run_id": f"{case}-{step}", "name": step, "status": "FINISHED", "started_at": "2026-01-31T12:00:00Z",
        "params": {}, "metrics": {"score": 1.0}, "performance": {}, "tags": {},
        "signature": {"input": row_of(fields[0]), "output": row_of(fields[1])},
        "model": {"format": "onnx", "path": "model.onnx", "sha256": hashlib.sha256(content).hexdigest(),
                  **({"files": listed} if listed else {})},
        "encode": {"tensors": [encode]}, "decode": decode,
        "examples": [{"input": i, "output": o} for i, o in zip(rows[:4], predictions[:4])],
    }
    (run_folder / "run.json").write_text(json.dumps(run))
    answers[case] = {"rows": rows, "predictions": predictions}


def publish_sum(case, graph, **more):
    """A regression of three numbers."""
    encode = {"kind": "columns", "dtype": "float32", "columns": [{"kind": "number", "field": c} for c in numbers]}
    fields = {c: {"type": "number"} for c in numbers}, {"sum": {"type": "number"}}
    predictions = [{"sum": float(value)} for value in adder.predict(numbers.to_numpy())]
    publish(case, graph, encode, {"kind": "regression", "fields": ["sum"]}, fields, numbers.to_dict("records"), predictions, **more)


def publish_text(case, graph, model, rows=texts):
    """Two classes of a text."""
    encode = {"kind": "columns", "dtype": "string", "rank": 1, "columns": [{"kind": "string", "field": "text"}]}
    decode = {"kind": "binary", "tensor": "probabilities", "labels": [0, 1], "field": "liked", "probability_field": "p"}
    fields = {"text": {"type": "string"}}, {"liked": {"type": "integer"}, "p": {"type": "number"}}
    predictions = [{"liked": int(p >= 0.5), "p": float(p)} for p in model.predict_proba(rows["text"])[:, 1]]
    publish(case, graph, encode, decode, fields, rows.to_dict("records"), predictions)


adder = LinearRegression().fit(numbers.to_numpy(), total)


def export_sum(**options):
    return skl2onnx.to_onnx(adder, numbers[:1].to_numpy(), **options)


def ir_version():
    model = export_sum()
    model.ir_version = 99
    if step == "cured":
        exec(line("ir-version", r"model\.ir_version = \d+"), {"model": model})
    publish_sum("ir-version", model)


def opset():
    model = export_sum()
    next(entry for entry in model.opset_import if not entry.domain).version = 999
    if step == "cured":
        model = eval(f'export_sum({line("opset", r"target_opset=[0-9]+")})')
    publish_sum("opset", model)


def opset_of_trees():
    from sklearn.tree import DecisionTreeRegressor

    tree = DecisionTreeRegressor(max_depth=3, random_state=1).fit(numbers.to_numpy(), total)
    options = "target_opset={'': 17, 'ai.onnx.ml': 3}"
    if step == "cured":
        options = line("opset-of-trees", r"target_opset=\{.*?\}")
    model = eval(f"skl2onnx.to_onnx(tree, numbers[:1].to_numpy(), {options})")
    if step == "refused":
        next(entry for entry in model.opset_import if entry.domain == "ai.onnx.ml").version = 99
    encode = {"kind": "columns", "dtype": "float32", "columns": [{"kind": "number", "field": c} for c in numbers]}
    fields = {c: {"type": "number"} for c in numbers}, {"sum": {"type": "number"}}
    predictions = [{"sum": float(value)} for value in tree.predict(numbers.to_numpy())]
    publish("opset-of-trees", model, encode, {"kind": "regression", "fields": ["sum"]}, fields, numbers.to_dict("records"), predictions)


def export_text(model, options):
    return skl2onnx.to_onnx(model, initial_types=[("text", StringTensorType([None]))],
                            options={id(model): {"zipmap": False}, **options})


def locale():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts["text"], liked)
    options = {TfidfVectorizer: {"locale": "xx_XX.UTF-8"}}
    if step == "cured":
        options = eval(line("locale", r"options=\{TfidfVectorizer: \{.*?\}\}").removeprefix("options="))
    publish_text("locale", export_text(model, options), model)


def words():
    said = pd.DataFrame({"text": ["i saw a film i like", "i hate a film", "film like a dream", "i hate a dream a film"] * 5})
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression()).fit(said["text"], liked)
    options = {TfidfVectorizer: {"locale": "C"}}
    if step == "cured":
        options = eval(line("words", r"options=\{TfidfVectorizer: \{.*?\}\}").removeprefix("options="))
    publish_text("words", export_text(model, options), model, said)


def token_pattern():
    pattern = r"(?u)\b[a-z]+\b"
    if step == "cured":
        line("token-pattern", r"token_pattern without \(\?u\)")
        pattern = pattern.removeprefix("(?u)")
    model = make_pipeline(TfidfVectorizer(token_pattern=pattern), LogisticRegression()).fit(texts["text"], liked)
    publish_text("token-pattern", export_text(model, {TfidfVectorizer: {"locale": "C"}}), model)


def separators():
    model = make_pipeline(TfidfVectorizer(token_pattern=r"(?u)\b[a-z]+\b"), LogisticRegression()).fit(texts["text"], liked)
    options = {TfidfVectorizer: {"locale": "C"}}
    if step == "cured":
        options = eval(line("separators", r"options=\{TfidfVectorizer: \{.*?\}\}").removeprefix("options=").replace(", …", ""))
        options[TfidfVectorizer]["locale"] = "C"
    publish_text("separators", export_text(model, options), model)


def sequence():
    X, Y = numbers.to_numpy(), np.c_[total > 0, numbers["a"] > 0].astype(int)
    model = MultiOutputClassifier(LogisticRegression()).fit(X, Y)
    onx = skl2onnx.to_onnx(model, X[:1], options={id(model): {"zipmap": False}})
    names = {"skl2onnx": skl2onnx, "onx": onx}
    if step == "cured":
        exec(line("sequence", r"onx = .*?\]\)"), names)
    outputs = [output.name for output in names["onx"].graph.output]
    tensors = outputs[-2:] if step == "cured" else outputs[-1:] * 2
    heads = [{"kind": "binary", "tensor": tensor, "labels": [False, True], "field": field, "probability_field": f"p_{field}"}
             for tensor, field in zip(tensors, ("positive", "first"))]
    encode = {"kind": "columns", "dtype": "float32", "columns": [{"kind": "number", "field": c} for c in numbers]}
    fields = {c: {"type": "number"} for c in numbers}, {
        name: {"type": kind} for head in heads
        for name, kind in ((head["field"], "boolean"), (head["probability_field"], "number"))}
    predictions = [{"positive": bool(p >= 0.5), "p_positive": float(p), "first": bool(q >= 0.5), "p_first": float(q)}
                   for p, q in zip(*(half[:, 1] for half in model.predict_proba(X)))]
    publish("sequence", names["onx"], encode, {"kind": "heads", "heads": heads}, fields, numbers.to_dict("records"), predictions)


def network():
    """The sum as a network computes it: coefficients are tensors of their own."""
    node = onnx.helper.make_node("Gemm", ["x", "coefficients", "intercept"], ["sum"])
    columns = lambda name, size: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, size])
    values = {"coefficients": adder.coef_.reshape(-1, 1), "intercept": np.array([adder.intercept_])}
    tensors = [onnx.numpy_helper.from_array(value.astype("float32"), name) for name, value in values.items()]
    graph = onnx.helper.make_graph([node], "sum", [columns("x", 3)], [columns("sum", 1)], tensors)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


def float16():
    options = "keep_io_types=False"
    if step == "cured":
        options = line("float16", r"keep_io_types=True")
    model = eval(f"convert_float_to_float16(network(), {options})")
    publish_sum("float16", model)


def weights():
    model = network()
    onnx.external_data_helper.convert_model_to_external_data(model, location="weights.bin", size_threshold=0)
    path = folder / f"weights-{step}"
    path.mkdir()
    onnx.save(model, path / "model.onnx")
    content = (path / "weights.bin").read_bytes()
    listed = {"path": "weights.bin", "sha256": None}
    if step == "cured":
        listed = json.loads(line("weights", r'\{"path".*?\}').replace("…", hashlib.sha256(content).hexdigest()))
    publish_sum("weights", (path / "model.onnx").read_bytes(), files=[(listed, content)])


def log(case, graph, signature, rows, predictions, contract=None, example=None):
    """Logs a run with MLflow, as the present step calls it."""
    mlflow.set_experiment(case)
    mlflow.set_experiment_tags({"bestrun.metric": "score", "bestrun.goal": "maximize"})
    with mlflow.start_run(run_name=step):
        mlflow.log_metric("score", 1.0)
        mlflow.onnx.log_model(graph, name="model", signature=signature, input_example=example,
                              pip_requirements=["onnxruntime"])
        if contract:
            mlflow.log_dict(contract, "bestrun/run.json")
    answers[case] = {"rows": rows, "predictions": predictions}


def category():
    X = pd.DataFrame({"town": pd.Categorical(random.choice(["Ulm", "Bonn", "Jena"], 300)), "area": random.uniform(20, 120, 300).round(1)})
    model = lightgbm.LGBMRegressor(n_estimators=20, verbose=-1).fit(X, X["area"] * np.where(X["town"] == "Ulm", 2.0, 3.0))
    graph = onnxmltools.convert_lightgbm(model, initial_types=[("input", FloatTensorType([None, 2]))])
    rows, predictions = X[:20].to_dict("records"), [{"variable": float(value)} for value in model.predict(X[:20])]
    contract = None
    if step == "cured":
        column = eval(line("category", r'\{"kind": "category".*?\}'), {"X": X})
        columns = [column, {"kind": "number", "field": "area"}]
        contract = {"encode": {"tensors": [{"kind": "columns", "tensor": "input", "dtype": "float32", "columns": columns}]},
                    "signature": {"input": {"type": "object", "required": ["town", "area"], "properties": {
                        "town": {"type": "string"}, "area": {"type": "number"}}}}}
    log("category", graph, infer_signature(X), rows, predictions, contract)


def texts_of_numbers():
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder

    X = pd.DataFrame({"deck": [1.5, 2.0, 3.25, 2.0] * 10})
    model = make_pipeline(ColumnTransformer([("deck", OneHotEncoder(), ["deck"])]), LinearRegression()).fit(X.astype(str), [1.0, 2.0, 3.0, 2.0] * 10)
    graph = skl2onnx.to_onnx(model, initial_types=[("deck", StringTensorType([None, 1]))])
    frame = X
    if step == "cured":
        frame = eval(line("texts-of-numbers", r"X\.astype\(\{.*?\}\)"))
    example = frame[:3] if step == "cured" else None
    log("texts-of-numbers", graph, infer_signature(frame), X.astype(str)[:4].to_dict("records"),
        [{"variable": float(value)} for value in model.predict(X.astype(str)[:4])], example=example)


def date():
    X = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=40, freq="D")})
    days = (X["day"] - pd.Timestamp("1970-01-01")).dt.days.to_numpy("float32").reshape(-1, 1)
    model = LinearRegression().fit(days - 20_000, days[:, 0] * 0.5)
    shifted = LinearRegression()
    shifted.coef_, shifted.intercept_ = model.coef_, np.float64(model.intercept_ - 20_000 * model.coef_[0])
    shifted.n_features_in_ = 1
    if step == "refused":
        log("date", skl2onnx.to_onnx(shifted, days[:1]), infer_signature(X), None, None)
        return
    mlflow.set_experiment("date")
    (run,) = mlflow.search_runs(output_format="list")
    with mlflow.start_run(run_id=run.info.run_id):
        exec(line("date", r"mlflow\.set_tag\(.*?\)").replace("epoch-seconds", line("date", r"epoch-days")))
    answers["date"] = {"rows": [{"day": f"{day.isoformat()}Z"} for day in X["day"][:5]],
                       "predictions": [{"variable": float(day[0] * 0.5)} for day in days[:5]]}


def objects():
    X = pd.DataFrame({"who": [{"age": float(i), "height": 1.5 + i / 100} for i in range(20)]})
    flat = pd.json_normalize(X.to_dict("records"))
    model = LinearRegression().fit(flat.to_numpy(), flat.sum(axis=1))
    graph = skl2onnx.to_onnx(model, flat[:1].to_numpy("float32"))
    frame = X
    if step == "cured":
        frame = eval(line("objects", r'pd\.json_normalize\(X\.to_dict\("records"\)\)'))
    log("objects", graph, infer_signature(frame), flat[:5].to_dict("records"), [{"variable": float(v)} for v in model.predict(flat[:5].to_numpy())])


os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
for case in (ir_version, opset, opset_of_trees, locale, words, token_pattern, separators, sequence, float16, weights,
             category, texts_of_numbers, date, objects):
    case()
(folder / "answers.json").write_text(json.dumps(answers))
