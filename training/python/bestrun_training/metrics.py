"""
The report every run carries, computed on held-out rows only.

Overall precision, recall and f1 are means over the classes weighted by their support; slices of a multi-label model
are micro averages, and `slices.overall` weighs the slices by their rows. A ratio with nothing below it is 0.
"""

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, precision_recall_fscore_support, roc_auc_score


def report(truth, predicted, average: str) -> dict:
    """`{precision, recall, f1, num_samples}` of integers [rows] or of 0/1 indicators [rows, classes]."""
    precision, recall, f1, _ = precision_recall_fscore_support(truth, predicted, average=average, zero_division=0)
    return {"precision": float(precision), "recall": float(recall), "f1": float(f1), "num_samples": len(truth)}


def class_reports(truth: np.ndarray, predicted: np.ndarray, classes: list[str]) -> dict:
    """One report a class; `num_samples` is the number of rows that have it. Indicators [rows, classes]."""
    columns = precision_recall_fscore_support(truth, predicted, average=None, zero_division=0)
    return {
        name: {"precision": float(p), "recall": float(r), "f1": float(f), "num_samples": int(n)}
        for name, p, r, f, n in zip(classes, *columns, strict=True)
    }


def slice_reports(truth, predicted, slices: list[list[str]], average: str) -> dict:
    """Reports of the named slices, and their mean weighted by rows."""
    reports = {}
    for name in sorted({name for row in slices for name in row}):
        mask = np.array([name in row for row in slices])
        reports[name] = report(truth[mask], predicted[mask], average)
    total = sum(entry["num_samples"] for entry in reports.values())
    overall = {
        key: sum(entry[key] * entry["num_samples"] for entry in reports.values()) / total
        for key in ("precision", "recall", "f1")
    }
    return {"overall": {**overall, "num_samples": total}, "class": reports}


def binary_evaluation(truth: np.ndarray, probability: np.ndarray, slices: list[list[str]], threshold: float):
    """Metrics and performance of a two-class model. `truth` 0/1 [rows], `probability` of class 1 [rows]."""
    predicted = (probability >= threshold).astype(int)
    indicators = lambda labels: np.column_stack([1 - labels, labels])
    performance = {
        "overall": report(truth, predicted, "weighted"),
        "class": class_reports(indicators(truth), indicators(predicted), ["0", "1"]),
        "slices": slice_reports(truth, predicted, slices, "weighted"),
    }
    metrics = {
        **_headline(performance),
        "accuracy": float(accuracy_score(truth, predicted)),
        "roc_auc": float(roc_auc_score(truth, probability)),
        "log_loss": float(log_loss(truth, np.clip(probability, 1e-7, 1 - 1e-7))),
    }
    return metrics, performance


def multi_class_evaluation(truth: np.ndarray, probability: np.ndarray, slices: list[list[str]]):
    """Metrics and performance of one class of many. `truth` class indexes [rows], `probability` [rows, classes]."""
    predicted = probability.argmax(1)
    classes = [str(label) for label in range(probability.shape[1])]
    indicators = lambda labels: np.eye(len(classes), dtype=int)[labels]
    performance = {
        "overall": report(truth, predicted, "weighted"),
        "class": class_reports(indicators(truth), indicators(predicted), classes),
        "slices": slice_reports(truth, predicted, slices, "weighted"),
    }
    metrics = {
        **_headline(performance),
        "accuracy": float(accuracy_score(truth, predicted)),
        "log_loss": multi_class_log_loss(truth, probability),
    }
    return metrics, performance


def multi_class_log_loss(truth: np.ndarray, probability: np.ndarray) -> float:
    """Mean over the rows, of the true class; probabilities are kept at 1e-7 or above."""
    of_truth = probability[np.arange(len(truth)), truth].astype(np.float64)
    return float(-np.mean(np.log(np.maximum(of_truth, 1e-7))))


def multi_label_evaluation(truth: np.ndarray, probability: np.ndarray, slices, classes, threshold: float):
    """Metrics and performance of a tagger. Both arrays [rows, classes], 0/1 and probabilities."""
    predicted = (probability >= threshold).astype(int)
    performance = {
        "overall": report(truth, predicted, "weighted"),
        "class": class_reports(truth, predicted, classes),
        "slices": slice_reports(truth, predicted, slices, "micro"),
    }
    metrics = {
        **_headline(performance),
        "micro_f1": report(truth, predicted, "micro")["f1"],
        "exact_match": float(accuracy_score(truth, predicted)),
        "roc_auc": float(roc_auc_score(truth, probability, average="macro")),
        "log_loss": binary_cross_entropy(truth, probability),
    }
    return metrics, performance


def binary_cross_entropy(truth: np.ndarray, probability: np.ndarray) -> float:
    """Mean over all cells; probabilities are kept 1e-7 away from 0 and 1."""
    p = np.clip(probability.astype(np.float64), 1e-7, 1 - 1e-7)
    return float(-np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p)))


def best_threshold(truth: np.ndarray, probability: np.ndarray) -> tuple[float, float]:
    """The threshold in 0.05, 0.06 … 0.6 with the highest weighted f1, and that f1. For validation rows only."""
    candidates = [step / 100 for step in range(5, 61)]
    scores = [report(truth, (probability >= candidate).astype(int), "weighted")["f1"] for candidate in candidates]
    best = int(np.argmax(scores))
    return candidates[best], scores[best]


def _headline(performance: dict) -> dict:
    overall = {key: performance["overall"][key] for key in ("precision", "recall", "f1")}
    return {**overall, "slices_f1": performance["slices"]["overall"]["f1"]}
