"""Writes real TensorFlow SavedModels, and what TensorFlow itself answers, into the folder given. Needs TensorFlow."""

import json
import sys
from pathlib import Path

import tensorflow as tf

OUT = Path(sys.argv[1])


def save(name, function, *inputs):
    module = tf.Module()
    module.serve = tf.function(function, input_signature=list(inputs))
    tf.saved_model.save(module, str(OUT / name / "saved_model"), signatures={"serving_default": module.serve})
    return module.serve


def spec(name, shape, dtype=tf.float32):
    return tf.TensorSpec(shape, dtype, name=name)


save("sum", lambda x: {"y": tf.matmul(x, tf.ones([2, 1]))}, spec("x", [None, 2]))
save("two", lambda a, b: {"sum": a + b, "difference": a - b}, spec("a", [None, 1]), spec("b", [None, 1]))
save(
    "types",
    lambda whole, text, flag: {
        "whole_out": whole + tf.constant(2**40, tf.int64),
        "text_out": tf.strings.upper(text),
        "flag_out": tf.logical_not(flag),
    },
    spec("whole", [None], tf.int64),
    spec("text", [None], tf.string),
    spec("flag", [None], tf.bool),
)

tf.random.set_seed(7)
hidden, head = tf.random.normal([5, 16]), tf.random.normal([16, 3])
mlp = save("mlp", lambda x: {"p": tf.nn.softmax(tf.nn.relu(x @ hidden) @ head)}, spec("x", [None, 5]))
rows = tf.random.normal([20, 5])
answers = {"rows": rows.numpy().tolist(), "answers": mlp(rows)["p"].numpy().tolist()}
(OUT / "mlp.json").write_text(json.dumps(answers))
