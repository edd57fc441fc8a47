import { startPostgres } from "../../src/postgres/index.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const server = await startPostgres({ dataDir: process.argv[2] ?? "", log: silent, durable: false });
process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid })}\n`);
await server.exited;
