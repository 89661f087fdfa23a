import json

import pytest

from headway.errors import HeadwayError
from headway_components.realtime import RealtimeEndpoint, floor_schedule
from tests.components.designs import AUTOSCALED, FLAT
from tests.components.provisioned import Provisioned, provision

NAME = "headway-dev-loans-g5-xlarge"


@pytest.fixture(scope="module")
def autoscaled() -> Provisioned:
    return provision(lambda: RealtimeEndpoint("loans", {"design": AUTOSCALED}) and None)


@pytest.fixture(scope="module")
def flat() -> Provisioned:
    return provision(lambda: RealtimeEndpoint("loans", {"design": FLAT}) and None)


def variant(made: Provisioned) -> dict[str, object]:
    (only,) = made.one("sagemaker:EndpointConfiguration").inputs["productionVariants"]
    return only


def test_the_variant_starts_at_the_highest_floor_of_the_design(autoscaled: Provisioned, flat: Provisioned) -> None:
    assert variant(autoscaled)["instanceType"] == "ml.g5.xlarge"
    assert variant(autoscaled)["initialInstanceCount"] == 5
    assert variant(flat)["initialInstanceCount"] == 3


def test_a_volume_is_attached_only_where_the_instance_has_none_of_its_own(
    autoscaled: Provisioned, flat: Provisioned
) -> None:
    assert variant(flat)["volumeSizeInGb"] == 30
    assert "volumeSizeInGb" not in variant(autoscaled)


def test_a_model_that_loads_slowly_is_given_the_time(autoscaled: Provisioned, flat: Provisioned) -> None:
    assert variant(autoscaled)["containerStartupHealthCheckTimeoutInSeconds"] == 800
    assert variant(flat)["containerStartupHealthCheckTimeoutInSeconds"] == 600


def test_the_endpoint_is_named_for_its_instance_type_and_its_configuration_is_not(autoscaled: Provisioned) -> None:
    assert autoscaled.one("sagemaker:Endpoint").inputs["name"] == NAME
    assert "name" not in autoscaled.one("sagemaker:EndpointConfiguration").inputs
    assert variant(autoscaled)["variantName"] == "AllTraffic"


def test_a_rolled_back_update_keeps_its_configuration_and_model_where_data_is_protected(
    autoscaled: Provisioned,
) -> None:
    protected = provision(lambda: RealtimeEndpoint("loans", {"design": AUTOSCALED, "protect_data": True}) and None)
    for what in ("sagemaker:EndpointConfiguration", "sagemaker:Model"):
        assert protected.one(what).retained
        assert not autoscaled.one(what).retained, "elsewhere destroy leaves nothing behind"


