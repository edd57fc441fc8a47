import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Without it Node strips the types of every file at every start; it must be on before the first of them is loaded.
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/linka"));

const { run } = await import("./run.ts");
await run();
