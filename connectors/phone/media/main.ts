import { constants, setPriority } from "node:os";
import { MediaGone } from "../ports.ts";
import { type Engine, makeEngine } from "./engine.ts";
import { asked, isMethod, order, type Report } from "./messages.ts";
import { endWeb } from "./web-leg.ts";

// A media process: moves audio, decides nothing. It lives exactly as long as the hub that started it.

/** How long recordings may take to be closed when the hub is gone, ms. */
const farewellMs = 3_000;

let engine: Engine | undefined;

const tell = (report: Report): void => {
  // Between the hub's death and our noticing it, nobody listens.
  if (process.connected) process.send?.(report, undefined, undefined, () => undefined);
};

const answer = async (id: number, method: string, takes: unknown): Promise<void> => {
  try {
    if (engine === undefined || !isMethod(method)) throw new Error("This media process does not know that question.");
    const given = asked[method].takes.parse(takes);
    const work: (given: never) => Promise<unknown> = engine[method];
    tell({ id, value: await work(given as never) });
  } catch (thrown) {
    const refused = thrown instanceof Error ? thrown.message : String(thrown);
    tell({ id, refused, gone: thrown instanceof MediaGone });
  }
};

const leave = async (): Promise<void> => {
  setTimeout(() => process.exit(1), farewellMs).unref();
  await engine?.close();
  endWeb();
  process.exit(0);
};

process.on("message", (message) => {
  const told = order.safeParse(message);
  if (!told.success) return tell({ warning: "A message of the hub could not be read." });
  if ("settings" in told.data) {
    engine = makeEngine({
      settings: told.data.settings,
      tell: (event) => {
        if (event.type !== "down") tell({ event });
      },
      warn: (warning) => tell({ warning }),
    });
    return tell({ ready: true });
  }
  void answer(told.data.id, told.data.method, told.data.takes);
});
process.on("disconnect", () => void leave());
// Ctrl-C reaches every process of the terminal: calls end when the hub says so, not before it.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

try {
  setPriority(constants.priority.PRIORITY_HIGH);
} catch {
  // Only an administrator may; without it a busy machine is heard sooner.
}
