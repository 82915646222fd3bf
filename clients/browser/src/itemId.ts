/** Without `randomUUID`, which insecure pages lack; at most 32 characters, as the protocol asks. */
export function newItemId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `item_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
