"""What moto forgets of RDS."""

from typing import Any

from moto.rds.models import DBInstance, DBParameterGroup


def patch() -> None:
    of_instance = DBInstance.__init__

    # Performance Insights would be turned on at every plan.
    def with_insights(self: Any, *arguments: Any, **named: Any) -> None:
        of_instance(self, *arguments, **named)
        self.performance_insights_enabled = named.get("enable_performance_insights", False)
        self.performance_insights_kms_key_id = named.get("performance_insights_kms_key_id")
        self.performance_insights_retention_period = named.get("performance_insights_retention_period")

    DBInstance.__init__ = with_insights

    of_parameters = DBParameterGroup.update_parameters

    # Who set a parameter is not kept, and the provider reads those that the user set.
    def with_source(self: Any, new_parameters: Any) -> None:
        of_parameters(self, [{**each, "Source": "user"} for each in new_parameters])

    DBParameterGroup.update_parameters = with_source
