import json
from decimal import Decimal

import pulumi
import pytest

from headway.errors import HeadwayError
from headway_components.batch import SpotBatch
from headway_runtime.settings import LAST_CALL, VARIABLE, DispatcherSettings, WorkerSettings
from tests.components.designs import BATCH, GPU_POOL
from tests.components.provisioned import Provisioned, provision

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def made() -> Provisioned:
    return provision(lambda: SpotBatch("loans", {"design": BATCH}) and None)


def dispatcher(made: Provisioned) -> DispatcherSettings:
    variables = made.one("lambda:Function", "dispatcher").inputs["environment"]["variables"]
    return DispatcherSettings.from_json(variables[VARIABLE])


def containers(made: Provisioned, pool: str) -> dict[str, dict[str, object]]:
    (task,) = made.one("batch:JobDefinition", f"{pool}-job").document("ecsProperties")["taskProperties"]
    return {one["name"]: one for one in task["containers"]}


def test_the_dispatcher_is_told_the_designs_calendar_number_for_number(made: Provisioned) -> None:
    told = dispatcher(made).departures
    assert [one.every_minutes for one in told] == [15, 60]
    assert [one.last_call_s for one in told] == [1100, 0]
    assert [(one.quota, one.max_workers) for one in told] == [(60, 6), (90, 2)]
    assert told[1].days == (5, 6)
    assert dispatcher(made).timezone == BATCH.timezone


def test_the_dispatcher_submits_to_the_queues_of_each_pool(made: Provisioned) -> None:
    pool = dispatcher(made).pools["g5-xlarge-b8"]
    assert "g5-xlarge-b8-spot" in pool.spot_queue
    assert pool.spot_queue != pool.on_demand_queue
    assert pool.job_definition == made.one("batch:JobDefinition", "g5-xlarge-b8-job").name


def test_the_function_has_the_designs_memory_and_time(made: Provisioned) -> None:
    function = made.one("lambda:Function", "dispatcher").inputs
    assert (function["memorySize"], function["timeout"]) == (320, 50)
    assert function["handler"] == "headway_runtime.dispatcher.handler"
    assert function["architectures"] == ["arm64"]


def test_it_ticks_every_minute_in_utc_and_a_late_tick_is_dropped(made: Provisioned) -> None:
    tick = made.one("scheduler:Schedule", "dispatcher-tick").inputs
    assert tick["scheduleExpression"] == "rate(1 minute)"
    assert tick["scheduleExpressionTimezone"] == "UTC"
    assert tick["target"]["retryPolicy"] == {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 0}


def test_every_pool_has_spot_and_on_demand_capacity_for_its_most_workers(made: Provisioned) -> None:
    environments = {one.name: one.inputs["computeResources"] for one in made.all("batch:ComputeEnvironment")}
    assert len(environments) == 4
    gpu = {name: one for name, one in environments.items() if "g5-xlarge" in name}
    assert {one["type"] for one in gpu.values()} == {"SPOT", "EC2"}
    assert {one["maxVcpus"] for one in gpu.values()} == {GPU_POOL.max_workers * 4}
    assert {one["ec2Configurations"][0]["imageType"] for one in gpu.values()} == {"ECS_AL2023_NVIDIA"}
    assert {one["minVcpus"] for one in environments.values()} == {0}


def test_compute_environments_can_be_updated_and_replaced(made: Provisioned) -> None:
    for environment in made.all("batch:ComputeEnvironment"):
        assert "computeEnvironmentName" not in environment.inputs
        assert "name" not in environment.inputs
        assert "serviceRole" not in environment.inputs
        assert environment.ignored == ("computeResources.desiredVcpus",)
        assert "loans-instance-policy" in environment.depends_on


def test_a_job_queue_has_one_environment_and_gives_up_after_the_designs_limit(made: Provisioned) -> None:
    for queue in made.all("batch:JobQueue"):
        assert len(queue.inputs["computeEnvironmentOrders"]) == 1
        assert {action["maxTimeSeconds"] for action in queue.inputs["jobStateTimeLimitActions"]} == {900}


