import { defineConfig } from "vite";

const root = new URL("./visitor/", import.meta.url).pathname;

/** The widget's frame and the demo shop. Served under /widget/; the demo page also as /demo. */
export default defineConfig({
  root,
  base: "/widget/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: new URL("../../dist/visitor/", import.meta.url).pathname,
    emptyOutDir: true,
    assetsDir: "app/assets",
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: { polyfill: false },
    rolldownOptions: { input: [`${root}app/index.html`, `${root}demo.html`] },
  },
});
