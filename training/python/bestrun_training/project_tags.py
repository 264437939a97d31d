"""The Python runs of `project-tags`: TF-IDF with logistic regression, and TF-IDF with a network."""

import re
from dataclasses import asdict

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from .datasets import read_contract
from .metrics import best_threshold, multi_label_evaluation
from .mlp import Mlp, MlpSettings
from .onnx_graphs import text_graph
from .run_writer import Output, TrainedRun, write_run
from .text_cleaning import clean_text

MODEL = "project-tags"
SEED = 1234
# Tokens of the ONNX Tokenizer and of scikit-learn alike; a cleaned text holds nothing but ASCII letters, digits, spaces.
WORD = "[a-zA-Z0-9]+"
CHARACTER = "."


def word_ngrams(text: str) -> list[tuple[str, ...]]:
    """Single words and pairs of neighbours."""
    words = re.findall(WORD, text)
    return [(word,) for word in words] + list(zip(words, words[1:]))


def character_ngrams(text: str) -> list[tuple[str, ...]]:
    """Three, four and five characters in a row, spaces included: parts of words that plurals and compounds share."""
    return [tuple(text[start : start + size]) for size in (3, 4, 5) for start in range(len(text) - size + 1)]


def train_project_tags(output: Output, prepared: dict) -> None:
    """Writes both runs."""
    parts = {part: _part(prepared, part) for part in ("train", "validation", "test")}
    for run in (_tfidf_linear(parts, prepared["classes"]), _tfidf_mlp(parts, prepared["classes"])):
        write_run(output, run, prepared)


class _Part:
    def __init__(self, rows: list[dict], classes: list[str]) -> None:
        self.texts = [row["cleaned"] for row in rows]
        self.truth = np.array([[int(tag in row["target"]) for tag in classes] for row in rows])
        self.slices = [row["slices"] for row in rows]


def _part(prepared: dict, part: str) -> _Part:
    return _Part([row for row in prepared["rows"] if row["part"] == part], prepared["classes"])


def _tfidf_linear(parts: dict[str, _Part], classes: list[str]) -> TrainedRun:
    words = _vectorizer(word_ngrams, min_df=2).fit(parts["train"].texts)
    features = {part: words.transform(rows.texts) for part, rows in parts.items()}

    def fitted(inverse_penalty: float):
        model = OneVsRestClassifier(LogisticRegression(C=inverse_penalty, max_iter=1000, random_state=SEED))
        return model.fit(features["train"], parts["train"].truth)

    def validation_f1(model) -> float:
        return best_threshold(parts["validation"].truth, model.predict_proba(features["validation"]))[1]

    penalties = [1.0, 5.0, 20.0, 100.0]
    models = [fitted(penalty) for penalty in penalties]
    best = int(np.argmax([validation_f1(model) for model in models]))
    model = models[best]
    weights = np.vstack([estimator.coef_ for estimator in model.estimators_]).T
    biases = np.concatenate([estimator.intercept_ for estimator in model.estimators_])
    return _run(
        name="tfidf-linear",
        run_id="project-tags-tfidf-linear-001",
        description="TF-IDF of words and word pairs, one logistic regression a tag.",
        hour=10,
        params={
            "kind": "tfidf-linear",
            "seed": SEED,
            "inverse_penalty": penalties[best],
            "word_ngrams": [1, 2],
            "min_df": 2,
            "num_features": len(words.vocabulary_),
        },
        artifact=text_graph([(words, WORD)], [(weights, biases)]),
        probability_of=lambda texts: model.predict_proba(words.transform(texts)),
        parts=parts,
        classes=classes,
    )


