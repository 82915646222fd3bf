/** Shown only if it takes long enough to be noticed; the style waits. */
export function Loading() {
  return (
    <p className="loading" role="status">
      Loading…
    </p>
  );
}
