import { defineConfig } from "vite";

/** The one script a host page includes. Built after vite.visitor.ts, into the same folder. */
export default defineConfig({
  root: new URL("./visitor/", import.meta.url).pathname,
  publicDir: false,
  build: {
    outDir: new URL("../../dist/visitor/", import.meta.url).pathname,
    emptyOutDir: false,
    target: "es2022",
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: new URL("./visitor/loader.ts", import.meta.url).pathname,
      output: { format: "iife", entryFileNames: "loader.js" },
    },
  },
});
