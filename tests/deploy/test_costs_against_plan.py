"""What the bill counts is what the environments' plans make."""

from collections import Counter
from typing import Any

import pytest

from deploy.costs.bill import METRICS_OF_LOGS, WAF_RULES, alarm_metrics, keys, secrets
from deploy.costs.configuration import read_configuration
from deploy.policy.document import Document, document
from tests.deploy.plans import PlanOf, plan_of  # noqa: F401

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module", params=["production", "staging"])
def planned(request: pytest.FixtureRequest, plan_of: PlanOf) -> tuple[str, Document]:  # noqa: F811
    return request.param, document(plan_of(request.param))


def test_what_is_counted_is_what_is_planned(planned: tuple[str, Document]) -> None:
    environment, plan = planned
    of = read_configuration(environment)
    made = Counter(resource.type for resource in plan.resources)

    # RDS makes one more, for the master's password.
    assert made["aws_secretsmanager_secret"] + made["aws_db_instance"] == secrets(of)
    assert made["aws_kms_key"] == keys(of)
    assert made["aws_route53_zone"] == 1
    assert made["aws_route53_health_check"] == int(of["enable_health_check"])
    assert made["aws_nat_gateway"] == made["aws_eip"] == of["nat_gateway_count"]
    assert made["aws_guardduty_detector"] == int(of["enable_guardduty"])
    assert [len(each["rule"]) for each in plan.of_type("aws_wafv2_web_acl")] == [WAF_RULES]


def test_alarms_look_at_as_many_metrics(planned: tuple[str, Document]) -> None:
    environment, plan = planned
    alarms = plan.of_type("aws_cloudwatch_metric_alarm")

    looked_at = sum(
        len([query for query in alarm["metric_query"] or [] if query.get("metric")]) or 1 for alarm in alarms
    )
    assert looked_at == alarm_metrics(read_configuration(environment))


def test_logs_give_as_many_metrics(planned: tuple[str, Document]) -> None:
    _, plan = planned
    counted: set[Any] = {
        (metric["namespace"], metric["name"])
        for each in plan.of_type("aws_cloudwatch_log_metric_filter")
        for metric in each["metric_transformation"]
    }

    assert len(counted) == METRICS_OF_LOGS


def test_sizes_are_those_of_the_plan(planned: tuple[str, Document]) -> None:
    environment, plan = planned
    of = read_configuration(environment)
    (database,) = plan.of_type("aws_db_instance")
    (cache,) = plan.of_type("aws_elasticache_replication_group")
    tasks = {
        each["family"].rpartition("-")[2]: (int(each["cpu"]), int(each["memory"]))
        for each in plan.of_type("aws_ecs_task_definition")
    }
    counts = {each["name"]: each["desired_count"] for each in plan.of_type("aws_ecs_service")}

    assert database["instance_class"] == of["database_instance_class"]
    assert database["allocated_storage"] == of["database_storage_gb"]
    assert database["multi_az"] is of["database_multi_az"]
    assert (cache["node_type"], cache["num_cache_clusters"]) == (of["cache_node_type"], 1 + of["cache_replica_count"])
    assert {name: tasks[name] for name in of.services} == {
        name: (each.cpu, each.memory) for name, each in of.services.items()
    }
    assert counts == {name: each.tasks for name, each in of.services.items()}
