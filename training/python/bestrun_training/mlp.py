"""A multi-label network with one hidden layer in NumPy: ReLU, dropout, Adam with a cosine schedule."""

from dataclasses import dataclass

import numpy as np

from .metrics import best_threshold, binary_cross_entropy


@dataclass(frozen=True)
class MlpSettings:
    """Rates are per step at the start; `input_dropout` and `hidden_dropout` are shares of values set to 0."""

    hidden_dim: int
    learning_rate: float
    input_dropout: float
    hidden_dropout: float
    batch_size: int
    num_epochs: int
    seed: int


class Mlp:
    """Keeps the weights of the epoch with the best weighted f1 on the validation rows."""

    def __init__(self, settings: MlpSettings) -> None:
        self.settings = settings
        self.curves: list[dict] = []
        self.best_epoch = 0
        self.best_f1 = -1.0
        self.weights: list[np.ndarray] = []

    def fit(self, features: np.ndarray, truth: np.ndarray, validation: tuple[np.ndarray, np.ndarray]) -> "Mlp":
        """`features` float32 [rows, n], `truth` 0/1 [rows, classes]; `validation` the same for its rows."""
        random = np.random.default_rng(self.settings.seed)
        self.weights = _initial_weights(random, features.shape[1], self.settings.hidden_dim, truth)
        optimizer = _Adam(self.weights, self.settings.learning_rate, self._steps(len(features)))
        best_weights = self.weights
        for epoch in range(1, self.settings.num_epochs + 1):
            order = random.permutation(len(features))
            for start in range(0, len(order), self.settings.batch_size):
                batch = order[start : start + self.settings.batch_size]
                optimizer.step(self._gradients(random, features[batch], truth[batch].astype(np.float32)))
            f1 = self._record(epoch, features, truth, validation)
            if f1 > self.best_f1:
                self.best_f1, self.best_epoch = f1, epoch
                best_weights = [weight.copy() for weight in self.weights]
        self.weights = best_weights
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Probabilities, float32 [rows, classes]."""
        inner, inner_bias, outer, outer_bias = self.weights
        return _sigmoid(np.maximum(features @ inner + inner_bias, 0) @ outer + outer_bias)

    @property
    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weights and biases, first layer first."""
        return [(self.weights[0], self.weights[1]), (self.weights[2], self.weights[3])]

    def _steps(self, rows: int) -> int:
        return self.settings.num_epochs * -(-rows // self.settings.batch_size)

    def _record(self, epoch: int, features, truth, validation) -> float:
        probability = self.predict(validation[0])
        threshold, f1 = best_threshold(validation[1], probability)
        self.curves.append(
            {
                "epoch": epoch,
                "train_loss": binary_cross_entropy(truth, self.predict(features)),
                "validation_loss": binary_cross_entropy(validation[1], probability),
                "validation_f1": f1,
                "threshold": threshold,
            }
        )
        return f1

    def _gradients(self, random, features: np.ndarray, truth: np.ndarray) -> list[np.ndarray]:
        inner, inner_bias, outer, outer_bias = self.weights
        features = features * _dropout_mask(random, features.shape, self.settings.input_dropout)
        sums = features @ inner + inner_bias
        mask = _dropout_mask(random, sums.shape, self.settings.hidden_dropout)
        hidden = np.maximum(sums, 0) * mask
        error = (_sigmoid(hidden @ outer + outer_bias) - truth) / len(truth)
        hidden_error = (error @ outer.T) * mask * (sums > 0)
        return [features.T @ hidden_error, hidden_error.sum(0), hidden.T @ error, error.sum(0)]


class _Adam:
    def __init__(self, weights: list[np.ndarray], rate: float, steps: int) -> None:
        self.weights = weights
        self.rate = rate
        self.steps = steps
        self.step_number = 0
        self.means = [np.zeros_like(weight) for weight in weights]
        self.squares = [np.zeros_like(weight) for weight in weights]

    def step(self, gradients: list[np.ndarray]) -> None:
        self.step_number += 1
        rate = self.rate * 0.5 * (1 + np.cos(np.pi * self.step_number / self.steps))
        for weight, mean, square, gradient in zip(self.weights, self.means, self.squares, gradients, strict=True):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            corrected = mean / (1 - 0.9**self.step_number)
            spread = np.sqrt(square / (1 - 0.999**self.step_number)) + 1e-8
            weight -= (rate * corrected / spread).astype(np.float32)


def _initial_weights(random, inputs: int, hidden: int, truth: np.ndarray) -> list[np.ndarray]:
    share = truth.mean(0)
    return [
        random.normal(0, 0.05, (inputs, hidden)).astype(np.float32),
        np.zeros(hidden, np.float32),
        random.normal(0, np.sqrt(1 / hidden), (hidden, truth.shape[1])).astype(np.float32),
        np.log(share / (1 - share)).astype(np.float32),
    ]


def _dropout_mask(random, shape: tuple[int, ...], share: float) -> np.ndarray:
    return (random.random(shape, dtype=np.float32) >= share) / np.float32(1 - share)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))
