"""What a stack's config may say of its account, and that a wrong word is named with the nearest right one."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from headway.errors import HeadwayError
from headway.planning.lock import LockError, Settings, setting_changes

HERE = Path.cwd()
PROFILE = {"headway:profile": "stacks/profiles/contact-form.yaml"}


def test_the_wiring_is_what_was_set_and_nothing_else() -> None:
    settings = Settings.from_config(
        {
            **PROFILE,
            "headway:protect_data": "true",
            "headway:tags": '{"team": "lending", "cost-center": 4711}',
            "headway:vpc_id": "vpc-0a1b",
            "headway:subnet_ids": "subnet-1, subnet-2",
            "headway:kms_key_arn": "",
        }
    )
    assert settings.wiring == {
        "protect_data": True,
        "tags": {"team": "lending", "cost-center": "4711"},
        "vpc_id": "vpc-0a1b",
        "subnet_ids": ["subnet-1", "subnet-2"],
    }


def test_config_files_hold_structures_and_the_engine_hands_over_text() -> None:
    tags = {"team": "lending"}
    from_file = Settings.from_config({**PROFILE, "headway:tags": tags, "headway:subnet_ids": ["subnet-1"]})
    from_engine = Settings.from_config(
        {**PROFILE, "headway:tags": json.dumps(tags), "headway:subnet_ids": '["subnet-1"]'}
    )
    assert from_file == from_engine


def test_surroundings_need_no_new_plan() -> None:
    before = Settings.from_config(PROFILE)
    after = Settings.from_config({**PROFILE, "headway:tags": {"team": "lending"}, "headway:protect_data": True})
    assert setting_changes(before, after) == ()
    assert "tags" not in after.model_dump(mode="json")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"headway:protect_dta": "true"}, "headway:protect_dta is no setting; did you mean protect_data?"),
        ({"headway:protect_data": "ture"}, "headway:protect_data: got 'ture'; true or false is needed; did you mean true?"),
        ({"headway:scale": "much"}, "headway:scale: got 'much'; a number is needed"),
        ({"headway:max_instances": "2.5"}, "headway:max_instances: got '2.5'; a whole number is needed"),
        ({"headway:max_monthly": "50O"}, "headway:max_monthly: got '50O'; a plain number of USD is needed"),
        ({"headway:kms_key_arn": "alias/mine"}, "headway:kms_key_arn: got 'alias/mine'; an ARN such as arn:aws:kms"),
        ({"headway:alarm_topic_arn": "arn:aws:sqs:us-east-1:1:q"}, "an ARN such as arn:aws:sns"),
        ({"headway:vpc_id": "default"}, "headway:vpc_id: got 'default'; a VPC such as"),
        ({"headway:subnet_ids": "a,b"}, "headway:subnet_ids: got 'a,b'; 'a' is no subnet such as subnet-0a1b2c3d"),
        ({"headway:tags": "lending"}, "headway:tags: got 'lending'; tags are a mapping"),
        ({"headway:tags": {"aws:team": "x"}}, "names that begin with aws: or headway: are taken"),
        ({"headway:tags": {"team": "x" * 257}}, "at most 256"),
        ({"headway:tags": {"team": "a#b"}}, "tags hold letters"),
        ({"headway:tags": {f"t{n}": "x" for n in range(48)}}, "48 tags: AWS takes 47"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_named_with_what_would_be_right(config: dict[str, Any], expected: str) -> None:
    with pytest.raises(LockError) as refused:
        Settings.from_config({**PROFILE, **config})
    assert expected in str(refused.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(LockError) as refused:
        Settings.from_config({"headway:profil": "x", "headway:scale": "-1"})
    said = str(refused.value)
    assert "headway:profile is missing" in said
    assert "headway:profil is no setting; did you mean profile?" in said
    assert "headway:scale: got '-1'" in said


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("stacks/profiles/loan-document.yaml", "did you mean stacks/profiles/loan-documents.yaml"),
        ("contact-form.yaml", "did you mean stacks/profiles/contact-form.yaml"),
        ("nowhere/else.txt", "it is a file relative to the project's folder"),
    ],
)
def test_a_profile_that_is_not_there_names_the_nearest(given: str, expected: str) -> None:
    with pytest.raises(LockError) as refused:
        Settings.from_config({"headway:profile": given}).load_profile(HERE)
    assert f"headway:profile: there is no {given}; {expected}" in str(refused.value)


def test_the_program_refuses_a_misspelt_setting(tmp_path: Path) -> None:
    """Before anything is planned or made: it is the program that reads the config, not only the command.

    As Pulumi's own error for mistakes of users, which it tells without a traceback.
    """
    from headway_rehearsal.account import account
    from headway_rehearsal.provision import provision

    config = {**PROFILE, "aws:region": "us-east-1", "headway:max_montly": "5"}
    said = "headway:max_montly is no setting; did you mean"
    with account("us-east-1") as aws, pytest.raises(HeadwayError, match=said) as refused:
        provision(HERE / "__main__.py", "dev", config, aws)
    assert isinstance(refused.value.__cause__, pulumi.RunError)
    assert not list(tmp_path.iterdir())


def test_the_projects_own_description_of_its_config_knows_every_setting() -> None:
    from ruamel.yaml import YAML

    content = YAML(typ="safe").load((HERE / "Pulumi.yaml").read_text())
    described = {key.removeprefix("headway:"): row for key, row in content["config"].items()}
    assert set(described) == set(Settings.model_fields)
    assert all(row["description"] for row in described.values())
