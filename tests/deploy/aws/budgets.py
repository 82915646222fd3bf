"""What moto lacks of Budgets: tags and subscribers, both asked for with every budget."""

import json
from typing import Any

from moto.budgets.responses import BudgetsResponse


def patch() -> None:
    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"ResourceTags": _tags(self).get(self._get_param("ResourceARN"), [])})

    def tag_resource(self: Any) -> str:
        _tags(self)[self._get_param("ResourceARN")] = self._get_param("ResourceTags", [])
        return json.dumps({})

    def describe_subscribers_for_notification(self: Any) -> str:
        budget = self.backend.budgets[self._get_param("AccountId")][self._get_param("BudgetName")]
        wanted = self._get_param("Notification")
        found = [each.subscribers for each in budget.notifications if _is(each.details, wanted)]
        return json.dumps({"Subscribers": found[0] if found else []})

    BudgetsResponse.list_tags_for_resource = list_tags_for_resource
    BudgetsResponse.tag_resource = tag_resource
    BudgetsResponse.describe_subscribers_for_notification = describe_subscribers_for_notification

    of_creation = BudgetsResponse.create_budget

    # Tags that come with a new budget are forgotten.
    def with_tags(self: Any) -> str:
        answer: str = of_creation(self)
        name, account = self._get_param("Budget")["BudgetName"], self._get_param("AccountId")
        _tags(self)[f"arn:aws:budgets::{account}:budget/{name}"] = self._get_param("ResourceTags", [])
        return answer

    BudgetsResponse.create_budget = with_tags


def _tags(response: Any) -> dict[str, list[dict[str, str]]]:
    tags: dict[str, Any] = vars(response.backend).setdefault("tags_of_budgets", {})
    return tags


def _is(details: dict[str, Any], wanted: dict[str, Any]) -> bool:
    same = ("NotificationType", "Threshold", "ComparisonOperator")
    return all(details.get(name) == wanted.get(name) for name in same)