def test_the_worker_is_told_the_pools_numbers(made: Provisioned) -> None:
    worker = containers(made, "g5-xlarge-b8")["worker"]
    environment = {one["name"]: one["value"] for one in worker["environment"]}  # type: ignore[attr-defined]
    told = WorkerSettings.from_json(environment[VARIABLE])
    assert told.batch_size == GPU_POOL.batch_size
    assert told.visibility_timeout_s == 130
    # Two of the queue's four receives are kept for workers that are killed.
    assert told.attempts == 2
    assert told.dead_letter_url == "https://sqs.us-east-1.amazonaws.com/123456789012/loans-dead-letters"
    assert (told.name, told.report_every_s) == (dispatcher(made).name, 30)
    assert (told.notice_s, told.metadata_url, told.serve) == (120, "http://169.254.169.254", ())
    expected = GPU_POOL.seconds_per_item * GPU_POOL.batch_size + GPU_POOL.seconds_per_batch
    assert told.seconds_per_batch == pytest.approx(expected)
    assert told.artifact == "s3://models/classifier.tar.gz"


def test_a_job_reserves_what_the_pool_says_and_the_model_has_the_gpu(made: Provisioned) -> None:
    total = {"VCPU": 0, "MEMORY": 0, "GPU": 0}
    for container in containers(made, "g5-xlarge-b8").values():
        for reserved in container["resourceRequirements"]:  # type: ignore[attr-defined]
            total[reserved["type"]] += int(reserved["value"])
    assert total == {"VCPU": GPU_POOL.vcpu, "MEMORY": GPU_POOL.memory_mib, "GPU": GPU_POOL.gpus}
    gpu = [
        name
        for name, one in containers(made, "g5-xlarge-b8").items()
        if any(r["type"] == "GPU" for r in one["resourceRequirements"])  # type: ignore[attr-defined]
    ]
    assert gpu == ["model"]


def test_the_worker_starts_when_the_runtime_lies_ready(made: Provisioned) -> None:
    found = containers(made, "g5-xlarge-b8")
    assert found["unpack"]["dependsOn"] == [{"containerName": "fetch", "condition": "SUCCESS"}]
    assert {"containerName": "model", "condition": "START"} in found["worker"]["dependsOn"]  # type: ignore[operator]
    assert [name for name, one in found.items() if one["essential"]] == ["worker"]


def test_a_lost_host_is_retried_and_nothing_else(made: Provisioned) -> None:
    rules = made.one("batch:JobDefinition", "g5-xlarge-b8-job").inputs["retryStrategy"]["evaluateOnExits"]
    assert [rule["action"] for rule in rules] == ["RETRY", "RETRY", "EXIT"]
    assert rules[-1]["onReason"] == "*"


def test_a_batch_image_makes_one_container_with_the_whole_reservation() -> None:
    container = BATCH.container.model_copy(update={"batch_image": "example/batch:1"})  # type: ignore[union-attr]
    design = BATCH.model_copy(update={"container": container})
    made = provision(lambda: SpotBatch("loans", {"design": design}) and None)
    assert list(containers(made, "g5-xlarge-b8")) == ["worker"]
    worker = containers(made, "g5-xlarge-b8")["worker"]
    assert worker["image"] == "example/batch:1"
    environment = {one["name"]: one["value"] for one in worker["environment"]}  # type: ignore[attr-defined]
    assert WorkerSettings.from_json(environment[VARIABLE]).serve == ("serve",)


def test_worker_and_model_have_as_long_to_leave_as_spot_gives(made: Provisioned) -> None:
    found = containers(made, "g5-xlarge-b8")
    assert {name: one.get("stopTimeout") for name, one in found.items()} == {
        "fetch": None, "unpack": None, "model": 120, "worker": 120,
    }  # fmt: skip


def test_the_queue_redrives_after_the_designs_receives(made: Provisioned) -> None:
    queue = made.one("sqs:Queue", "requests").inputs
    assert json.loads(queue["redrivePolicy"])["maxReceiveCount"] == 4
    assert queue["visibilityTimeoutSeconds"] == 130
    assert queue["messageRetentionSeconds"] == 345_600
    assert queue["maxMessageSize"] == 1_048_576
    assert queue["sqsManagedSseEnabled"] is True


