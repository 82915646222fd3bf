"""What moto lacks of Application Auto Scaling: tags, asked for with every target."""

import json
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse


def patch() -> None:
    of_registration = ApplicationAutoScalingResponse.register_scalable_target

    def with_tags(self: Any) -> str:
        answer: str = of_registration(self)
        _tags(self).setdefault(json.loads(answer)["ScalableTargetARN"], self._get_param("Tags") or {})
        return answer

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"Tags": _tags(self).get(self._get_param("ResourceARN"), {})})

    ApplicationAutoScalingResponse.register_scalable_target = with_tags
    ApplicationAutoScalingResponse.list_tags_for_resource = list_tags_for_resource


def _tags(response: Any) -> dict[str, dict[str, str]]:
    tags: dict[str, Any] = vars(response.applicationautoscaling_backend).setdefault("tags_of_targets", {})
    return tags
