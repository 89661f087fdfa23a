"""What each bundled profile gets: the choice that a practitioner would make."""

from pathlib import Path

import pytest

from headway import load_profile, plan

CHOICES = {
    "chat-assistant": "realtime",
    "contact-form": "serverless",
    "delivery-estimate": "realtime",
    "discovery-archive": "batch",
    "embeddings-refresh": "batch",
    "fraud-check": "realtime",
    "lead-scoring": "batch",
    "loan-documents": "batch",
    "moderation": "tiered",
    "nightly-report": "batch",
    "post-room": "batch",
    "photo-tags": "microbatch",
    "shop-recommendations": "precomputed",
    "transaction-risk": "features",
    "video-analysis": "asynchronous",
}


def test_every_bundled_profile_is_named_here() -> None:
    assert {path.stem for path in Path("stacks/profiles").glob("*.yaml")} == CHOICES.keys()


@pytest.mark.parametrize(("name", "architecture"), CHOICES.items())
def test_a_profile_gets_what_a_practitioner_would_choose(name: str, architecture: str) -> None:
    made = plan(load_profile(Path(f"stacks/profiles/{name}.yaml")))
    assert made.choice is not None
    assert made.choice.architecture == architecture
    for one in made.candidates:
        assert one.reason, one.architecture
        if one.feasible and one.wait and one.architecture != "tiered":
            assert one.wait.at_percentile_s <= (one.wait.limit_s or max(made.design.max_wait_s, 86_400))  # type: ignore[union-attr]