def test_every_queue_topic_and_bucket_refuses_plain_http(made: Provisioned) -> None:
    policies = [*made.all("sqs:QueuePolicy"), *made.all("sns:TopicPolicy"), *made.all("s3:BucketPolicy")]
    assert len(policies) == 4
    for policy in policies:
        denied = [one for one in policy.document("policy")["Statement"] if one["Effect"] == "Deny"]
        assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_results_are_kept_as_long_as_the_design_says(made: Provisioned) -> None:
    rules = made.one("s3:BucketLifecycleConfiguration").inputs["rules"]
    assert {rule["filter"]["prefix"]: rule["expiration"]["days"] for rule in rules} == {
        "results/": 45, "requests/": 45, "departures/": 45,
    }  # fmt: skip


def test_instances_ask_for_a_token_and_have_the_designs_encrypted_volume(made: Provisioned) -> None:
    template = made.one("ec2:LaunchTemplate").inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    volume = template["blockDeviceMappings"][0]["ebs"]
    assert (volume["volumeSize"], volume["encrypted"]) == (66, "true")


def test_nothing_comes_in_and_only_https_goes_out(made: Provisioned) -> None:
    group = made.one("ec2:SecurityGroup").inputs
    assert group["ingress"] == []
    assert [(rule["fromPort"], rule["toPort"]) for rule in group["egress"]] == [(443, 443)]


def test_the_alarms_are_those_of_the_design(made: Provisioned) -> None:
    assert {alarm.name for alarm in made.all("cloudwatch:MetricAlarm")} == {f"loans-{one}" for one in BATCH.alarms}


def test_queue_age_is_watched_at_the_longest_promise(made: Provisioned) -> None:
    alarm = made.one("cloudwatch:MetricAlarm", "queue-age").inputs
    assert (alarm["metricName"], alarm["threshold"]) == ("ApproximateAgeOfOldestMessage", 5400)


def test_a_silent_dispatcher_is_a_missed_departure(made: Provisioned) -> None:
    alarm = made.one("cloudwatch:MetricAlarm", "missed-departures").inputs
    assert (alarm["metricName"], alarm["treatMissingData"], alarm["threshold"]) == ("SecondsBehind", "breaching", 180)
    assert alarm["dimensions"] == {"Fleet": dispatcher(made).name}


def test_a_cancelled_spot_job_is_no_failure_and_a_waiting_one_is_not_stuck(made: Provisioned) -> None:
    failed = made.one("cloudwatch:EventRule", "failed-events").document("eventPattern")["detail"]
    assert failed["statusReason"] == [{"anything-but": {"prefix": LAST_CALL}}]
    assert len(failed["jobQueue"]) == 4
    stuck = made.one("cloudwatch:EventRule", "stuck-events").document("eventPattern")["detail"]
    assert len(stuck["jobQueue"]) == 2
    assert not [queue for queue in stuck["jobQueue"] if "spot" in queue]


def test_no_role_may_do_more_than_its_purpose(made: Provisioned) -> None:
    anywhere = {
        (name, action)
        for name, statement in made.statements()
        for action in statement["Action"]
        if statement["Resource"] == "*"
    }
    assert anywhere == {
        ("loans-instance-policy", "ecs:DiscoverPollEndpoint"),
        ("loans-dispatcher-policy", "batch:DescribeJobs"),
        ("loans-dispatcher-policy", "batch:ListJobs"),
        ("loans-watchdog-policy", "cloudwatch:GetMetricData"),
        ("loans-worker-start-policy", "ecr:GetAuthorizationToken"),
    }
    assert not [action for _, statement in made.statements() for action in statement["Action"] if action.endswith("*")]
    worker = {a for name, s in made.statements() if name == "loans-worker-policy" for a in s["Action"]}
    dead = "arn:aws:sqs:us-east-1:123456789012:loans-dead-letters"
    sends = [
        s["Resource"] for n, s in made.statements() if n == "loans-worker-policy" and "sqs:SendMessage" in s["Action"]
    ]
    assert sends == [dead]
    assert {"sqs:ReceiveMessage", "sqs:DeleteMessage", "s3:PutObject"} <= worker


