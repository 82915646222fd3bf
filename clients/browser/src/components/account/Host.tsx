import { DEFAULT_TENANT } from "../../tenant";

/** With whom one has an account, if not with the server itself. */
export function Host({ tenant }: { readonly tenant: string }) {
  if (tenant === DEFAULT_TENANT) return null;
  return (
    <p className="entrance-host">
      Your account with <b>{tenant}</b>
    </p>
  );
}
