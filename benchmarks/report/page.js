// A figure leads into a table that may be closed.
function reveal() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (target) target.scrollIntoView({ block: "start" });
}
addEventListener("hashchange", reveal);
addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest("a[href^='#']");
  const href = link && (link.href.baseVal || link.getAttribute("href"));
  if (href && href === location.hash) reveal();
});
reveal();
document.getElementById("download").addEventListener("click", async () => {
  const text = atob(document.getElementById("raw-data").textContent);
  const packed = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([await new Response(stream).arrayBuffer()], { type: "application/json" }));
  link.download = "benchmark.json";
  link.click();
  URL.revokeObjectURL(link.href);
});
