"""What moto lacks of ElastiCache: parameter groups, nodes of replication groups, deletion."""

import re
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse


class ParameterGroupNotFound(ServiceException):
    code = "CacheParameterGroupNotFound"


class Actions:
    """Added to moto's responses; `self` is one of those."""

    def create_cache_parameter_group(self: Any) -> ActionResult:
        name = self._get_param("CacheParameterGroupName")
        backend = self.elasticache_backend
        group = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": self._get_param("CacheParameterGroupFamily"),
            "Description": self._get_param("Description"),
            "IsGlobal": False,
            "ARN": f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:parametergroup:{name}",
        }
        _groups(backend)[name] = (group, {})
        backend.tagging_service.tag_resource(group["ARN"], self._get_param("Tags", []))
        return ActionResult({"CacheParameterGroup": group})

    def describe_cache_parameter_groups(self: Any) -> ActionResult:
        name = self._get_param("CacheParameterGroupName")
        return ActionResult({"CacheParameterGroups": [_group(self.elasticache_backend, name)[0]]})

    def modify_cache_parameter_group(self: Any) -> ActionResult:
        name = self._get_param("CacheParameterGroupName")
        _, parameters = _group(self.elasticache_backend, name)
        for each in self._get_param("ParameterNameValues", []):
            parameters[each["ParameterName"]] = each["ParameterValue"]
        return ActionResult({"CacheParameterGroupName": name})

    def describe_cache_parameters(self: Any) -> ActionResult:
        _, parameters = _group(self.elasticache_backend, self._get_param("CacheParameterGroupName"))
        listed = [
            {"ParameterName": name, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for name, value in parameters.items()
        ]
        return ActionResult({"Parameters": listed})

    def delete_cache_parameter_group(self: Any) -> EmptyResult:
        name = self._get_param("CacheParameterGroupName")
        _group(self.elasticache_backend, name)
        del _groups(self.elasticache_backend)[name]
        return EmptyResult()

    def delete_cache_subnet_group(self: Any) -> EmptyResult:
        name = self._get_param("CacheSubnetGroupName")
        self.elasticache_backend.describe_cache_subnet_groups(name)
        del self.elasticache_backend.cache_subnet_groups[name]
        return EmptyResult()


def patch() -> None:
    for name in vars(Actions):
        if not name.startswith("__"):
            setattr(ElastiCacheResponse, name, vars(Actions)[name])

    # Tags of parameter groups are refused: their ARN is not among those that moto knows.
    of_backend = ElastiCacheBackend.__init__

    def with_parameter_groups(self: Any, *arguments: Any, **named: Any) -> None:
        of_backend(self, *arguments, **named)
        self.arn_regex = re.compile(r"^arn:aws:elasticache:.*$")

    ElastiCacheBackend.__init__ = with_parameter_groups

    # The replicas that num_cache_clusters asks for are not made.
    of_nodes = ReplicationGroup._set_node_members_clusters_disabled

    def with_replicas(self: Any, **named: Any) -> None:
        replicas = named["replicas_per_node_group"] or named["num_cache_clusters"] - 1
        of_nodes(self, **(named | {"replicas_per_node_group": replicas}))

    ReplicationGroup._set_node_members_clusters_disabled = with_replicas

    # A replication group's nodes cannot be described, and most of what is set on it is read from them.
    of_clusters = ElastiCacheBackend.describe_cache_clusters

    def with_nodes(self: Any, cache_cluster_id: str | None = None) -> list[Any]:
        for group in self.replication_groups.values():
            if cache_cluster_id in group.member_clusters:
                return [_node(group, cache_cluster_id)]
        return of_clusters(self, cache_cluster_id)

    ElastiCacheBackend.describe_cache_clusters = with_nodes

    # A deleted group stays "deleting" for ever.
    of_deletion = ElastiCacheBackend.delete_replication_group

    def with_an_end(self: Any, replication_group_id: str, retain_primary_cluster: bool | None) -> Any:
        group = of_deletion(self, replication_group_id, retain_primary_cluster)
        del self.replication_groups[replication_group_id]
        return group

    ElastiCacheBackend.delete_replication_group = with_an_end


def _groups(backend: Any) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    groups: dict[str, Any] = vars(backend).setdefault("parameter_groups", {})
    return groups


def _group(backend: Any, name: str) -> tuple[dict[str, Any], dict[str, str]]:
    if name not in _groups(backend):
        raise ParameterGroupNotFound(f"CacheParameterGroup {name} not found.")
    return _groups(backend)[name]


def _node(group: Any, cluster_id: str | None) -> dict[str, Any]:
    return {
        "CacheClusterId": cluster_id,
        "CacheClusterStatus": "available",
        "ReplicationGroupId": group.replication_group_id,
        "Engine": group.engine,
        # AWS fills in the newest patch.
        "EngineVersion": f"{group.engine_version}.1",
        "CacheNodeType": group.cache_node_type,
        "NumCacheNodes": 1,
        "CacheParameterGroup": {"CacheParameterGroupName": group.cache_parameter_group_name},
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "SecurityGroups": [{"SecurityGroupId": each, "Status": "active"} for each in group.security_group_ids or []],
        "PreferredMaintenanceWindow": group.preferred_maintenance_window,
        "AutoMinorVersionUpgrade": True,
        "SnapshotRetentionLimit": group.snapshot_retention_limit,
        "AuthTokenEnabled": group.auth_token_enabled,
        "TransitEncryptionEnabled": group.transit_encryption_enabled,
        "TransitEncryptionMode": group.transit_encryption_mode,
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
    }
