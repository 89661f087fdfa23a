"""Train the example model: `python train.py` writes model.json and prints its accuracy on held-out texts."""

from __future__ import annotations

import json
from pathlib import Path

from classifier import Classifier, accuracy, read_corpus, split, train

HERE = Path(__file__).parent


def main() -> None:
    """Train on three quarters of the corpus, measure on the rest."""
    training, held_out = split(read_corpus(HERE / "corpus.tsv"))
    model = train(training)
    (HERE / "model.json").write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")
    share = accuracy(Classifier(model), held_out)
    print(f"trained on {len(training)} texts; {share:.0%} of {len(held_out)} held-out right")


if __name__ == "__main__":
    main()
