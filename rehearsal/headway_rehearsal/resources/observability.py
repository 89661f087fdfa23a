"""CloudWatch alarms and log groups, EventBridge rules."""

from __future__ import annotations

from typing import Any

from headway_rehearsal.resources.base import Aws, Created, Inputs, ResourceType, again, ask, by, tag_list, tag_map


def _log_group(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    # skipDestroy is the provider's own; retention is a call of its own.
    ask(
        aws, "logs", "create_log_group", inputs, what="aws:cloudwatch/logGroup:LogGroup",
        handled=("name", "namePrefix", "retentionInDays", "skipDestroy"), logGroupName=name, tags=tag_map(inputs),
    )  # fmt: skip
    if inputs.get("retentionInDays"):
        aws.client("logs").put_retention_policy(logGroupName=name, retentionInDays=int(inputs["retentionInDays"]))
    return Created(name, {"name": name, "arn": f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{name}"})


def _read_log_group(aws: Aws, identity: str) -> dict[str, Any]:
    rows = aws.client("logs").describe_log_groups(logGroupNamePrefix=identity)["logGroups"]
    return next(dict(row) for row in rows if row["logGroupName"] == identity)


def _update_log_group(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old
    client = aws.client("logs")
    if new.get("retentionInDays"):
        client.put_retention_policy(logGroupName=identity, retentionInDays=int(new["retentionInDays"]))
    else:
        client.delete_retention_policy(logGroupName=identity)
    if new.get("kmsKeyId"):
        client.associate_kms_key(logGroupName=identity, kmsKeyId=new["kmsKeyId"])
    return {}


def _alarm(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    prepared = dict(inputs)
    if inputs.get("dimensions"):
        prepared["dimensions"] = [{"name": key, "value": value} for key, value in inputs["dimensions"].items()]
    if inputs.get("metricQueries"):
        prepared["metricQueries"] = [_query(query) for query in inputs["metricQueries"]]
    ask(
        aws, "cloudwatch", "put_metric_alarm", prepared, what="aws:cloudwatch/metricAlarm:MetricAlarm",
        handled=("name",), rename={"metricQueries": "metrics", "insufficientDataActions": "insufficientDataActions"},
        AlarmName=name, Tags=tag_list(inputs),
    )  # fmt: skip
    return Created(name, {"name": name, "arn": f"arn:aws:cloudwatch:{aws.region}:{aws.account}:alarm:{name}"})


def _query(query: Inputs) -> dict[str, Any]:
    """The provider flattens a query's metric; AWS nests it."""
    metric = query.get("metric")
    if not metric:
        return dict(query)
    dimensions = [{"name": key, "value": value} for key, value in (metric.get("dimensions") or {}).items()]
    inner = {"namespace": metric.get("namespace"), "metricName": metric["metricName"], "dimensions": dimensions}
    stat = {"metric": inner, "period": metric["period"], "stat": metric["stat"], "unit": metric.get("unit")}
    return {"id": query["id"], "label": query.get("label"), "returnData": query.get("returnData"), "metricStat": stat}


def _read_alarm(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("cloudwatch").describe_alarms(AlarmNames=[identity])["MetricAlarms"][0]
    return {**found, "Metrics": [_as_query(query) for query in found.get("Metrics", [])]}


def _as_query(found: Inputs) -> dict[str, Any]:
    """A query as the provider flattens it."""
    stat = found.get("MetricStat")
    if not stat:
        return dict(found)
    return {**found, "metric": {**stat["Metric"], "period": stat["Period"], "stat": stat["Stat"]}}


def _dashboard(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = str(inputs["dashboardName"])
    # An update hands the id over as ``name``, which a dashboard does not have.
    ask(aws, "cloudwatch", "put_dashboard", inputs, what="aws:cloudwatch/dashboard:Dashboard", handled=("name",))
    return Created(name, {"dashboardName": name, "dashboardArn": f"arn:aws:cloudwatch::{aws.account}:dashboard/{name}"})


def _read_dashboard(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("cloudwatch").get_dashboard(DashboardName=identity)
    return found


def _event_rule(aws: Aws, logical: str, inputs: Inputs) -> Created:
    name = aws.name(logical, inputs)
    answer = ask(
        aws, "events", "put_rule", inputs, what="aws:cloudwatch/eventRule:EventRule",
        handled=("name", "namePrefix", "forceDestroy"), Name=name, Tags=tag_list(inputs),
    )  # fmt: skip
    return Created(name, {"name": name, "arn": answer["RuleArn"]})


def _event_target(aws: Aws, logical: str, inputs: Inputs) -> Created:
    identity = str(inputs.get("targetId") or logical)
    target = {key: value for key, value in inputs.items() if key in ("arn", "roleArn", "input", "inputPath") and value}
    ask(
        aws, "events", "put_targets", {"rule": inputs["rule"], "targets": [{**target, "id": identity}]},
        what="aws:cloudwatch/eventTarget:EventTarget",
    )  # fmt: skip
    return Created(f"{inputs['rule']}-{identity}", {"targetId": identity})


def _read_rule(aws: Aws, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("events").describe_rule(Name=identity)
    return found


def _read_target(aws: Aws, identity: str) -> dict[str, Any]:
    for rule in aws.client("events").list_rules()["Rules"]:
        for target in aws.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]:
            if f"{rule['Name']}-{target['Id']}" == identity:
                return dict(target)
    raise KeyError(identity)


def _delete_alarm(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    aws.client("cloudwatch").delete_alarms(AlarmNames=[identity])


def _delete_dashboard(aws: Aws, identity: str, state: Inputs) -> None:
    del state
    aws.client("cloudwatch").delete_dashboards(DashboardNames=[identity])


def _delete_target(aws: Aws, identity: str, state: Inputs) -> None:
    del identity
    aws.client("events").remove_targets(Rule=state["rule"], Ids=[state["targetId"]])


def _update_target(aws: Aws, identity: str, old: Inputs, new: Inputs) -> dict[str, Any]:
    del old
    _event_target(aws, "", {**new, "targetId": identity.removeprefix(f"{new['rule']}-")})
    return {}


ROWS = (
    ResourceType(
        "aws:cloudwatch/logGroup:LogGroup", _log_group, _read_log_group,
        by("logs", "delete_log_group", "logGroupName"), _update_log_group,
        replaces=("name", "namePrefix", "logGroupClass"), shown_as={"name": "logGroupName"}, unseen=("skipDestroy",),
    ),
    ResourceType(
        "aws:cloudwatch/metricAlarm:MetricAlarm", _alarm, _read_alarm, _delete_alarm, again(_alarm), replaces=("name",),
        shown_as={"name": "AlarmName", "metricQueries": "Metrics"},
    ),
    ResourceType(
        "aws:cloudwatch/dashboard:Dashboard", _dashboard, _read_dashboard, _delete_dashboard, again(_dashboard),
        replaces=("dashboardName",), named="dashboardName",
    ),
    ResourceType(
        "aws:cloudwatch/eventRule:EventRule", _event_rule, _read_rule, by("events", "delete_rule", "Name"),
        again(_event_rule), replaces=("name", "namePrefix", "eventBusName"), unseen=("forceDestroy",),
    ),
    ResourceType(
        "aws:cloudwatch/eventTarget:EventTarget", _event_target, _read_target, _delete_target, _update_target,
        replaces=("rule", "targetId", "eventBusName"), named=None, shown_as={"targetId": "Id"}, unseen=("rule",),
    ),
)  # fmt: skip
