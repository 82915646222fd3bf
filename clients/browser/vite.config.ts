import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const SERVER = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../../voice_server/page",
    emptyOutDir: true,
    // Everything is a file of its own: the page's Content-Security-Policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
  server: { proxy: { "/v1": { target: SERVER, ws: true }, "/api": SERVER } },
  test: { include: ["tests/**/*.test.ts"] },
});
