import pytest

from headway_components.asynchronous import AsynchronousEndpoint
from tests.components.designs import ASYNCHRONOUS
from tests.components.provisioned import Provisioned, provision

ENDPOINT = "headway-dev-video-async-g5-xlarge"


@pytest.fixture(scope="module")
def made() -> Provisioned:
    return provision(lambda: AsynchronousEndpoint("video", {"design": ASYNCHRONOUS}) and None)


def test_the_endpoint_has_the_designs_concurrency_and_writes_into_the_bucket(made: Provisioned) -> None:
    configuration = made.one("sagemaker:EndpointConfiguration").inputs
    (variant,) = configuration["productionVariants"]
    assert (variant["instanceType"], variant["initialInstanceCount"]) == ("ml.g5.xlarge", 1)
    asynchronous = configuration["asyncInferenceConfig"]
    assert asynchronous["clientConfig"] == {"maxConcurrentInvocationsPerInstance": 2}
    assert asynchronous["outputConfig"]["s3OutputPath"] == "s3://video-results/results"
    assert asynchronous["outputConfig"]["s3FailurePath"] == "s3://video-results/failures"
    assert set(asynchronous["outputConfig"]["notificationConfig"]) == {"successTopic", "errorTopic"}
    assert made.one("sagemaker:Endpoint").inputs["name"] == ENDPOINT


def test_it_scales_to_zero_and_a_mere_backlog_wakes_all_of_it(made: Provisioned) -> None:
    target = made.one("appautoscaling:Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (0, 3)
    steps = made.one("appautoscaling:Policy", "wake-up").inputs["stepScalingPolicyConfiguration"]
    assert (steps["adjustmentType"], steps["stepAdjustments"][0]["scalingAdjustment"]) == ("ExactCapacity", 3)
    tracking = made.one("appautoscaling:Policy", "tracking").inputs["targetTrackingScalingPolicyConfiguration"]
    assert tracking["targetValue"] == 2
    assert tracking["customizedMetricSpecification"]["metricName"] == "ApproximateBacklogSizePerInstance"
    wake = made.one("cloudwatch:MetricAlarm", "wake").inputs
    assert (wake["metricName"], wake["threshold"]) == ("HasBacklogWithoutCapacity", 1)
    assert "okActions" not in wake
    assert len(wake["alarmActions"]) == 1


def test_the_alarms_are_those_of_the_design(made: Provisioned) -> None:
    own = {f"video-{name}" for name in ASYNCHRONOUS.alarms if name not in ("scale-out", "scale-in")}
    assert {alarm.name for alarm in made.all("cloudwatch:MetricAlarm")} == own
    assert made.one("cloudwatch:MetricAlarm", "oldest-request").inputs["threshold"] == 4500


def test_its_role_reads_requests_writes_results_and_tells_the_topics_and_no_more(made: Provisioned) -> None:
    allowed = {
        action: statement["Resource"]
        for name, statement in made.statements()
        if name == "video-model-policy"
        for action in statement["Action"]
    }
    assert allowed["s3:PutObject"] == [
        "arn:aws:s3:us-east-1:123456789012:video-results/results/*",
        "arn:aws:s3:us-east-1:123456789012:video-results/failures/*",
    ]
    assert len(allowed["sns:Publish"]) == 2
    assert "s3:DeleteObject" not in allowed


def test_what_fails_expires_like_what_succeeds(made: Provisioned) -> None:
    rules = made.one("s3:BucketLifecycleConfiguration").inputs["rules"]
    assert {rule["filter"]["prefix"]: rule["expiration"]["days"] for rule in rules} == {
        "results/": 45, "requests/": 45, "failures/": 45,
    }  # fmt: skip


def test_one_that_never_sleeps_is_not_scaled() -> None:
    design = ASYNCHRONOUS.model_copy(update={"min_instances": 3})
    made = provision(lambda: AsynchronousEndpoint("video", {"design": design}) and None)
    assert not [one for one in made.resources if one.type.startswith("aws:appautoscaling/")]
    assert made.one("sagemaker:EndpointConfiguration").inputs["productionVariants"][0]["initialInstanceCount"] == 3


def test_a_new_model_comes_blue_green_and_failures_roll_it_back(made: Provisioned) -> None:
    rollout = made.one("sagemaker:Endpoint").inputs["deploymentConfig"]
    assert rollout["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]["waitIntervalInSeconds"] == 300
    (guard,) = rollout["autoRollbackConfiguration"]["alarms"]
    assert guard["alarmName"] == made.one("cloudwatch:MetricAlarm", "failures").name
