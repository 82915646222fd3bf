/** In the place of a part of the page that could not be loaded: the server is away, or has another version of it now. */
export function Unloaded() {
  return (
    <p className="unloaded" role="alert">
      This part of the page could not be loaded.{" "}
      <button type="button" className="text-button" onClick={() => window.location.reload()}>
        Load the page again
      </button>
    </p>
  );
}
