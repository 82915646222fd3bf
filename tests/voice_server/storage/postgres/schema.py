"""What a database is to the statements of a version: what they may rely on, and what they have to meet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_QUESTIONS = """
WITH relations AS (
    SELECT oid, relname, relkind, relrowsecurity, relforcerowsecurity, relacl
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
), columns AS (
    SELECT r.relname, a.*, pg_get_expr(d.adbin, d.adrelid) AS expression
    FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
), named AS (
    SELECT attrelid, attnum, attname FROM columns
)
SELECT 'table' AS kind, relname AS relation, relname AS name, '{}'::text[] AS columns,
    concat(oid, CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END) AS value
FROM relations
UNION ALL
SELECT 'column', relname, attname, ARRAY[attname], concat(attnum, ' ', format_type(atttypid, atttypmod), attgenerated)
FROM columns
UNION ALL
SELECT 'default', relname, attname, ARRAY[attname], ''
FROM columns WHERE expression IS NOT NULL OR attidentity <> ''
UNION ALL
SELECT 'not null', relname, attname, ARRAY[attname], '' FROM columns WHERE attnotnull
UNION ALL
SELECT 'constraint', r.relname, c.conname,
    ARRAY(SELECT attname::text FROM named WHERE attrelid = c.conrelid AND attnum = ANY (c.conkey)),
    pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid WHERE c.contype IN ('c', 'f', 'x')
UNION ALL
SELECT 'unique index', r.relname, i.indexrelid::regclass::text,
    ARRAY(SELECT attname::text FROM named WHERE attrelid = i.indrelid AND attnum = ANY (i.indkey::int2[])),
    regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '')
FROM pg_index i JOIN relations r ON r.oid = i.indrelid WHERE i.indisunique
UNION ALL
SELECT 'trigger', r.relname, t.tgname, '{}', concat(t.tgenabled, pg_get_triggerdef(t.oid))
FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT CASE WHEN p.polpermissive THEN 'policy' ELSE 'restrictive policy' END, r.relname, p.polname, '{}',
    concat_ws(' ', polcmd, polroles::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
UNION ALL
SELECT 'row security', relname, relname, '{}', concat(relforcerowsecurity) FROM relations WHERE relrowsecurity
UNION ALL
SELECT 'function', oid::regprocedure::text, oid::regprocedure::text, '{}', pg_get_functiondef(oid)
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'right', r.relname, concat_ws(' ', lower(granted.privilege_type), 'of', granted.grantee::regrole), '{}', ''
FROM relations r, aclexplode(r.relacl) granted
UNION ALL
SELECT 'right', relname, concat_ws(' ', lower(granted.privilege_type), attname, 'of', granted.grantee::regrole),
    ARRAY[attname], ''
FROM columns, aclexplode(attacl) granted
UNION ALL
SELECT 'right', oid::regprocedure::text, concat_ws(' ', 'execute of', granted.grantee::regrole), '{}', ''
FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) granted
WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'label', t.typname, l.enumlabel, '{}', '' FROM pg_enum l JOIN pg_type t ON t.oid = l.enumtypid
"""
_WHOLE = ("table", "function")
_DEMANDS = ("not null", "constraint", "unique index", "trigger", "restrictive policy", "row security")


@dataclass(frozen=True)
class Part:
    """Something in a schema that statements meet."""

    kind: str
    relation: str
    name: str

    def __str__(self) -> str:
        if self.relation == self.name:
            return f"{self.kind} {self.name}"
        return f"{self.kind} {self.relation}.{self.name}"


@dataclass(frozen=True)
class Schema:
    """All of them, at one moment: to what each one is, and to the columns that it is about."""

    values: dict[Part, str]
    columns: dict[Part, Sequence[str]]

    def has(self, kind: str, relation: str, name: str) -> bool:
        """Whether there is such a part."""
        return Part(kind, relation, name) in self.values


async def read_schema(connection: Any) -> Schema:
    """As it is now; `connection` is one of asyncpg."""
    values, columns = {}, {}
    for row in await connection.fetch(_QUESTIONS):
        part = Part(row["kind"], row["relation"], row["name"])
        values[part], columns[part] = row["value"], row["columns"]
    return Schema(values, columns)


def breaks(before: Schema, after: Schema) -> list[str]:
    """What statements of before do not find any more, and what is asked of them that was not."""
    return sorted([*_lost(before, after), *_asked(before, after)])


def _lost(before: Schema, after: Schema) -> Iterator[str]:
    for part, value in before.values.items():
        # What a table, column or function had is gone with it.
        if part.kind not in _WHOLE and not _stays(part, before, after):
            continue
        if part not in after.values:
            yield f"{part} is gone"
        elif after.values[part] != value:
            yield f"{part} has changed"


def _stays(part: Part, before: Schema, after: Schema) -> bool:
    """Whether what a part is of is still the same, and the columns that it is about are there."""
    wholes = [Part(kind, part.relation, part.relation) for kind in _WHOLE]
    columns = [] if part.kind == "column" else before.columns[part]
    return all(before.values.get(whole) == after.values.get(whole) for whole in wholes) and all(
        after.has("column", part.relation, column) for column in columns
    )


def _asked(before: Schema, after: Schema) -> Iterator[str]:
    for part in after.values.keys() - before.values.keys():
        is_on_old = part.kind in _DEMANDS and before.has("table", part.relation, part.relation)
        if is_on_old and not _is_met_by_default(part, before, after):
            yield f"{part} is new"


def _is_met_by_default(part: Part, before: Schema, after: Schema) -> bool:
    """Whether it is about new columns alone, which statements of before leave to their defaults."""
    columns = after.columns[part]
    if not columns or any(before.has("column", part.relation, column) for column in columns):
        return False
    has_default = [after.has("default", part.relation, column) for column in columns]
    if part.kind == "not null":
        return all(has_default)
    # Null is like no other null, and any default is like itself.
    return part.kind != "unique index" or not all(has_default)
