import path from "node:path";
import { type CallDesk, type Calls, ConnectorError, defineConnector, type Hub, type Peer } from "#contract";
import { openDesks } from "./desks.ts";
import { makeExchange } from "./exchange.ts";
import { openLedger, settleLeft } from "./ledger.ts";
import { leftBehind } from "./media/index.ts";
import { openOffice } from "./office.ts";
import { recover } from "./recover.ts";
import { type Settings, settings } from "./settings.ts";
import { openWebCalls, type WebCalls } from "./web-calls.ts";
import { networks } from "./sip/guard.ts";
import type { Listening } from "./sip/transport.ts";
import { tryTrunk } from "./sip/probe.ts";
import { inWords, openTrunk, type TrunkState } from "./sip/trunk.ts";
import { noticeVersion, openLines } from "./lines.ts";

/** What the phone accounts of this hub share. */
const exchange = makeExchange();

const listening = (config: Settings): readonly Listening[] => {
  const { listenHost: host, listenPort: port, tlsKey, tlsCert } = config;
  return [
    { proto: "UDP", host, port },
    { proto: "TCP", host, port },
    ...(tlsKey !== "" && tlsCert !== ""
      ? [{ proto: "TLS" as const, host, port: port === 0 ? 0 : port + 1, tls: { key: tlsKey, cert: tlsCert } }]
      : []),
  ];
};

const sipAddress = (host: string, transport: Settings["transport"]): string =>
  host === "" ? "" : `sip:${host}${transport === "udp" ? "" : `;transport=${transport}`}`;

const tellStatus =
  (hub: Hub) =>
  (state: TrunkState): void => {
    if (state.state === "connecting" || state.state === "online") return hub.status({ state: state.state });
    const { reason, retryInMs } = state;
    if (state.state === "refused") return hub.status({ state: "needs-login", reason });
    hub.status({ state: "offline", reason, ...(retryInMs !== undefined && { retryInMs }) });
  };

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

const askAgainMs = 15_000;

/** Whether the company promised anonymity, known at the moment a call comes in. What cannot be asked stays as it was. */
const anonymity = async (hub: Hub) => {
  let anonymous = (await hub.calls?.anonymous()) ?? false;
  const look = async (): Promise<void> => {
    anonymous = (await hub.calls?.anonymous()) ?? false;
  };
  const timer = setInterval(() => void look().catch(() => undefined), askAgainMs);
  return { anonymous: () => anonymous, stop: async () => clearInterval(timer) };
};

/** Calls over a SIP trunk or PBX, answered by agents in their browsers. */
export const phone = defineConnector({
  kind: "phone",
  title: "Phone",
  config: settings,
  secrets: ["password", "phonePassword", "tlsKey"],
  secretsGoTo: ["server", "proxy", "transport"],
  address: ({ numbers, callerId }) => callerId || (numbers[0]?.split(" ")[0] ?? ""),
  limits: { text: 0, attachments: false, replyWindowHours: false, subject: false },
  forOperators: true,
  open(account, hub) {
    const { config } = account;
    let desks: Calls | undefined;
    let web: WebCalls | undefined;

    const running = (): Calls => {
      if (desks === undefined) throw new ConnectorError("unreachable", "The phone line is not running.");
      return desks;
    };

    const start = async (signal: AbortSignal): Promise<void> => {
      hub.status({ state: "connecting" });
      const recordings = path.join(await hub.folder(), "recordings");
      const bind = config.listenHost;
      const first = exchange.running() === undefined;
      const kept = first ? await leftBehind(recordings) : [];
      exchange.enter();
      const media = await exchange.media(
        {
          bind,
          advertise: config.publicHost || (bind === "0.0.0.0" || bind === "::" ? "127.0.0.1" : bind),
          from: config.rtpFrom,
          to: config.rtpTo,
          webPort: config.webPort,
          recordings,
        },
        hub.log,
      );
      const stops: (() => Promise<void>)[] = [() => exchange.leave()];
      try {
        const board = await exchange.board(listening(config), config.publicHost || undefined);
        stops.push(() => board.stop());
        const ledger = openLedger(hub);
        const left = await ledger.left();
        await settleLeft({
          left,
          store: hub.calls,
          at: hub.now().getTime(),
          warn: (text, fields) => hub.log.warn(text, fields),
        });
        await recover({ left, kept, hub });
        await ledger.clear();
        const lines = openLines(config);
        const notice = { text: config.notice, language: config.language };
        const speaks =
          config.notice !== "" &&
          (await exchange.prompt(media, `${config.language}:${noticeVersion(config.notice)}`, notice, hub.log));
        const promise = await anonymity(hub);
        stops.push(promise.stop);
        const ua = openTrunk({
          switchboard: board,
          settings: {
            id: account.id,
            server: sipAddress(config.server, config.transport),
            proxy: config.proxy === "" ? undefined : sipAddress(config.proxy, config.transport),
            credentials: config.user === "" ? undefined : { user: config.user, password: config.password },
            register: config.register ? 300 : undefined,
            sources: networks(config.sources),
            accounts: new Map(config.phoneUser === "" ? [] : [[config.phoneUser, config.phonePassword]]),
            owns: lines.owns,
            trusted: true,
            most: config.maxCalls,
            keepAliveMs: config.keepAliveSeconds * 1_000,
          },
          tell: tellStatus(hub),
        });
        stops.push(() => ua.stop());
        const office = openOffice({ account, hub, exchange, media, ua, speaks, ledger, anonymous: promise.anonymous });
        stops.push(() => office.close());
        desks = openDesks({ accountId: account.id, exchange, media, office });
        web = openWebCalls({
          media,
          srtp: config.srtp,
          now: () => hub.now().getTime(),
          take: office.take,
          free: () => office.cases.size < config.maxCalls,
        });
        await aborted(signal);
      } finally {
        desks = undefined;
        const ended = web;
        web = undefined;
        ended?.stop();
        for (const stop of stops.toReversed()) await stop();
      }
    };

    return {
      start,
      probe: async (signal) => {
        if (config.server === "") return { says: "Calls only come in: there is no trunk to try." };
        const { status, reason } = await tryTrunk({
          server: sipAddress(config.server, config.transport),
          proxy: config.proxy === "" ? undefined : sipAddress(config.proxy, config.transport),
          credentials: config.user === "" ? undefined : { user: config.user, password: config.password },
          register: config.register,
          listenHost: config.listenHost,
          signal: AbortSignal.any([signal, AbortSignal.timeout(8_000)]),
        });
        const refused = status === 401 || status === 403 || status === 407;
        if (refused) throw new ConnectorError("auth", inWords(status, reason));
        if (status === 408 || status === 503) throw new ConnectorError("unreachable", inWords(status, reason));
        if (config.register && status >= 300) throw new ConnectorError("rejected", inWords(status, reason));
        return { says: config.register ? "The trunk accepts the user name and password." : "The trunk answers." };
      },
      send: () => Promise.reject(new ConnectorError("unsupported", "A call is answered by speaking, not by writing.")),
      ...(config.webCalls && {
        peer: (peer: Peer) => (web === undefined ? peer.close("the line is not running") : web.serve(peer)),
      }),
      calls: {
        attach: (desk: CallDesk) => running().attach(desk),
        detach: (desk: CallDesk) => desks?.detach(desk),
        has: (callId: string) => desks?.has(callId) ?? false,
        ask: (desk: CallDesk, question: string, takes: unknown) => running().ask(desk, question, takes),
      },
    };
  },
});
