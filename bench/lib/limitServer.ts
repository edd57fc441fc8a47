import { serveHttpLimit } from "./limits.ts";

/** A process of its own, so that the limit and the hub are loaded in the same way. Prints its port. */
const port = await serveHttpLimit(process.argv[2] ?? "");
process.stdout.write(`${port}\n`);
