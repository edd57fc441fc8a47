import type { SipCall, SipEvent, SipUa } from "../../../../connectors/phone/ports.ts";
import { openSwitchboard, type Switchboard } from "../../../../connectors/phone/sip/switchboard.ts";
import type { Listening, Proto } from "../../../../connectors/phone/sip/transport.ts";
import { openTrunk, type TrunkSettings, type TrunkState } from "../../../../connectors/phone/sip/trunk.ts";

/** A description both sides can speak; only its text matters here. */
export const sdp = (port = 4000, direction = "sendrecv"): string =>
  `v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 8\r\na=${direction}\r\n`;

/** The events of one call in their order, to be awaited. */
export const follow = (call: SipCall) => {
  const seen: SipEvent[] = [];
  const waiting = new Set<() => void>();
  call.onEvent((event) => {
    seen.push(event);
    for (const look of waiting) look();
  });
  return {
    seen,
    types: (): readonly string[] => seen.map(({ type }) => type),
    /** The next event of this type, also one that came already. */
    until: async <T extends SipEvent["type"]>(type: T): Promise<Extract<SipEvent, { type: T }>> => {
      for (;;) {
        const found = seen.find((event): event is Extract<SipEvent, { type: T }> => event.type === type);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          const look = (): void => {
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
        });
      }
    },
  };
};

export interface Side {
  readonly board: Switchboard;
  readonly ua: SipUa;
  readonly states: TrunkState[];
  /** The next call that comes in. */
  next(): Promise<SipCall>;
  readonly port: number;
  stop(): Promise<void>;
}

const settings: TrunkSettings = {
  id: "one",
  server: "",
  sources: () => true,
  accounts: new Map(),
  owns: () => true,
  trusted: true,
  most: 100,
  keepAliveMs: 60_000,
};

export const openSide = async (input: {
  readonly proto?: Proto;
  readonly host?: string;
  readonly listen?: readonly Listening[];
  readonly trunk?: Partial<TrunkSettings>;
  readonly tlsCa?: string;
}): Promise<Side> => {
  const proto = input.proto ?? "UDP";
  const listen = input.listen ?? [{ proto, host: input.host ?? "127.0.0.1", port: 0 }];
  const board = await openSwitchboard({ listen, tlsCa: input.tlsCa });
  const states: TrunkState[] = [];
  const ua = openTrunk({
    switchboard: board,
    settings: { ...settings, ...input.trunk },
    tell: (state) => void states.push(state),
  });
  const came: SipCall[] = [];
  const wanted: ((call: SipCall) => void)[] = [];
  ua.onCall((call) => {
    const take = wanted.shift();
    if (take === undefined) came.push(call);
    else take(call);
  });
  return {
    board,
    ua,
    states,
    next: () =>
      new Promise((resolve) => {
        const call = came.shift();
        if (call === undefined) wanted.push(resolve);
        else resolve(call);
      }),
    port: board.endpoint.bound[0]?.port ?? 0,
    stop: async () => {
      await ua.stop();
      await board.stop();
    },
  };
};

/** A call from one side to the other, answered. */
export const connected = async (from: Side, to: Side, target: string) => {
  const ours = from.ua.invite({ target, sdp: sdp(4000), from: { number: "+420777000001", display: "Jan Novák" } });
  const out = follow(ours);
  const theirs = await to.next();
  const inn = follow(theirs);
  theirs.ring();
  await out.until("ringing");
  theirs.accept(sdp(5000));
  await out.until("answered");
  await inn.until("confirmed");
  return { ours, theirs, out, inn };
};
