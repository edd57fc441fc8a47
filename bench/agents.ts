import { benchHub, signed } from "./lib/hub.ts";
import { type Desk, openDesk } from "./lib/desk.ts";
import { openLoop } from "./lib/load.ts";
import { cpuTreeMs, now, quantile, round, rssMb } from "./lib/stats.ts";
import type { Workload } from "./lib/workload.ts";

const perRoom = 20;

/** Waits until `done` holds or the time is over; polls, because frames arrive on 1,500 sockets. */
const until = async (done: () => boolean, withinMs: number): Promise<void> => {
  const end = now() + withinMs;
  while (!done() && now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** B3: agents in rooms of 20, open loop, from the POST to every agent of the room. */
export const agents: Workload = async ({ quick, say }) => {
  const count = quick ? 300 : 1500;
  const queues = count / perRoom;
  const hub = await benchHub({ queues, agents: count });
  const desks: Desk[] = [];
  try {
    const sentAt = new Map<string, number>();
    const latencies: number[] = [];
    const seen = new Map<number, Map<string, number>>();
    const idle = rssMb(hub.pid);
    for (let i = 0; i < count; i++) {
      const lastSeq = new Map<string, number>();
      seen.set(i, lastSeq);
      desks.push(
        await openDesk({
          url: hub.url,
          cookie: hub.cookies[i] ?? "",
          onFrame: (frame) => {
            const at = now();
            const { changes } = (
              JSON.parse(frame.slice(2)) as [
                string,
                { changes: { row: { id: string; lastSeq: number; preview: string } }[] },
              ]
            )[1];
            for (const { row } of changes) {
              lastSeq.set(row.id, Math.max(lastSeq.get(row.id) ?? 0, row.lastSeq));
              const sent = sentAt.get(row.preview.slice(0, row.preview.indexOf(" ")));
              if (sent !== undefined) latencies.push(at - sent);
            }
          },
        }),
      );
    }
    const loaded = rssMb(hub.pid);
    const kbPerAgent = ((loaded - idle) * 1024) / count;
    let n = 0;
    const next = () => {
      const queue = n % queues;
      const id = `#a${n++}`;
      const body = JSON.stringify({
        messages: [
          {
            id: `${hub.tag}-${id}`,
            thread: `t-${queue}-${n % 50}`,
            from: { id: `c-${queue}-${n % 50}`, name: "Zákazník" },
            text: `${id} Dobrý den, kde je moje zásilka?`,
            at: new Date().toISOString(),
          },
        ],
      });
      sentAt.set(id, now());
      return { path: hub.hookPaths[queue] ?? "", body, headers: signed({ secret: hub.hookSecret, body }) };
    };
    const received = (): number => {
      let sum = 0;
      for (const desk of seen.values()) for (const lastSeq of desk.values()) sum += lastSeq;
      return sum;
    };
    await openLoop({ port: hub.port, perSec: 50, forMs: 2000, next });
    const warm = n;
    await until(() => received() >= warm * perRoom, 20_000);
    latencies.length = 0;
    const cpu = cpuTreeMs(hub.pid);
    const started = now();
    const perSec = quick ? 60 : 300;
    const load = await openLoop({ port: hub.port, perSec, forMs: quick ? 4000 : 10_000, next });
    const wall = now() - started;
    const expected = n * perRoom;
    await until(() => received() >= expected, 20_000);
    const missing = expected - received();
    const figures = {
      agents: count,
      agentPerSec: perSec,
      agentP50Ms: round(quantile(latencies, 0.5)),
      agentP95Ms: round(quantile(latencies, 0.95)),
      agentP99Ms: round(quantile(latencies, 0.99)),
      agentAckP99Ms: round(quantile(load.latenciesMs, 0.99)),
      agentUndelivered: missing,
      agentCoreShare: round((cpuTreeMs(hub.pid) - cpu) / wall),
      kbPerAgent: round(kbPerAgent, 1),
      agentRssMb: round(rssMb(hub.pid), 0),
    };
    say(JSON.stringify(figures));
    return {
      figures,
      targets: [
        { name: "agentUndelivered", value: missing, atMost: 0, kind: "truth" },
        { name: "agentP50Ms", value: figures.agentP50Ms, atMost: 5, kind: "speed" },
        { name: "agentP99Ms", value: figures.agentP99Ms, atMost: 25, kind: "speed" },
        { name: "kbPerAgent", value: figures.kbPerAgent, atMost: 35, kind: "speed" },
      ],
    };
  } finally {
    for (const desk of desks) desk.close();
    await hub.stop();
  }
};
