import type { Config } from "#config";
import type { Connector } from "#contract";
import type { Logger } from "pino";
import { type Commands, makeCommands } from "#runtime/commands";
import type { Machine } from "#runtime/connector-hub";
import { startFetcher } from "#runtime/fetch";
import { startJournal } from "#runtime/journal";
import { startOutbox } from "#runtime/outbox";
import { startSupervisor, type Supervisor } from "#runtime/supervisor";
import { startTail } from "#runtime/tail";
import { makeAcknowledger } from "#runtime/acknowledge";
import { retention } from "#runtime/retention";
import { startTimers } from "#runtime/timers";
import { watchedJournal } from "#runtime/watched";
import { makeMetrics } from "#server/metrics";
import { createPublisher } from "./server/live/publisher.ts";
import { startServer } from "#server/index";
import { startMailPort } from "#server/mail";
import { openDatabase } from "#store/db";
import { openFiles } from "#store/files";
import { makeFileLinks } from "#store/links";
import { openPrisma } from "#store/prisma";
import { transcript } from "#store/transcript";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { migrate } from "../prisma/migrate.ts";
import { firstStart } from "./firstStart.ts";
import { startPostgres } from "./postgres/index.ts";
import { checkDataDir, checkDatabase } from "./preflight.ts";
import { loadSecret, openSecrets } from "./secrets.ts";
import { readVersion } from "./version.ts";

export interface RunningHub {
  readonly url: string;
  /** Lines for the person who started it: where to go, how to log in. */
  readonly hints: readonly string[];
  /** Stops the parts in reverse; everything accepted is on disk when it resolves. */
  stop(): Promise<void>;
}

/** Stops what was started, last first, also when the start fails halfway. One part that fails does not keep the others. */
const stopper = (log: Logger): { add(name: string, stop: () => Promise<void>): void; all(): Promise<void> } => {
  const parts: { name: string; stop: () => Promise<void> }[] = [];
  return {
    add: (name, stop) => parts.push({ name, stop }),
    all: async () => {
      for (const part of parts.toReversed()) {
        await part.stop().catch((error: unknown) => log.error({ err: error, part: part.name }, "did not stop cleanly"));
      }
    },
  };
};

/** Builds the parts in order and connects them; the only place that knows them all. */
export const startHub = async (input: {
  readonly config: Config;
  readonly connectors: readonly Connector[];
  readonly log: Logger;
  readonly nodeId: string;
  readonly dist: string;
  readonly say: (line: string) => void;
  readonly onDatabaseEnd: () => void;
}): Promise<RunningHub> => {
  const { config, connectors, log, nodeId } = input;
  const now = (): Date => new Date();
  const stops = stopper(log);
  try {
    await checkDataDir({ dataDir: config.dataDir });
    const secrets = openSecrets({
      secret: await loadSecret({
        dataDir: config.dataDir,
        ...(config.secret !== undefined && { secret: config.secret }),
      }),
    });
    const databaseUrl = config.databaseUrl ?? (await embedded(input, (name, stop) => stops.add(name, stop)));
    await checkDatabase({ databaseUrl });
    await migrate({ databaseUrl });

    const db = openDatabase({ url: databaseUrl, max: 12, log });
    stops.add("database", () => db.end());
    const prisma = openPrisma({ pool: db.pool });
    const files = openFiles({ dir: join(config.dataDir, "files") });
    const links = makeFileLinks({ secrets, now });
    const late = createPublisher();
    const tail = await startTail({ db, publisher: late.publisher, nodeId, log, now });
    stops.add("tail", () => tail.stop());
    const { publisher } = tail;

    const limits = (kind: string) => connectors.find((connector) => connector.kind === kind)?.limits;
    const running: { supervisor?: Supervisor } = {};
    const connection = (accountId: string) => running.supervisor?.connection(accountId);
    const fetcher = startFetcher({ db, files, publisher, log, now });
    stops.add("fetcher", () => fetcher.stop());
    const watched = fetcher.watching(publisher);
    const journal = startJournal({ db, files, secrets, publisher: watched, log, now, limits, connection });
    stops.add("journal", () => journal.stop());
    await journal.drain();
    const outbox = startOutbox({ db, files, publisher, log, now });
    stops.add("outbox", () => outbox.stop());
    const commandsAt = (clock: () => Date): Commands =>
      makeCommands({
        db,
        publisher,
        outbox,
        secrets,
        log,
        now: clock,
        limits,
        connection: (id) => supervisor.connection(id),
      });
    const metrics = makeMetrics();
    const supervisor = await startSupervisor({
      db,
      files,
      connectors,
      journal: watchedJournal(journal, (arrival) => metrics.arrival(arrival)),
      outbox,
      fetcher,
      secrets,
      publisher,
      log,
      now,
      nodeId,
      machine: machineOf(config),
      transcript: ({ account, thread, page }) =>
        transcript({
          db,
          tenantId: account.tenantId,
          accountId: account.id,
          thread,
          page,
          fileUrl: (file) => links.sign(file),
        }),
    });
    running.supervisor = supervisor;
    stops.add("supervisor", () => supervisor.stop());
    const acknowledges = makeAcknowledger({ db, publisher, outbox, secrets, log, now });
    const timers = startTimers({
      db,
      publisher,
      log,
      now,
      nodeId,
      also: [acknowledges, retention({ db, files, now })],
    });
    stops.add("timers", () => timers.stop());

    const server = await startServer({
      config,
      db,
      prisma,
      files,
      links,
      secrets,
      commands: commandsAt(now),
      supervisor,
      journal,
      metrics,
      connectors,
      publisher: { publisher, bind: (target) => late.bind(target) },
      settled: () => tail.settled(),
      log,
      now,
      version: await readVersion(),
      dist: input.dist,
    });
    stops.add("server", () => server.stop());
    if (config.mail !== undefined) {
      const mail = await startMailPort({ config: config.mail, supervisor, log });
      stops.add("mail port", () => mail.stop());
    }
    const hints = await firstStart({
      config,
      db,
      secrets,
      connectors,
      supervisor,
      commandsAt: (at) => commandsAt(() => at),
      log,
      now,
      say: input.say,
      url: server.url,
    });
    return { url: server.url, hints, stop: () => stops.all() };
  } catch (error) {
    await stops.all();
    throw error;
  }
};

const machineOf = (config: Config): Machine => ({
  folder: async (accountId) => {
    const folder = join(config.dataDir, "accounts", accountId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  },
  browser: { ...(config.chromiumPath !== undefined && { path: config.chromiumPath }), flags: config.chromiumFlags },
});

const embedded = async (
  input: { readonly config: Config; readonly log: Logger; readonly onDatabaseEnd: () => void },
  add: (name: string, stop: () => Promise<void>) => void,
): Promise<string> => {
  const postgres = await startPostgres({
    dataDir: input.config.dataDir,
    log: {
      debug: (text: string) => input.log.debug({}, text),
      info: (text: string) => input.log.info({}, text),
      warn: (text: string) => input.log.warn({}, text),
    },
  });
  let asked = false;
  add("postgres", () => {
    asked = true;
    return postgres.stop();
  });
  void postgres.exited.finally(() => {
    if (!asked) input.onDatabaseEnd();
  });
  return postgres.url;
};
