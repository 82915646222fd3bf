"""A month's bill: line by line, from a configuration, a usage and the price list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deploy.costs.configuration import Configuration
from deploy.costs.prices import PriceList
from deploy.costs.usage import Usage

# What the modules make, whatever their variables say. A test compares these numbers with a plan.
WAF_RULES = 10
SECRETS = 6
KEYS = 1
KEYS_OF_STATES = 1
"""Of terraform/bootstrap, whose bucket all environments share; counted with each."""
METRICS_PER_SERVICE = 6
METRICS_OF_VOICE = 1
METRICS_OF_LOGS = 1
INSIGHTS_METRICS_PER_CLUSTER = 6
INSIGHTS_METRICS_PER_SERVICE = 14
# An alarm is paid for by the metrics that it looks at.
ALARM_METRICS_OF_VOICE = 5
ALARM_METRICS_PER_SERVICE = 6
ALARM_METRICS_PER_CACHE_NODE = 4
ALARM_METRICS_OF_HEALTH_CHECK = 1
OTHER_ALARM_METRICS = 9


@dataclass(frozen=True, slots=True)
class Line:
    """One position."""

    name: str
    dollars: float
    remark: str = ""


def infrastructure(of: Configuration, usage: Usage, prices: PriceList) -> list[Line]:
    """What AWS asks for. Raises UnknownPrice for a size that is not in the list."""
    return [
        *_compute(of, prices),
        *_data(of, usage, prices),
        *_network(of, usage, prices),
        *_watching(of, usage, prices),
        *_rest(of, usage, prices),
    ]


def providers(usage: Usage, prices: PriceList) -> list[Line]:
    """What those ask for who recognise, think and speak."""
    tokens = usage.tokens_in_millions * prices["llm_million_tokens_in"]
    tokens += usage.tokens_out_millions * prices["llm_million_tokens_out"]
    spoken = usage.spoken_characters_thousands
    return [
        Line("Speech to text", usage.voice_minutes * prices["stt_minute"], f"{usage.voice_minutes:,.0f} minutes"),
        Line(
            "Language model",
            tokens,
            f"{usage.tokens_in_millions:g} million tokens in, {usage.tokens_out_millions:g} out",
        ),
        Line("Text to speech", spoken * prices["tts_thousand_characters"], f"{spoken:g} thousand characters"),
    ]


def metrics(of: Configuration) -> int:
    """Metrics of the application's own, by all services."""
    return len(of.services) * METRICS_PER_SERVICE + METRICS_OF_VOICE + METRICS_OF_LOGS


def alarm_metrics(of: Configuration) -> int:
    """Metrics that alarms look at."""
    nodes, gateways = 1 + int(of["cache_replica_count"]), int(of["nat_gateway_count"])
    return (
        ALARM_METRICS_OF_VOICE
        + len(of.services) * ALARM_METRICS_PER_SERVICE
        + nodes * ALARM_METRICS_PER_CACHE_NODE
        + gateways
        + (ALARM_METRICS_OF_HEALTH_CHECK if of["enable_health_check"] else 0)
        + OTHER_ALARM_METRICS
    )


def keys(of: Configuration) -> int:
    """Keys of KMS that the environment makes."""
    return KEYS + (1 if of["enable_dnssec"] else 0) + (1 if of["backup_region"] else 0)


def secrets(of: Configuration) -> int:
    """Secrets, the database's own included. From the second SECRET_KEY on, two of them are kept."""
    return SECRETS + (1 if of["secret_key_version"] > 1 else 0)


def total(lines: Sequence[Line]) -> float:
    """Of all lines, in dollars."""
    return sum(line.dollars for line in lines)


def _compute(of: Configuration, prices: PriceList) -> Iterator[Line]:
    kind = "arm" if of["cpu_architecture"] == "ARM64" else "x86"
    for name, service in of.services.items():
        vcpu, gb = service.cpu / 1024, service.memory / 1024
        month = vcpu * prices.month(f"fargate_{kind}_vcpu_hour") + gb * prices.month(f"fargate_{kind}_gb_hour")
        share = prices["fargate_spot_share"] if service.is_spot else 1.0
        spot = ", Spot" if service.is_spot else ""
        remark = f"{service.tasks} x ({vcpu:g} vCPU, {gb:g} GB, {of['cpu_architecture']}{spot})"
        yield Line(f"Fargate: {name}", service.tasks * month * share, remark)


