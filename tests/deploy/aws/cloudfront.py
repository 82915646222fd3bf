"""What moto lacks of CloudFront: policies of response headers, publishing of functions, parts of a distribution."""

from typing import Any

from moto.cloudfront import models, urls
from moto.cloudfront.responses import CloudFrontResponse
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult


class NoSuchResponseHeadersPolicy(ServiceException):
    code = "NoSuchResponseHeadersPolicy"


class Actions:
    """Added to moto's responses; `self` is one of those."""

    def create_response_headers_policy(self: Any) -> ActionResult:
        policy = {
            "Id": models.random_id(),
            "LastModifiedTime": models.utcnow(),
            "ResponseHeadersPolicyConfig": self._get_param("ResponseHeadersPolicyConfig"),
        }
        _policies(self)[policy["Id"]] = policy
        return _answer(policy)

    def get_response_headers_policy(self: Any) -> ActionResult:
        return _answer(_policy(self))

    def update_response_headers_policy(self: Any) -> ActionResult:
        policy = _policy(self)
        policy["ResponseHeadersPolicyConfig"] = self._get_param("ResponseHeadersPolicyConfig")
        return _answer(policy)

    def delete_response_headers_policy(self: Any) -> EmptyResult:
        del _policies(self)[_policy(self)["Id"]]
        return EmptyResult()

    def publish_function(self: Any) -> ActionResult:
        # Moto has one stage of each, which is good enough for both.
        return ActionResult({"FunctionSummary": self.backend.get_function(self._get_param("Name")).function_summary})


def patch() -> None:
    base = "{0}/2020-05-31/response-headers-policy"
    urls.url_paths[f"{base}$"] = CloudFrontResponse.dispatch
    urls.url_paths[f"{base}/(?P<policy_id>[^/]+)$"] = CloudFrontResponse.dispatch
    urls.url_paths["{0}/2020-05-31/function/(?P<function_name>[^/]+)/publish$"] = CloudFrontResponse.dispatch
    for name in vars(Actions):
        if not name.startswith("__"):
            setattr(CloudFrontResponse, name, vars(Actions)[name])

    of_origin = models.Origin.__init__

    # Without its access control, the distribution would differ at every plan.
    def with_access_control(self: Any, origin: dict[str, Any]) -> None:
        of_origin(self, origin)
        self.origin_access_control_id = origin.get("OriginAccessControlId") or ""

    models.Origin.__init__ = with_access_control

    of_behaviour = models.DefaultCacheBehaviour.__init__

    # Who names a cache policy has no forwarded values; moto makes some up. Functions it forgets.
    def as_it_was_told(self: Any, config: dict[str, Any]) -> None:
        has_values = "ForwardedValues" in config
        of_behaviour(self, config)
        if not has_values:
            del self.forwarded_values
        self.function_associations = config.get("FunctionAssociations") or {"Quantity": 0}

    models.DefaultCacheBehaviour.__init__ = as_it_was_told

    of_certificate = models.ViewerCertificate.__init__

    # A distribution with a certificate of its own does not have CloudFront's as well.
    def without_the_default(self: Any, config: dict[str, Any]) -> None:
        of_certificate(self, config)
        self.cloud_front_default_certificate = not (self.acm_certificate_arn or self.iam_certificate_id)

    models.ViewerCertificate.__init__ = without_the_default


def _policies(response: Any) -> dict[str, dict[str, Any]]:
    policies: dict[str, Any] = vars(response.backend).setdefault("response_headers_policies", {})
    return policies


def _policy(response: Any) -> dict[str, Any]:
    policy_id = response._get_param("Id")
    if policy_id not in _policies(response):
        raise NoSuchResponseHeadersPolicy(f"{policy_id} does not exist.")
    return _policies(response)[policy_id]


def _answer(policy: dict[str, Any]) -> ActionResult:
    return ActionResult({"ResponseHeadersPolicy": policy, "ETag": policy["Id"]})
