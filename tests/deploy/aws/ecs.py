"""What moto forgets of an ECS service."""

from typing import Any

from moto.ecs.responses import EC2ContainerServiceResponse

# As AWS calls them, and as moto's serialisation looks for them on its objects.
_FORGOTTEN = {
    "capacityProviderStrategy": "capacity_provider_strategy",
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
    "deploymentConfiguration": "deployment_configuration",
}


def patch() -> None:
    of_creation = EC2ContainerServiceResponse.create_service

    # Without the strategy, Terraform would replace the service at every plan.
    def with_all(self: Any) -> Any:
        answer = of_creation(self)
        service = answer.result["service"]
        for name, attribute in _FORGOTTEN.items():
            if (value := self._get_param(name)) is not None:
                setattr(service, attribute, value)
        return answer

    EC2ContainerServiceResponse.create_service = with_all
