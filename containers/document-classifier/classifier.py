"""A multinomial naive Bayes classifier of words: real, small, standard library only.

`train` counts words by label; `predict` gives each label's probability. Source of the method: Manning, Raghavan,
Schuetze, Introduction to Information Retrieval, chapter 13.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

WORD = re.compile(r"[a-z]+")


def read_corpus(path: Path) -> list[tuple[str, str]]:
    """``(label, text)`` of each line."""
    rows = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [(label, text) for label, text in rows]


def split(rows: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Training rows and held-out ones: every fourth."""
    return [row for i, row in enumerate(rows) if i % 4], [row for i, row in enumerate(rows) if not i % 4]


def words(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return WORD.findall(text.lower())


def train(rows: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Word counts by label: all that the model is."""
    documents: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {}
    for label, text in rows:
        documents[label] += 1
        counts.setdefault(label, Counter()).update(words(text))
    labels = sorted(documents)
    return {
        "model": "document-classifier",
        "version": 1,
        "documents": {label: documents[label] for label in labels},
        "words": {label: dict(sorted(counts[label].items())) for label in labels},
    }


class Classifier:
    """A trained model, ready to answer."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.labels = list(model["documents"])
        total = sum(model["documents"].values())
        vocabulary = {word for counts in model["words"].values() for word in counts}
        self._prior = {label: math.log(model["documents"][label] / total) for label in self.labels}
        self._seen: dict[str, dict[str, float]] = {}
        for label in self.labels:
            counts = model["words"][label]
            size = sum(counts.values()) + len(vocabulary)
            self._seen[label] = {word: math.log((counts.get(word, 0) + 1) / size) for word in vocabulary}

    def predict(self, text: str) -> dict[str, Any]:
        """``{"label": ..., "scores": {label: probability}}``; words never seen are passed over."""
        known = words(text)
        logs = {
            label: self._prior[label] + sum(self._seen[label].get(word, 0.0) for word in known) for label in self.labels
        }
        most = max(logs.values())
        weights = {label: math.exp(value - most) for label, value in logs.items()}
        total = sum(weights.values())
        scores = {label: round(weight / total, 4) for label, weight in weights.items()}
        return {"label": max(scores, key=lambda label: scores[label]), "scores": scores}


def accuracy(classifier: Classifier, rows: list[tuple[str, str]]) -> float:
    """Share of rows whose label is found."""
    return sum(classifier.predict(text)["label"] == label for label, text in rows) / len(rows)
