import { fork } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { type LegId, type MediaEvent, MediaGone, type MediaPort } from "../ports.ts";
import type { MediaSettings } from "./engine.ts";
import { asked, type Method, type Order, report, type Report } from "./messages.ts";

export { leftBehind } from "./left-behind.ts";
export type { MediaSettings } from "./engine.ts";

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (thrown: Error) => void;
}

interface Process {
  readonly ask: (method: Method, takes: unknown) => Promise<unknown>;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
  readonly pid: number | undefined;
}

/** How long a media process may take to end by itself, ms: it closes recordings first. */
const farewellMs = 4_000;
/** A process that dies at once again is started at most this often, ms. */
const restartMs = 1_000;

const launch = (input: {
  readonly settings: MediaSettings;
  readonly tell: (event: Exclude<MediaEvent, { type: "down" }>) => void;
  readonly warn: (text: string) => void;
}): Promise<Process> => {
  const child = fork(new URL("main.ts", import.meta.url), { serialization: "advanced", execArgv: [] });
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });

  const settle = (told: Extract<Report, { id: number }>): void => {
    const asker = waiting.get(told.id);
    waiting.delete(told.id);
    if ("refused" in told) asker?.reject(told.gone ? new MediaGone(told.refused) : new Error(told.refused));
    else asker?.resolve(told.value);
  };
  const send = (message: Order): void => {
    // A process that has just died answers through its exit.
    if (child.connected) child.send(message, () => undefined);
  };

  return new Promise((resolve, reject) => {
    child.on("message", (message) => {
      const told = report.safeParse(message);
      if (!told.success) return input.warn("A message of a media process could not be read.");
      if ("event" in told.data) return input.tell(told.data.event);
      if ("warning" in told.data) return input.warn(told.data.warning);
      if ("id" in told.data) return settle(told.data);
      resolve({
        pid: child.pid,
        ended,
        ask: (method, takes) =>
          new Promise((done, fail) => {
            const id = next++;
            if (!child.connected) return fail(new MediaGone("The media process has ended."));
            waiting.set(id, { resolve: done, reject: fail });
            send({ id, method, takes });
          }),
        stop: async () => {
          if (child.connected) child.disconnect();
          const patience = setTimeout(() => child.kill("SIGKILL"), farewellMs);
          await ended;
          clearTimeout(patience);
        },
      });
    });
    child.on("error", (thrown) => {
      reject(thrown);
      end();
    });
    child.on("exit", () => {
      const gone = new MediaGone("The media process has ended.");
      for (const { reject: fail } of waiting.values()) fail(gone);
      waiting.clear();
      reject(gone);
      end();
    });
    send({ settings: input.settings });
  });
};

/**
 * Starts the media process and gives its audio to control. A process that dies takes its legs along: `down` names them,
 * a new one is started, and prompts are loaded into it again. Rejects when no media process can be started at all.
 */
export const startMedia = async (input: {
  readonly settings: MediaSettings;
  readonly log: { warn(text: string, fields?: object): void };
}): Promise<MediaPort & { pid(): number | undefined }> => {
  const { settings, log } = input;
  await mkdir(settings.recordings, { recursive: true, mode: 0o700 });
  const listeners = new Set<(event: MediaEvent) => void>();
  const legs = new Set<LegId>();
  const recordings = new Set<string>();
  const prompts = new Map<string, unknown>();
  let stopping = false;
  let process: Promise<Process>;
  let pid: number | undefined;

  const tell = (event: MediaEvent): void => {
    if (event.type === "recorded" || event.type === "recordingFailed") recordings.delete(event.recording);
    for (const listener of listeners) listener(event);
  };
  const onceEnded = async (started: Process): Promise<void> => {
    await started.ended;
    if (!stopping) replace();
  };
  const begin = async (): Promise<Process> => {
    const started = await launch({ settings, tell, warn: (text) => log.warn(text) });
    pid = started.pid;
    void onceEnded(started);
    return started;
  };
  const replace = (): void => {
    log.warn("The media process has ended; calls it carried are lost and another one starts.");
    process = begin().then(async (started) => {
      await Promise.all([...prompts.values()].map((takes) => started.ask("loadPrompt", takes)));
      return started;
    });
    process.catch(() => {
      const again = setTimeout(() => {
        if (!stopping) replace();
      }, restartMs);
      again.unref();
    });
    const down: MediaEvent = { type: "down", legs: [...legs], recordings: [...recordings] };
    legs.clear();
    recordings.clear();
    tell(down);
  };

  process = begin();
  await process;

  const ask = async <M extends Method>(method: M, takes: unknown) => {
    const value = await (await process).ask(method, takes);
    return asked[method].gives.parse(value) as ReturnType<(typeof asked)[M]["gives"]["parse"]>;
  };
  const opening = async <T>(leg: LegId, work: Promise<T>): Promise<T> => {
    legs.add(leg);
    return work.catch((thrown: unknown) => {
      legs.delete(leg);
      throw thrown;
    });
  };

  return {
    openTrunkLeg: (takes) => opening(takes.leg, ask("openTrunkLeg", takes)),
    connectTrunkLeg: (takes) => ask("connectTrunkLeg", takes),
    openWebLeg: (takes) => opening(takes.leg, ask("openWebLeg", takes)),
    connectWebLeg: (takes) => ask("connectWebLeg", takes),
    closeLeg: async (leg) => {
      legs.delete(leg);
      return ask("closeLeg", leg);
    },
    hear: (takes) => ask("hear", takes),
    loadPrompt: async (takes) => {
      const loaded = await ask("loadPrompt", takes);
      prompts.set(takes.prompt, takes);
      return loaded;
    },
    play: (takes) =>
      ask("play", takes).catch((thrown: unknown) => {
        if (thrown instanceof MediaGone) return false;
        throw thrown;
      }),
    stopPlay: (leg) => ask("stopPlay", leg),
    sendDigits: (takes) => ask("sendDigits", takes),
    startRecording: async (takes) => {
      recordings.add(takes.recording);
      await ask("startRecording", takes).catch((thrown: unknown) => {
        recordings.delete(takes.recording);
        throw thrown;
      });
    },
    pauseRecording: (takes) => ask("pauseRecording", takes),
    resumeRecording: (recording) => ask("resumeRecording", recording),
    stopRecording: (recording) => ask("stopRecording", recording),
    stats: (leg) => ask("stats", leg),
    onEvent: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    pid: () => pid,
    stop: async () => {
      stopping = true;
      const last = await process.catch(() => undefined);
      await last?.stop();
    },
  };
};
