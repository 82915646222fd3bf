"""All rules over one plan or state."""

from collections.abc import Sequence

from deploy.policy.document import Document
from deploy.policy.rule import Finding, Rule
from deploy.policy.rules import application, buckets, changes, data_stores, edge, encryption, network, permissions

RULES: Sequence[Rule] = (
    *network.RULES.all,
    *edge.RULES.all,
    *data_stores.RULES.all,
    *buckets.RULES.all,
    *encryption.RULES.all,
    *application.RULES.all,
    *permissions.RULES.all,
    *changes.RULES.all,
)


def judge(document: Document) -> list[Finding]:
    """What breaks a rule; each resource once a rule."""
    return [
        Finding(address, rule)
        for rule in RULES
        for address in dict.fromkeys(found.address for found in rule.broken_by(document))
    ]
