import { subscribe } from "node:diagnostics_channel";
import { startNode } from "./node.ts";
import { scripted } from "./scripted.ts";
import { attachWorld } from "./world.ts";

/** A hub's outbound side in a process of its own: `argv` = database, node, point at which it kills itself ("" = never). */
const [url = "", nodeId = "", point = ""] = process.argv.slice(2);

if (point !== "")
  subscribe("linka:point", (name) => {
    if (name === point) process.kill(process.pid, "SIGKILL");
  });
// The parent's end of the pipe closes also when the parent is killed.
process.stdin.on("end", () => process.exit(0)).resume();

await startNode(attachWorld(url), {
  nodeId,
  connectors: [scripted({ kind: "talk" }), scripted({ kind: "safe", idempotent: true })],
  lease: { ttlMs: 3_000, renewMs: 500 },
});
process.stdout.write("started\n");