def _tfidf_mlp(parts: dict[str, _Part], classes: list[str]) -> TrainedRun:
    words = _vectorizer(word_ngrams, min_df=2).fit(parts["train"].texts)
    characters = _vectorizer(character_ngrams, min_df=3, max_features=3000).fit(parts["train"].texts)

    def features_of(texts: list[str]) -> np.ndarray:
        return np.hstack([block.transform(texts).toarray().astype(np.float32) for block in (words, characters)])

    validation = (features_of(parts["validation"].texts), parts["validation"].truth)
    features = features_of(parts["train"].texts)
    networks = [
        Mlp(
            MlpSettings(
                hidden_dim=hidden_dim,
                learning_rate=3e-3,
                input_dropout=0.3,
                hidden_dropout=0.5,
                batch_size=64,
                num_epochs=40,
                seed=SEED,
            )
        ).fit(features, parts["train"].truth, validation)
        for hidden_dim in (64, 128, 256)
    ]
    network = max(networks, key=lambda candidate: candidate.best_f1)
    return _run(
        name="tfidf-mlp",
        run_id="project-tags-tfidf-mlp-001",
        description="TF-IDF of words, word pairs and character n-grams, one hidden layer with dropout.",
        hour=13,
        params={
            "kind": "tfidf-mlp",
            **asdict(network.settings),
            "best_epoch": network.best_epoch,
            "word_ngrams": [1, 2],
            "character_ngrams": [3, 5],
            "num_features": len(words.vocabulary_) + len(characters.vocabulary_),
        },
        artifact=text_graph([(words, WORD), (characters, CHARACTER)], network.layers),
        probability_of=lambda texts: network.predict(features_of(texts)),
        parts=parts,
        classes=classes,
        curves=network.curves,
    )


def _vectorizer(analyzer, **options) -> TfidfVectorizer:
    return TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, norm="l2", **options)


def _run(*, name, run_id, description, hour, params, artifact, probability_of, parts, classes, curves=None) -> TrainedRun:
    contract = read_contract(MODEL)
    threshold, validation_f1 = best_threshold(parts["validation"].truth, probability_of(parts["validation"].texts))
    decode = {**contract["decode"], "tensor": "probabilities", "labels": classes, "threshold": threshold}

    def predict(inputs: list[dict]) -> list[dict]:
        cleaned = [clean_text(row["text"]) for row in inputs]
        return [
            _output_row(row["text"], text, probabilities, classes, threshold)
            for row, text, probabilities in zip(inputs, cleaned, probability_of(cleaned), strict=True)
        ]

    test = parts["test"]
    metrics, performance = multi_label_evaluation(
        test.truth, probability_of(test.texts), test.slices, classes, threshold
    )
    performance["behavioral"] = _behaviour(contract["behavioral"], predict)
    if curves:
        performance["curves"] = curves
    metrics |= {"behavioral_score": performance["behavioral"]["score"], "validation_f1": validation_f1}
    string_column = {"kind": "string", "field": "preprocessed_text"}
    tensor = {"kind": "columns", "tensor": "text", "dtype": "string", "columns": [string_column]}
    return TrainedRun(
        model=MODEL,
        name=name,
        run_id=run_id,
        description=description,
        started_at=f"2026-11-20T{hour:02}:00:00Z",
        ended_at=f"2026-11-20T{hour:02}:01:00Z",
        params={**params, "lower": True, "stem": False, "min_tag_freq": 30, "threshold": threshold},
        metrics=metrics,
        performance=performance,
        artifact=artifact,
        encode={"prepare": contract["prepare"], "tensors": [tensor]},
        decode=decode,
        predict=predict,
    )


def _output_row(text: str, cleaned: str, probabilities, classes: list[str], threshold: float) -> dict:
    by_tag = {tag: float(probability) for tag, probability in zip(classes, probabilities, strict=True)}
    return {
        "input_text": text,
        "preprocessed_text": cleaned,
        "predicted_tags": [tag for tag, probability in by_tag.items() if probability >= threshold],
        "probabilities": by_tag,
    }


def _behaviour(cases: list[dict], predict) -> dict:
    results: dict[str, list] = {"passed": [], "failed": []}
    for case, output in zip(cases, predict([{"text": case["text"]} for case in cases]), strict=True):
        kept = set(case["tags"]) <= set(output["predicted_tags"])
        prediction = {key: value for key, value in output.items() if key != "probabilities"}
        entry = {"input": {"text": case["text"], "tags": case["tags"]}, "prediction": prediction, "type": case["type"]}
        results["passed" if kept else "failed"].append(entry)
    return {"score": len(results["passed"]) / len(cases), "results": results}
