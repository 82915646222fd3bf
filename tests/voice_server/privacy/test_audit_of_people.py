"""The audit log, for the person and for the tenant: who saw or changed what, page by page, and nothing of others."""

from tests.voice_server.privacy.private_server import TENANT, PrivateServer, Somebody
from voice_server import audit
from voice_server.auth import CustomerIdentity, Principal
from voice_server.customers.customers import Customers

STAFF = Principal("account-of-staff", roles=frozenset({"staff"}))


async def noted(server: PrivateServer, action: str, kind: str, subject_id: str) -> None:
    async with server.database.tenant(TENANT) as connection:
        await audit.note(connection, STAFF, action, kind, subject_id, "req_1")


async def test_a_person_sees_who_looked_at_what_is_theirs(server: PrivateServer, ada: Somebody, bob: Somebody) -> None:
    identity = CustomerIdentity("account", str(ada.account_id))
    customer_id = await Customers(server.database).recognise(TENANT, [identity])
    await server.execute(
        "INSERT INTO conversations (id, tenant_id, owner, assistant, channel) "
        "VALUES ('conv_1', $1, $2, 'x', 'realtime')",
        TENANT,
        f"account-{ada.account_id}",
    )
    await noted(server, "read", "conversation", "conv_1")
    await noted(server, "read", "customer", str(customer_id))
    await noted(server, "read", "conversation", "conv_of_somebody_else")
    _, seen = await ada.gdpr("GET", "audit")
    assert [(each["actor"], each["subject_kind"]) for each in seen["entries"]][:2] == [
        ("account-of-staff", "customer"),
        ("account-of-staff", "conversation"),
    ]
    assert "conv_of_somebody_else" not in str(seen)
    _, of_bob = await bob.gdpr("GET", "audit")
    assert {each["subject_id"] for each in of_bob["entries"]} == {str(bob.account_id)}


async def test_pages_follow_each_other(server: PrivateServer, ada: Somebody) -> None:
    for _ in range(5):
        await noted(server, "read", "account", str(ada.account_id))
    _, whole = await ada.gdpr("GET", "audit")
    found, before = [], ""
    while True:
        _, page = await ada.gdpr("GET", f"audit?limit=2{before}")
        found += page["entries"]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert found == whole["entries"]
    for wrong in (
        "limit=0",
        "limit=x",
        "limit=501",
        "of=everybody",
        "before=-1",
        "before=99999999999999999999",
        "customer_id=x",
    ):
        assert (await ada.gdpr("GET", f"audit?{wrong}"))[0] in (400, 403, 404), wrong


async def test_a_tenant_is_for_its_admins(server: PrivateServer, ada: Somebody, operator: Somebody) -> None:
    await noted(server, "read", "conversation", "conv_of_somebody_else")
    other = await server.execute("INSERT INTO tenants (slug, name) VALUES ('other', 'Other') RETURNING id")
    await server.execute(
        "INSERT INTO audit_log (tenant_id, actor, action, subject_kind, subject_id) "
        "VALUES ($1, 'a', 'b', 'c', 'of-other')",
        other,
    )
    assert (await ada.gdpr("GET", "audit?of=tenant"))[0] == 403
    status, seen = await operator.gdpr("GET", "audit?of=tenant")
    assert status == 200
    assert "conv_of_somebody_else" in str(seen)
    assert "of-other" not in str(seen)
