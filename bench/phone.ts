import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { startMedia } from "../connectors/phone/media/index.ts";
import type { MediaEvent } from "../connectors/phone/ports.ts";
import type { Order, Reply } from "./lib/phoneServer.ts";

/**
 * `npm run bench:phone [-- --quick] [-- --seconds N] [-- --calls N]`: what forwarding and recording calls costs the
 * media process, and what it adds to a packet's way. The last line is one JSON object; exit code 1 when not ok.
 */
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    seconds: { type: "string" },
    calls: { type: "string" },
  },
});
const seconds = Number(values.seconds ?? (values.quick ? 5 : 20));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** CPU seconds of all threads of a process so far (proc(5): fields 14 and 15, in hundredths). */
const cpuOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1_024;

interface Figures {
  readonly calls: number;
  readonly lost: number;
  readonly cpuPerPacketUs: number;
  readonly cpuPercent: number;
  readonly callsPerCore: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly recordingDriftMs: number;
  readonly memoryMb: number;
}

/** So many calls at once, bridged both ways and recorded; "web" = the agent's side is WebRTC. */
const measure = async (kind: "rtp" | "web", calls: number): Promise<Figures> => {
  const dir = await mkdtemp(path.join(os.tmpdir(), "linka-bench-phone-"));
  const media = await startMedia({
    settings: {
      v4: { bind: "127.0.0.1", advertise: "127.0.0.1" },
      v6: undefined,
      ports: { from: 32_000, to: 39_998 },
      web: { bind: "127.0.0.1", port: undefined, advertise: undefined, iceServers: [] },
      recordings: dir,
    },
    log: { warn: say },
  });
  const generator = fork(new URL("lib/phoneServer.ts", import.meta.url), { serialization: "advanced", execArgv: [] });
  const ask = async (order: Order): Promise<Reply> => {
    generator.send(order);
    const [reply] = (await once(generator, "message")) as [Reply];
    return reply;
  };
  const recorded: Extract<MediaEvent, { type: "recorded" }>[] = [];
  const connected = new Set<string>();
  media.onEvent((event) => {
    if (event.type === "recorded") recorded.push(event);
    if (event.type === "legState" && event.state === "connected") connected.add(event.leg);
  });
  const trunk = async (leg: string): Promise<void> => {
    const { port } = await media.openTrunkLeg({ leg, family: 4 });
    const opened = await ask({ open: "rtp" });
    if (!("port" in opened)) throw new Error("The generator opened no socket.");
    await ask({ connect: opened.end, port });
    const audio = { host: "127.0.0.1", port: opened.port, law: "PCMA", events: 101, direction: "sendrecv" } as const;
    await media.connectTrunkLeg({ leg, audio: { ...audio, srtp: undefined } });
  };
  const web = async (leg: string): Promise<void> => {
    const opened = await ask({ open: "web", offer: (await media.openWebLeg({ leg })).sdp });
    if (!("answer" in opened)) throw new Error("The generator gave no answer.");
    await media.connectWebLeg({ leg, sdp: opened.answer });
  };
  const patiently = async (what: string, fits: () => boolean): Promise<void> => {
    for (const end = Date.now() + 60_000; !fits(); await new Promise((done) => setTimeout(done, 50)))
      if (Date.now() > end) throw new Error(`Waited a minute for ${what}.`);
  };
  try {
    for (let call = 0; call < calls; call++) {
      await trunk(`caller-${call}`);
      await (kind === "rtp" ? trunk : web)(`agent-${call}`);
      await media.hear({ leg: `caller-${call}`, from: [`agent-${call}`] });
      await media.hear({ leg: `agent-${call}`, from: [`caller-${call}`] });
    }
    if (kind === "web") await patiently("the browsers", () => connected.size === calls);
    const pid = media.pid()!;
    await ask({ run: 1 });
    const spans = new Map<string, number>();
    for (let call = 0; call < calls; call++) {
      await media.startRecording({ recording: `call-${call}`, leg: `caller-${call}` });
      spans.set(`call-${call}`, -performance.now());
    }
    const before = cpuOf(pid);
    const began = performance.now();
    const reply = await ask({ run: seconds });
    if (!("done" in reply)) throw new Error("The generator did not run.");
    const took = (performance.now() - began) / 1_000;
    const cpu = cpuOf(pid) - before;
    const memoryMb = memoryOf(pid);
    for (let call = 0; call < calls; call++) {
      spans.set(`call-${call}`, spans.get(`call-${call}`)! + performance.now());
      await media.stopRecording(`call-${call}`);
    }
    await patiently("the recordings", () => recorded.length === calls);
    const { sent, received, p50Ms, p99Ms } = reply.done;
    const cpuPerPacketUs = (cpu * 1e6) / received;
    return {
      calls,
      lost: sent - received,
      cpuPerPacketUs: Math.round(cpuPerPacketUs * 10) / 10,
      cpuPercent: Math.round((cpu / took) * 1_000) / 10,
      callsPerCore: Math.floor(1e6 / (cpuPerPacketUs * 100)),
      p50Ms,
      p99Ms,
      // A recording is as long as it ran: what differs is what its clock lost.
      recordingDriftMs: Math.round(
        Math.max(...recorded.map(({ ms, recording }) => Math.abs(ms - spans.get(recording)!))),
      ),
      memoryMb: Math.round(memoryMb),
    };
  } finally {
    generator.disconnect();
    await media.stop();
    await rm(dir, { recursive: true, force: true });
  }
};

const steps = values.calls !== undefined ? [Number(values.calls)] : values.quick ? [20] : [20, 60, 100, 150];
const figures: Record<string, number> = {};
let lost = 0;
for (const kind of ["rtp", "web"] as const) {
  let most = 0;
  for (const calls of steps) {
    const one = await measure(kind, calls);
    say(`${kind} ${JSON.stringify(one)}`);
    if (one.lost === 0) most = calls;
    if (calls === steps[0]) lost += one.lost;
    figures[`${kind}_${calls}_cpu_per_packet_us`] = one.cpuPerPacketUs;
    figures[`${kind}_${calls}_cpu_percent`] = one.cpuPercent;
    figures[`${kind}_${calls}_calls_per_core`] = one.callsPerCore;
    figures[`${kind}_${calls}_way_p50_ms`] = one.p50Ms;
    figures[`${kind}_${calls}_way_p99_ms`] = one.p99Ms;
    figures[`${kind}_${calls}_lost_packets`] = one.lost;
    figures[`${kind}_${calls}_memory_mb`] = one.memoryMb;
  }
  figures[`${kind}_calls_without_loss`] = most;
}
// A quick run judges what must always hold; speed depends on the machine and is read from the figures.
const ok = lost === 0;
say(JSON.stringify({ name: "phone", quick: values.quick, lost, ...figures, ok }));
process.exit(ok ? 0 : 1);
