import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: `${import.meta.dirname}/desk`,
  publicDir: `${import.meta.dirname}/desk/public`,
  plugins: [react()],
  build: {
    outDir: `${import.meta.dirname}/../../dist/desk`,
    emptyOutDir: true,
    target: "es2022",
    // a data: URL would need a wider content policy
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
  },
});
