import { readFile } from "node:fs/promises";
import {
  type Connection,
  type Connector,
  ConnectorError,
  type Hub,
  type Inbound,
  remoteId,
  threadKey,
} from "#contract";
import { loopback } from "../../connectors/loopback/index.ts";
import { sign, signatureHeader } from "../../connectors/loopback/receive.ts";
import { settings } from "../../connectors/loopback/settings.ts";

type Config = ReturnType<typeof settings.parse>;
interface Parts {
  readonly connection: Connection;
  readonly config: Config;
  readonly hub: Hub;
}

const { text: limit } = loopback.limits;
const never = (): Promise<never> => new Promise(() => {});
const fine = { name: "any", secret: "any secret will do here" };

/** Loopback with some methods of its connection replaced. */
const but = (change: (parts: Parts) => Partial<Connection>): Connector => ({
  ...loopback,
  open(account, hub) {
    const connection = loopback.open(account, hub);
    return { ...connection, ...change({ connection, hub, config: settings.parse(account.config) }) };
  },
});

/** Loopback on a hub that misunderstands it. */
const onHub = (change: (hub: Hub, account: { started: boolean; stopped: boolean }) => Partial<Hub>): Connector => ({
  ...loopback,
  open(account, hub) {
    const state = { started: false, stopped: false };
    const connection = loopback.open(account, { ...hub, ...change(hub, state) });
    return {
      ...connection,
      start(signal) {
        state.started = true;
        signal.addEventListener("abort", () => (state.stopped = true));
        return connection.start(signal);
      },
    };
  },
});

/** Loopback that reads messages wrongly, live and later alike. */
const reading = (change: (event: Inbound & { type: "message" }) => Inbound): Connector => {
  const wrong = (event: Inbound): Inbound => (event.type === "message" ? change(event) : event);
  const live = onHub((hub) => ({ receive: (event) => hub.receive(wrong(event)) }));
  return {
    ...live,
    open(account, hub) {
      const connection = live.open(account, hub);
      return { ...connection, reparse: async (raw) => ((await connection.reparse?.(raw)) ?? []).map(wrong) };
    },
  };
};

const failing = (change: (error: ConnectorError) => unknown): Connector =>
  but(({ connection }) => ({
    send: (message, signal) =>
      connection.send(message, signal).catch((thrown: unknown) => {
        throw change(ConnectorError.from(thrown));
      }),
  }));

const shortened = (wrongAt: (length: number) => number): Connector =>
  but(({ connection }) => ({
    send: (message, signal) =>
      connection.send({ ...message, text: message.text.slice(0, wrongAt(message.text.length)) }, signal),
  }));