def test_errors_and_latency_roll_an_update_back(autoscaled: Provisioned) -> None:
    deployment = autoscaled.one("sagemaker:Endpoint").inputs["deploymentConfig"]
    assert deployment["autoRollbackConfiguration"]["alarms"] == [
        {"alarmName": "loans-errors"},
        {"alarmName": "loans-latency"},
    ]
    assert deployment["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]["type"] == "ALL_AT_ONCE"


def test_latency_is_watched_at_the_promised_percentile_in_microseconds(autoscaled: Provisioned) -> None:
    alarm = autoscaled.one("cloudwatch:MetricAlarm", "latency").inputs
    assert alarm["threshold"] == 1_500_000
    watched = {
        query["metric"]["metricName"]: query["metric"]["stat"] for query in alarm["metricQueries"] if "metric" in query
    }
    assert watched == {"ModelLatency": "p99", "OverheadLatency": "p99"}
    assert alarm["metricQueries"][0]["expression"] == "m0 + m1"


def test_the_alarms_are_those_of_the_design(autoscaled: Provisioned, flat: Provisioned) -> None:
    for made, design in ((autoscaled, AUTOSCALED), (flat, FLAT)):
        tracking = {"scale-out", "scale-in"}
        expected = {f"loans-{a}" for a in design.alarms if a not in tracking}
        assert {alarm.name for alarm in made.all("cloudwatch:MetricAlarm")} == expected
    assert autoscaled.one("cloudwatch:MetricAlarm", "not-enough-instances").inputs["threshold"] == 2


def test_the_scalable_target_starts_at_the_highest_floor_and_leaves_the_rest_to_the_schedule(
    autoscaled: Provisioned,
) -> None:
    target = autoscaled.one("appautoscaling:Target")
    assert (target.inputs["minCapacity"], target.inputs["maxCapacity"]) == (5, 9)
    assert target.inputs["resourceId"] == f"endpoint/{NAME}/variant/AllTraffic"
    assert target.ignored == ("minCapacity", "maxCapacity")
    assert "loans-endpoint" in target.depends_on


def test_target_tracking_has_the_goal_and_the_cooldowns_of_the_design(autoscaled: Provisioned) -> None:
    tracking = autoscaled.one("appautoscaling:Policy").inputs["targetTrackingScalingPolicyConfiguration"]
    assert tracking["targetValue"] == 42.5
    assert (tracking["scaleInCooldown"], tracking["scaleOutCooldown"]) == (310, 70)
    assert tracking["predefinedMetricSpecification"] == {
        "predefinedMetricType": "SageMakerVariantInvocationsPerInstance"
    }


def test_the_floor_changes_on_schedule_in_the_designs_time_zone(autoscaled: Provisioned) -> None:
    actions = {
        action.inputs["schedule"]: (action.inputs["scalableTargetAction"], action.inputs["timezone"])
        for action in autoscaled.all("appautoscaling:ScheduledAction")
    }
    assert actions == {
        "cron(0 8 ? * MON,TUE,WED,THU,FRI *)": ({"minCapacity": 5, "maxCapacity": 9}, "America/New_York"),
        "cron(0 18 ? * MON,TUE,WED,THU,FRI *)": ({"minCapacity": 2, "maxCapacity": 9}, "America/New_York"),
    }


def test_a_flat_design_is_not_scaled(flat: Provisioned) -> None:
    assert not [one for one in flat.resources if one.type.startswith("aws:appautoscaling/")]
    assert floor_schedule(FLAT) == {}


def test_the_model_is_cut_off_from_the_network_and_reads_only_its_artifact(autoscaled: Provisioned) -> None:
    model = autoscaled.one("sagemaker:Model").inputs
    assert model["enableNetworkIsolation"] is True
    (source,) = model["primaryContainer"]["modelDataSource"]["s3DataSources"]
    assert source == {"s3Uri": "s3://models/classifier.tar.gz", "s3DataType": "S3Object", "compressionType": "Gzip"}
    reads = [s["Resource"] for _, s in autoscaled.statements() if s["Action"] == ["s3:GetObject"]]
    assert reads == ["arn:aws:s3:::models/classifier.tar.gz"]


def test_the_endpoints_log_group_is_made_first_with_its_retention(autoscaled: Provisioned) -> None:
    logs = autoscaled.one("cloudwatch:LogGroup")
    assert logs.inputs["name"] == f"/aws/sagemaker/Endpoints/{NAME}"
    assert logs.inputs["retentionInDays"] == 30
    assert "loans-logs" in autoscaled.one("sagemaker:Endpoint").depends_on


def test_wired_subnets_put_the_model_into_that_vpc() -> None:
    args = {"design": FLAT, "vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}
    made = provision(lambda: RealtimeEndpoint("loans", args) and None)
    assert made.one("sagemaker:Model").inputs["vpcConfig"] == {"subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    assert not made.all("ec2:SecurityGroup")


def test_a_wired_key_encrypts_the_volume_only_where_sagemaker_attaches_one() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/k"
    for design, expected in ((FLAT, key), (AUTOSCALED, None)):
        made = provision(
            lambda design=design: RealtimeEndpoint("loans", {"design": design, "kms_key_arn": key}) and None
        )
        assert made.one("sagemaker:EndpointConfiguration").inputs.get("kmsKeyArn") == expected
        assert made.one("cloudwatch:LogGroup").inputs["kmsKeyId"] == key
        assert not made.all("kms:Key")


def test_a_design_without_a_container_says_what_to_declare() -> None:
    design = FLAT.model_copy(update={"container": None})
    with pytest.raises(HeadwayError, match=r"model\.container\.image"):
        provision(lambda: RealtimeEndpoint("loans", {"design": design}) and None)


def test_a_design_read_from_a_locked_plan_provisions_the_same() -> None:
    plain = json.loads(AUTOSCALED.model_dump_json())
    made = provision(lambda: RealtimeEndpoint("loans", {"design": plain}) and None)
    assert variant(made)["initialInstanceCount"] == 5