def test_an_existing_queue_and_bucket_are_used_and_none_is_made() -> None:
    args = {
        "design": BATCH,
        "queue_arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:mine",
        "dead_letter_queue_arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:mine-dead",
        "results_bucket": "my-results",
        "alarm_topic_arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms",
    }

    def program() -> None:
        part = SpotBatch("loans", args)
        pulumi.export("queue_url", part.queue_url)
        pulumi.export("results_bucket", part.results_bucket)

    made = provision(program)
    assert made.outputs == {
        "queue_url": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/mine",
        "results_bucket": "my-results",
    }
    for kind in ("sqs:Queue", "s3:Bucket", "sns:Topic", "kms:Key"):
        assert not made.all(kind)
    assert made.one("cloudwatch:MetricAlarm", "dead-letters").inputs["dimensions"] == {"QueueName": "mine-dead"}
    assert made.one("s3:BucketObjectv2").inputs["bucket"] == "my-results"


def test_an_existing_queue_needs_its_dead_letter_queue() -> None:
    args = {"design": BATCH, "queue_arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:mine"}
    with pytest.raises(HeadwayError, match="dead_letter_queue_arn"):
        provision(lambda: SpotBatch("loans", args) and None)


def test_wired_subnets_without_their_vpc_are_refused() -> None:
    args = {"design": BATCH, "subnet_ids": ["subnet-1"]}
    with pytest.raises(HeadwayError, match="vpc_id and subnet_ids"):
        provision(lambda: SpotBatch("loans", args) and None)


def test_a_wired_key_encrypts_everything_and_a_boundary_bounds_every_role() -> None:
    key, boundary = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k", f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    args = {"design": BATCH, "kms_key_arn": key, "permissions_boundary": boundary}
    made = provision(lambda: SpotBatch("loans", args) and None)
    assert {role.inputs["permissionsBoundary"] for role in made.all("iam:Role")} == {boundary}
    assert {queue.inputs["kmsMasterKeyId"] for queue in made.all("sqs:Queue")} == {key}
    assert {group.inputs["kmsKeyId"] for group in made.all("cloudwatch:LogGroup")} == {key}
    assert made.one("sns:Topic").inputs["kmsMasterKeyId"] == key
    assert made.one("ec2:LaunchTemplate").inputs["blockDeviceMappings"][0]["ebs"]["kmsKeyId"] == key
    assert not made.all("kms:Key")


def test_the_monthly_bill_is_passed_on() -> None:
    def program() -> None:
        part = SpotBatch("loans", {"design": BATCH, "monthly_bill": {"expected": "106.10"}})
        pulumi.export("bill", part.monthly_bill)

    assert Decimal(provision(program).outputs["bill"]["expected"]) == Decimal("106.10")


def test_a_new_artifact_is_another_version_of_the_model_under_the_same_job_definition(made: Provisioned) -> None:
    def told(found: Provisioned) -> WorkerSettings:
        worker = containers(found, "g5-xlarge-b8")["worker"]
        environment = {one["name"]: one["value"] for one in worker["environment"]}  # type: ignore[attr-defined]
        return WorkerSettings.from_json(environment[VARIABLE])

    newer = BATCH.container.model_copy(update={"artifact": "s3://models/2026-06/classifier.tar.gz"})  # type: ignore[union-attr]
    again = provision(lambda: SpotBatch("loans", {"design": BATCH.model_copy(update={"container": newer})}) and None)
    assert told(made).model == "classifier:1 classifier.tar.gz"
    assert told(again).model == "classifier:1 2026-06/classifier.tar.gz"
    assert told(again).artifact == "s3://models/2026-06/classifier.tar.gz"
    assert {one.job_definition for one in dispatcher(made).pools.values()} == {
        one.job_definition for one in dispatcher(again).pools.values()
    }
