import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { connected, follow, openSide, sdp, type Side } from "./pair.ts";

const open: { stop(): Promise<unknown> }[] = [];
const side = async (input: Parameters<typeof openSide>[0] = {}): Promise<Side> => {
  const made = await openSide(input);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

/** Two thousand INVITEs a second from another address of this machine, in the manner of a scanner; tells what it heard. */
const flooder = `
const { createSocket } = require("node:dgram");
const { parentPort, workerData } = require("node:worker_threads");
const socket = createSocket("udp4");
let heard = 0;
let sent = 0;
socket.on("message", () => { heard += 1; });
socket.bind(0, "127.0.0.2", () => {
  const began = performance.now();
  const timer = setInterval(() => {
    const due = (performance.now() - began) * 2;
    for (; sent < due; sent += 1) {
      const text = "INVITE sip:100@127.0.0.1 SIP/2.0\\r\\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bK" + sent +
        "\\r\\nFrom: <sip:100@1.1.1.1>;tag=" + sent + "\\r\\nTo: <sip:100@1.1.1.1>\\r\\nCall-ID: " + sent +
        "\\r\\nCSeq: 1 INVITE\\r\\nContact: <sip:100@127.0.0.2>\\r\\nContent-Length: 0\\r\\n\\r\\n";
      socket.send(text, workerData.port, "127.0.0.1");
    }
  }, 5);
  parentPort.once("message", () => {
    clearInterval(timer);
    parentPort.postMessage({ heard, sent });
    socket.close();
    parentPort.close();
  });
});`;

test(
  "a scanner's flood hears nothing, and calls of the operator are set up and ended meanwhile",
  { timeout: 60_000 },
  async () => {
    const hub = await side({ trunk: { sources: (host) => host === "127.0.0.1" } });
    const operator = await side();
    const flood = new Worker(flooder, { eval: true, workerData: { port: hub.port } });
    open.push({ stop: () => flood.terminate() });
    await expect.poll(() => hub.board.guard.stats().refused, { timeout: 20_000 }).toBeGreaterThan(500);
    for (let calls = 0; calls < 15; calls += 1) {
      const { ours, inn, out } = await connected(operator, hub, `sip:800@127.0.0.1:${hub.port}`);
      ours.hangup();
      await inn.until("ended");
      expect(out.types()).not.toContain("failed");
    }
    const told = new Promise<{ heard: number; sent: number }>((resolve) => flood.once("message", resolve));
    flood.postMessage("stop", []);
    const { heard, sent } = await told;
    expect(heard).toBe(0);
    expect(hub.board.guard.stats().refused).toBeGreaterThan(sent / 2);
  },
);

test("a stranger is not even told that there is a phone here", async () => {
  const hub = await side({ trunk: { sources: () => false } });
  const stranger = await side();
  const out = follow(
    stranger.ua.invite({ target: `sip:800@127.0.0.1:${hub.port}`, sdp: sdp(), from: { number: "1" } }),
  );
  await expect.poll(() => hub.board.guard.stats().sources, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(out.seen).toEqual([]);
});
