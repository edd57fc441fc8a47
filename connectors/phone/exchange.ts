import { isIP } from "node:net";
import { type Agents, openAgents } from "./control/agents.ts";
import type { Run } from "./control/run.ts";
import { startMedia } from "./media/index.ts";
import type { MediaEvent, MediaPort, PromptSource } from "./ports.ts";
import { openSwitchboard, type Switchboard } from "./sip/switchboard.ts";
import type { Listening } from "./sip/transport.ts";

interface Log {
  warn(text: string, fields?: object): void;
}

export interface MediaWishes {
  /** What sockets are bound to, and what is written into descriptions. */
  readonly bind: string;
  readonly advertise: string;
  readonly from: number;
  readonly to: number;
  /** One UDP port for the audio of all browsers; 0 = any free ones. */
  readonly webPort: number;
  readonly recordings: string;
}

/** A running call with the account it belongs to. */
export interface Filed {
  readonly accountId: string;
  readonly run: Run;
  readonly recorded: (event: Extract<MediaEvent, { type: "recorded" }>) => void;
}

/**
 * What the phone accounts of one hub share: the media process, the sockets of equal addresses, the agents. Opened by
 * the first account that starts, closed by the last that ends.
 */
export const makeExchange = () => {
  const calls = new Map<string, Filed>();
  const boards = new Map<string, { readonly board: Promise<Switchboard>; users: number }>();
  const prompts = new Map<string, Promise<boolean>>();
  let agents: Agents | undefined;
  let media: Promise<MediaPort> | undefined;
  let users = 0;

  const theAgents = (): Agents => (agents ??= openAgents({ now: () => Date.now() }));

  const onMedia = (event: MediaEvent): void => {
    switch (event.type) {
      case "digit": {
        const { digit, durationMs } = event;
        for (const { run } of calls.values())
          if (run.legOfCustomer === event.leg) run.give({ type: "digit", digit, via: "rfc4733", durationMs });
        return;
      }
      case "recorded":
        for (const filed of calls.values()) if (filed.run.recordings.includes(event.recording)) filed.recorded(event);
        return;
      case "legState":
        return onWebLeg(event.leg, event.state === "connected");
      case "down":
        for (const leg of event.legs) if (leg.startsWith("web:")) onWebLeg(leg, false);
        for (const { run } of calls.values())
          if (event.legs.includes(run.legOfCustomer)) run.give({ type: "mediaDown" });
        return;
      case "silent":
      case "recordingFailed":
        return;
      default:
        return event satisfies never;
    }
  };

  /** An agent's audio came or went. */
  const onWebLeg = (leg: string, connected: boolean): void => {
    for (const agent of theAgents().all()) {
      if (agent.leg !== leg || agent.connected === connected) continue;
      agent.connected = connected;
      agent.desk?.tell("phone.media", { state: connected ? "connected" : "lost" });
      const call = agent.busy === undefined ? undefined : calls.get(agent.busy);
      if (!connected) call?.run.give({ type: "agentGone", userId: agent.userId });
      else {
        // Back on the call it was lost from: the same as answering it.
        call?.run.give({ type: "by", userId: agent.userId, name: agent.name, command: { name: "answer" } });
        call?.run.rejoin();
        theAgents().dispatch();
      }
    }
  };

  return {
    calls,
    agents: theAgents,
    /** The media process, started by the first who asks. */
    media: (wishes: MediaWishes, log: Log): Promise<MediaPort> => {
      media ??= (async () => {
        const started = await startMedia({
          settings: {
            v4: { bind: wishes.bind, advertise: wishes.advertise },
            v6: wishes.bind === "0.0.0.0" || wishes.bind === "::" ? { bind: "::", advertise: "::1" } : undefined,
            ports: { from: wishes.from, to: wishes.to },
            web: {
              bind: undefined,
              port: wishes.webPort === 0 ? undefined : wishes.webPort,
              // A candidate is an address: a name would be ignored by browsers.
              advertise:
                wishes.advertise !== wishes.bind && isIP(wishes.advertise) !== 0 ? wishes.advertise : undefined,
              iceServers: [],
            },
            recordings: wishes.recordings,
          },
          log,
        });
        started.onEvent(onMedia);
        return started;
      })();
      media.catch(() => {
        media = undefined;
      });
      return media;
    },
    running: (): Promise<MediaPort> | undefined => media,
    /** Loads a prompt once; false = it cannot be made (said once in the log). */
    prompt: (port: MediaPort, prompt: string, source: PromptSource, log: Log): Promise<boolean> => {
      const known = prompts.get(prompt);
      if (known !== undefined) return known;
      const load = port.loadPrompt({ prompt, source }).then(
        () => true,
        (thrown: unknown) => {
          log.warn("a prompt could not be made", { reason: thrown instanceof Error ? thrown.message : String(thrown) });
          return false;
        },
      );
      prompts.set(prompt, load);
      return load;
    },
    /** Shared by the accounts that listen on the same addresses. */
    board: async (listen: readonly Listening[], advertise: string | undefined): Promise<Switchboard> => {
      const key = JSON.stringify([listen.map(({ proto, host, port }) => [proto, host, port]), advertise]);
      // A free port is nobody else's.
      const own = listen.some(({ port }) => port === 0) ? `${key}${boards.size}` : key;
      const entry = boards.get(own) ?? { board: openSwitchboard({ listen, advertise }), users: 0 };
      boards.set(own, entry);
      entry.users += 1;
      const leave = async (board: Switchboard): Promise<void> => {
        entry.users -= 1;
        if (entry.users > 0) return;
        boards.delete(own);
        await board.stop();
      };
      try {
        const board = await entry.board;
        return { ...board, stop: () => leave(board) };
      } catch (thrown) {
        entry.users -= 1;
        if (entry.users <= 0) boards.delete(own);
        throw thrown;
      }
    },
    enter: (): void => void (users += 1),
    /** The last one out stops the media process. */
    leave: async (): Promise<void> => {
      users -= 1;
      if (users > 0) return;
      const last = media;
      media = undefined;
      prompts.clear();
      agents?.stop();
      agents = undefined;
      await (await last?.catch(() => undefined))?.stop();
    },
  };
};
export type Exchange = ReturnType<typeof makeExchange>;