def _data(of: Configuration, usage: Usage, prices: PriceList) -> Iterator[Line]:
    instances = 2 if of["database_multi_az"] else 1
    size, storage = of["database_instance_class"], of["database_storage_gb"]
    yield Line("PostgreSQL: instances", instances * prices.month(f"{size}_hour"), f"{instances} x {size}")
    yield Line(
        "PostgreSQL: storage", instances * storage * prices["database_storage_gb_month"], f"{instances} x {storage} GB"
    )
    if region := of["backup_region"]:
        # At the first copy, and as if everything changed once a month.
        month = storage * (prices["backup_storage_gb_month"] + prices["transfer_between_regions_gb"])
        yield Line("PostgreSQL: backups elsewhere", month, f"{storage} GB at most, in {region}")
    nodes, node = 1 + of["cache_replica_count"], of["cache_node_type"]
    yield Line("Valkey", nodes * prices.month(f"{node}_hour"), f"{nodes} x {node}")
    stored = usage.recorded_gb * prices["s3_gb_month"] + usage.requests_millions * 10 * prices["s3_thousand_writes"]
    yield Line("S3", stored, f"{usage.recorded_gb:g} GB")
    yield Line("Images", usage.images_gb * prices["registry_gb_month"], f"{usage.images_gb:g} GB")


def _network(of: Configuration, usage: Usage, prices: PriceList) -> Iterator[Line]:
    units, zones = usage.load_balancer_units, of["zone_count"]
    balancer = prices.month("load_balancer_hour") + units * prices.month("load_balancer_unit_hour")
    yield Line("Load balancer", balancer, f"{units:g} units on average")
    yield Line("Load balancer: addresses", zones * prices.month("public_ipv4_hour"), f"{zones} public IPv4")
    if gateways := of["nat_gateway_count"]:
        hours = gateways * (prices.month("nat_gateway_hour") + prices.month("public_ipv4_hour"))
        yield Line("NAT", hours, f"{gateways}, with an address each")
        moved = 2 * usage.audio_gb
        yield Line("NAT: data", moved * prices["nat_gateway_gb"], f"{moved:.1f} GB to and from providers")
    if endpoints := len(of["interface_endpoints"]):
        month = endpoints * zones * prices.month("interface_endpoint_hour")
        yield Line("Interface endpoints", month, f"{endpoints} in {zones} zones")
    # Of conversations at the page. The way from the load balancer to CloudFront costs nothing, the way back does.
    sent, asked = usage.audio_gb, usage.requests_millions
    paid = max(sent - prices["cdn_free_gb"], 0.0) * prices["cdn_gb"] + sent * prices["cdn_to_origin_gb"]
    yield Line(
        "CloudFront: data", paid, f"{sent:.1f} GB of audio each way, {prices['cdn_free_gb']:,.0f} free to browsers"
    )
    paid = max(asked - prices["cdn_free_million_requests"], 0.0) * prices["cdn_million_requests"]
    paid += max(asked - prices["cdn_free_million_functions"], 0.0) * prices["cdn_million_functions"]
    yield Line("CloudFront: requests", paid, f"{asked:g} million, {prices['cdn_free_million_functions']:g} free")
    yield Line("Route 53: zone", prices["hosted_zone_month"])
    if of["enable_health_check"]:
        yield Line("Route 53: health check", prices["health_check_https_month"], "HTTPS, from around the world")


def _watching(of: Configuration, usage: Usage, prices: PriceList) -> Iterator[Line]:
    services = of.services
    yield Line("Logs", usage.logs_gb * prices["logs_gb"], f"{usage.logs_gb:g} GB")
    insights = INSIGHTS_METRICS_PER_CLUSTER + len(services) * 2 * INSIGHTS_METRICS_PER_SERVICE
    match of["container_insights"]:
        case "enabled":
            yield Line("Container Insights", insights * prices["metric_month"], f"about {insights} metrics")
        case "enhanced":
            tasks = sum(service.tasks for service in services.values())
            every = insights + 2 * tasks * INSIGHTS_METRICS_PER_SERVICE
            month = every * prices["insights_enhanced_metric_month"]
            yield Line("Container Insights, enhanced", month, f"about {every} metrics")
    own, watched = metrics(of), alarm_metrics(of)
    paid = max(own - prices["metrics_free"], 0)
    yield Line("Metrics", paid * prices["metric_month"], f"{own}, {prices['metrics_free']:g} free")
    paid = max(watched - prices["alarms_free"], 0)
    yield Line("Alarms", paid * prices["alarm_month"], f"on {watched} metrics, {prices['alarms_free']:g} free")
    if of["enable_guardduty"]:
        found = usage.api_events_millions * prices["guardduty_million_events"] + usage.logs_gb * prices["guardduty_gb"]
        yield Line("GuardDuty", found, "events, network flows")
    if of["enable_config"]:
        yield Line("AWS Config", 500 * prices["config_item"], "500 changes")


def _rest(of: Configuration, usage: Usage, prices: PriceList) -> Iterator[Line]:
    if of["enable_waf"]:
        month = prices["web_acl_month"] + WAF_RULES * prices["web_acl_rule_month"]
        month += usage.requests_millions * prices["web_acl_million_requests"]
        yield Line("Firewall", month, f"{WAF_RULES} rules")
    yield Line("Secrets", secrets(of) * prices["secret_month"], f"{secrets(of)}, the database's own included")
    made = keys(of) + KEYS_OF_STATES
    yield Line("Keys", made * prices["key_month"], f"{made}, that of Terraform's states included")