/** One deliberately broken connector a rule. The suite must catch it with that rule and no other. */
export const twins: Readonly<Record<string, Connector>> = {
  "refuses bad settings before anything is opened": {
    ...loopback,
    open: (account, hub) =>
      loopback.open(settings.safeParse(account.config).success ? account : { ...account, config: fine }, hub),
  },
  "names every secret among its settings, so that it is encrypted and never shown": { ...loopback, secrets: [] },
  "names the settings that decide where its secrets are sent, so that stored ones are not lent to another server": {
    ...loopback,
    secretsGoTo: [],
  },
  "opens without touching network, disk or hub": but(() => {
    void readFile(import.meta.filename);
    return {};
  }),
  "comes online when started and stays until told to stop": but(({ connection }) => ({
    start: async (signal) => {
      void connection.start(signal);
    },
  })),
  "stops when told, also while the remote is away": but(({ connection }) => ({
    start: (signal) => connection.start(signal).then(never),
  })),
  "says that it is offline when the remote goes away, and comes back by itself": onHub((hub) => ({
    status: (status) => status.state !== "offline" && hub.status(status),
  })),
  "proves its settings honestly when the admin presses Test": but(() => ({
    probe: async () => ({ says: "All well." }),
  })),

  "delivers one send as one message": but(({ connection }) => ({
    send: async (message, signal) => {
      const sent = await connection.send(message, signal);
      await connection.send({ ...message, key: `${message.key}-once-more` }, signal);
      return sent;
    },
  })),
  "does not deliver twice what is sent again under the same key": but(({ connection }) => {
    let number = 0;
    return { send: (message, signal) => connection.send({ ...message, key: `own-${(number += 1)}` }, signal) };
  }),
  "names the reason when the channel refuses a message, and throws nothing but that": failing((error) =>
    error.code === "rejected" ? new Error(error.message) : error,
  ),
  "passes on how long the channel asks us to wait, and delivers afterwards": failing((error) =>
    error.code === "rate-limited" ? new ConnectorError("rate-limited", error.message) : error,
  ),
  "delivers a text as long as its limit whole": shortened((length) => (length === limit ? length - 1 : length)),
  "never cuts a longer text in silence": shortened((length) => Math.min(length, limit)),
  "sends nothing once the hub has given up on it": but(({ connection }) => ({
    send: (message, signal) => connection.send(message, signal.aborted ? new AbortController().signal : signal),
  })),
  "says that it does not know when the message went out and no answer came": failing((error) =>
    error.code === "uncertain" ? new ConnectorError("unreachable", error.message) : error,
  ),
  "delivers a file to the customer byte for byte": but(({ connection }) => ({
    send: (message, signal) => connection.send({ ...message, attachments: [] }, signal),
  })),

  "changes the message at the customer when the agent edits it": but(() => ({ edit: async () => {} })),
  "takes the message away from the customer when the agent removes it": but(() => ({ remove: async () => {} })),
  "shows the agent's reaction to the customer": but(() => ({ react: async () => {} })),

  "brings what a customer writes, with who wrote it, when, and the bytes it came in": reading((event) => ({
    ...event,
    sentAt: new Date(Number.NaN),
  })),
  "does not acknowledge what the hub could not store: it comes again": onHub((hub) => ({
    receive: (event) => hub.receive(event).catch(() => {}),
  })),
  "misses nothing that was written while the hub was down": onHub((hub, account) => ({
    receive: async (event) => {
      if (!account.stopped) await hub.receive(event);
    },
  })),
  "gives a message that arrives twice the same id": onHub((hub) => {
    const seen = new Map<string, number>();
    return {
      receive(event) {
        if (event.type !== "message") return hub.receive(event);
        const times = seen.get(event.id) ?? 0;
        seen.set(event.id, times + 1);
        return hub.receive(times === 0 ? event : { ...event, id: remoteId(`${event.id}-${times}`) });
      },
    };
  }),
  "never takes our own words for the customer's": reading((event) => ({ ...event, own: false })),
  "leads an answer back to the customer who wrote": reading((event) => ({
    ...event,
    thread: threadKey(event.thread.replace(/\/.*/, "/everybody")),
  })),
  "keeps the threads of one customer on two accounts apart": (() => {
    const shared = reading((event) => ({ ...event, thread: threadKey(event.thread.replace(/.*\//, "")) }));
    return {
      ...shared,
      open(account, hub) {
        const connection = shared.open(account, hub);
        const { name } = settings.parse(account.config);
        const whole = (thread: string) => threadKey(thread.includes("/") ? thread : `${name}/${thread}`);
        return {
          ...connection,
          send: (message, signal) => connection.send({ ...message, thread: whole(message.thread) }, signal),
        };
      },
    } satisfies Connector;
  })(),
  "brings a customer's file byte for byte": reading((event) => ({ ...event, attachments: [] })),

  "reads every recorded sample": but(({ connection }) => ({
    reparse: async (raw) => (Buffer.from(raw).includes("m-1001") ? [] : ((await connection.reparse?.(raw)) ?? [])),
  })),
  "reads stored bytes again exactly as it read them live": but(({ connection }) => ({
    reparse: async (raw) =>
      ((await connection.reparse?.(raw)) ?? []).map((event) =>
        event.type === "message" ? { ...event, text: event.text.trimEnd().slice(0, -1) } : event,
      ),
  })),

  "believes a genuine webhook": onHub((hub, account) => ({
    receive: async (event) => {
      if (account.started || event.type !== "message") await hub.receive(event);
    },
  })),
  "refuses a forged webhook with 401 and stores nothing of it": but(({ connection, config }) => ({
    webhook: async (request) => {
      const headers = new Headers({ [signatureHeader]: sign(config.secret, request.body) });
      return (await connection.webhook?.({ ...request, headers })) ?? { status: 500 };
    },
  })),
  "takes a genuine webhook it cannot read and keeps it for later, so that the channel does not block": onHub((hub) => ({
    receive: async (event) => {
      if (event.type !== "unparsed") await hub.receive(event);
    },
  })),
  "lets no secret into a log line, an error, a status or a webhook's answer": but(({ connection, config, hub }) => ({
    send: (message, signal) => {
      hub.log.info("sending", { account: { config } });
      return connection.send(message, signal);
    },
  })),
};
