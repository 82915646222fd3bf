"""What moto forgets of security groups."""

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule


def patch() -> None:
    # The description of a rule that names another group.
    def description(self: Any) -> str | None:
        text: str | None = self.ip_range.get("Description") or self.source_group.get("Description")
        return text

    SecurityGroupRule.description = property(description)
