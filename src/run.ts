import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { pino } from "pino";
import { connectors } from "#connectors";
import { readConfig } from "#config";
import { startHub } from "./hub.ts";
import { explainStart } from "./preflight.ts";

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const start = async (): Promise<void> => {
  const config = readConfig();
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  // A rejection nobody awaited is a fault of the program: better to stop and be started again than to go on half dead.
  process.on("unhandledRejection", (reason) => {
    log.fatal({ err: reason }, "unhandled rejection");
    process.exit(70);
  });
  const starting = startHub({
    config,
    connectors,
    log,
    nodeId: randomUUID(),
    dist: join(import.meta.dirname, "../dist"),
    say,
    onDatabaseEnd: () => {
      log.fatal({}, "the embedded PostgreSQL ended");
      process.exit(69);
    },
  });

  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // A second Ctrl-C means it.
    if (stopping) process.exit(130);
    stopping = true;
    say(`${signal}: stopping`);
    // A start that fails is told by whoever awaits it.
    starting.then(
      (hub) =>
        hub.stop().then(
          () => process.exit(0),
          (error: unknown) => {
            log.error({ err: error }, "the hub did not stop cleanly");
            process.exit(1);
          },
        ),
      () => undefined,
    );
  };
  // Before the hub is there: a signal during the start must not leave its PostgreSQL running.
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);

  const hub = await starting;
  if (stopping) return;
  say(`Linka is ready on ${hub.url}`);
  for (const line of hub.hints) say(line);
};

/** Reads the configuration, starts the hub, says where it is, and stops it on a signal. */
export const run = async (): Promise<void> => {
  try {
    await start();
  } catch (error) {
    const told = explainStart(error);
    const lines = told ?? [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    for (const line of lines) process.stderr.write(`${line}\n`);
    process.exit(1);
  }
};
