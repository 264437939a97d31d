"""ONNX graphs built by hand: a rule, and dense layers on top of TF-IDF from strings or of a picture."""

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper
from sklearn.feature_extraction.text import TfidfVectorizer

# Old enough for every ONNX Runtime that has the Tokenizer, and for onnxruntime-node.
_OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("com.microsoft", 1)]
_IR_VERSION = 8


def rule_graph(age_limit: float, probability_if_true: float, probability_if_false: float) -> bytes:
    """`features` float32 [rows, 2] = (age, is F) → `probability` float32 [rows, 1] of `age < limit or is F`."""
    constants = {
        "age_column": np.array([0], np.int64),
        "sex_column": np.array([1], np.int64),
        "age_limit": np.array([age_limit], np.float32),
        "half": np.array([0.5], np.float32),
        "if_true": np.array([probability_if_true], np.float32),
        "if_false": np.array([probability_if_false], np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["features", "age_column"], ["age"], axis=1),
        helper.make_node("Gather", ["features", "sex_column"], ["is_female"], axis=1),
        helper.make_node("Less", ["age", "age_limit"], ["young"]),
        helper.make_node("Greater", ["is_female", "half"], ["female"]),
        helper.make_node("Or", ["young", "female"], ["rule"]),
        helper.make_node("Where", ["rule", "if_true", "if_false"], ["probability"]),
    ]
    return _serialised("rule", nodes, constants, ("features", TensorProto.FLOAT, 2), ("probability", 1))


def text_graph(
    blocks: Sequence[tuple[TfidfVectorizer, str]], layers: Sequence[tuple[np.ndarray, np.ndarray]]
) -> bytes:
    """
    `text` string [rows, 1], cleaned → `probabilities` float32 [rows, classes].

    `blocks`: fitted vectorizers with the regular expression of one token, side by side. `layers`: weights and biases;
    ReLU between them, sigmoid at the end.
    """
    constants: dict[str, np.ndarray] = {"text_axis": np.array([1], np.int64)}
    nodes = [helper.make_node("Squeeze", ["text", "text_axis"], ["line"])]
    for number, (vectorizer, token) in enumerate(blocks):
        nodes += _tfidf_nodes(f"block{number}", vectorizer, token, constants)
    nodes.append(helper.make_node("Concat", [f"block{n}_tfidf" for n in range(len(blocks))], ["layer0"], axis=1))
    nodes += _dense_nodes(layers, "Sigmoid", constants)
    width = layers[-1][1].shape[0]
    return _serialised("tfidf", nodes, constants, ("text", TensorProto.STRING, 1), ("probabilities", width))


def image_graph(size: int, layers: Sequence[tuple[np.ndarray, np.ndarray]]) -> bytes:
    """
    `image` float32 [rows, size, size, 1] → `probabilities` float32 [rows, classes].

    `layers`: weights and biases on the pixels row by row; ReLU between them, softmax at the end.
    """
    constants: dict[str, np.ndarray] = {}
    nodes = [helper.make_node("Flatten", ["image"], ["layer0"], axis=1)]
    nodes += _dense_nodes(layers, "Softmax", constants)
    width = layers[-1][1].shape[0]
    return _serialised("image", nodes, constants, ("image", TensorProto.FLOAT, size, size, 1), ("probabilities", width))


def _dense_nodes(layers: Sequence[tuple[np.ndarray, np.ndarray]], last_activation: str, constants: dict) -> list:
    """`layer0` → `probabilities`; ReLU between the layers."""
    nodes = []
    for number, (weights, biases) in enumerate(layers):
        constants[f"weights{number}"] = weights.astype(np.float32)
        constants[f"biases{number}"] = biases.astype(np.float32)
        last = number == len(layers) - 1
        target = "probabilities" if last else f"layer{number + 1}"
        nodes += [
            helper.make_node("Gemm", [f"layer{number}", f"weights{number}", f"biases{number}"], [f"sum{number}"]),
            helper.make_node(last_activation if last else "Relu", [f"sum{number}"], [target]),
        ]
    return nodes


def _tfidf_nodes(name: str, vectorizer: TfidfVectorizer, token: str, constants: dict) -> list:
    """Counts of n-grams → (1 + ln count) × idf → unit length; scikit-learn's `sublinear_tf` and `norm="l2"`."""
    constants[f"{name}_idf"] = vectorizer.idf_.astype(np.float32)
    constants[f"{name}_zero"] = np.array(0, np.float32)
    constants[f"{name}_one"] = np.array(1, np.float32)
    # Keeps a text without any known n-gram at zero instead of NaN.
    constants[f"{name}_tiny"] = np.array(1e-12, np.float32)
    join = lambda *parts: [f"{name}_{part}" for part in parts]
    return [
        helper.make_node(
            "Tokenizer", ["line"], join("tokens"), domain="com.microsoft", mark=0, mincharnum=1, pad_value="#", tokenexp=token
        ),
        helper.make_node("TfIdfVectorizer", join("tokens"), join("counts"), **_ngram_pool(vectorizer.vocabulary_)),
        helper.make_node("Greater", join("counts", "zero"), join("present")),
        helper.make_node("Max", join("counts", "one"), join("at_least_one")),
        helper.make_node("Log", join("at_least_one"), join("log")),
        helper.make_node("Add", join("log", "one"), join("sublinear")),
        helper.make_node("Where", join("present", "sublinear", "zero"), join("frequency")),
        helper.make_node("Mul", join("frequency", "idf"), join("weighted")),
        helper.make_node("ReduceL2", join("weighted"), join("length"), axes=[1], keepdims=1),
        helper.make_node("Max", join("length", "tiny"), join("safe_length")),
        helper.make_node("Div", join("weighted", "safe_length"), join("tfidf")),
    ]


def _ngram_pool(vocabulary: dict[tuple[str, ...], int]) -> dict:
    """Attributes of the TfIdfVectorizer operator for n-grams given as tuples of tokens."""
    longest = max(map(len, vocabulary))
    shortest = min(map(len, vocabulary))
    starts, pool, indexes = [], [], []
    for size in range(1, longest + 1):
        starts.append(len(pool))
        for ngram, index in sorted((ngram, index) for ngram, index in vocabulary.items() if len(ngram) == size):
            pool += ngram
            indexes.append(int(index))
    return {
        "mode": "TF",
        "min_gram_length": shortest,
        "max_gram_length": longest,
        "max_skip_count": 0,
        "ngram_counts": starts,
        "ngram_indexes": indexes,
        "pool_strings": pool,
    }


def _serialised(name: str, nodes: list, constants: dict, given: tuple, result: tuple) -> bytes:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(given[0], given[1], ["rows", *given[2:]])],
        [helper.make_tensor_value_info(result[0], TensorProto.FLOAT, ["rows", result[1]])],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, producer_name="bestrun-training", opset_imports=_OPSETS, ir_version=_IR_VERSION)
    checker.check_model(model)
    return serialise(model)


def serialise(model: ModelProto) -> bytes:
    """The same bytes for the same graph."""
    return model.SerializeToString(deterministic=True)
