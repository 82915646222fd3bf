/** Whose page this is: `/?tenant=SLUG` is that of a tenant, `/` the server's own. */

export const DEFAULT_TENANT = "default";
const SLUG = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Under which name a browser keeps something: people may have accounts with several tenants. */
export function nameFor(tenant: string, name: string): string {
  return tenant === DEFAULT_TENANT ? name : `${name}.${tenant}`;
}

/** `search`: of the address. */
export function tenantIn(search: string): string {
  const slug = new URLSearchParams(search).get("tenant")?.trim().toLowerCase() ?? "";
  return SLUG.test(slug) ? slug : DEFAULT_TENANT;
}
