import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type MediaSettings, startMedia } from "../../../../connectors/phone/media/index.ts";
import type { AgreedAudio, MediaEvent } from "../../../../connectors/phone/ports.ts";

export type Stage = Awaited<ReturnType<typeof openStage>>;

export const agreed = (port: number, more: Partial<AgreedAudio> = {}): AgreedAudio => ({
  host: "127.0.0.1",
  port,
  law: "PCMA",
  events: 101,
  direction: "sendrecv",
  srtp: undefined,
  ...more,
});

export const settingsIn = (recordings: string): MediaSettings => ({
  v4: { bind: "127.0.0.1", advertise: "127.0.0.1" },
  v6: undefined,
  // Two runs at once find their own ports: those in use are passed over.
  ports: { from: 42_000, to: 49_998 },
  web: { bind: "127.0.0.1", port: undefined, advertise: undefined, iceServers: [] },
  recordings,
});

/** A media process on this machine's own address, its events kept. */
export const openStage = async () => {
  const dir = await mkdtemp(path.join(tmpdir(), "linka-media-"));
  const warnings: string[] = [];
  const media = await startMedia({ settings: settingsIn(dir), log: { warn: (text) => void warnings.push(text) } });
  const events: MediaEvent[] = [];
  const waiting = new Set<{ wanted(event: MediaEvent): boolean; done(event: MediaEvent): void }>();
  media.onEvent((event) => {
    events.push(event);
    for (const waiter of waiting)
      if (waiter.wanted(event)) {
        waiting.delete(waiter);
        waiter.done(event);
      }
  });
  return {
    media,
    dir,
    events,
    warnings,
    /** The first event of this type, past or to come, that fits. */
    event: <T extends MediaEvent["type"]>(
      type: T,
      fits: (event: Extract<MediaEvent, { type: T }>) => boolean = () => true,
    ): Promise<Extract<MediaEvent, { type: T }>> => {
      type Wanted = Extract<MediaEvent, { type: T }>;
      const wanted = (event: MediaEvent): event is Wanted => event.type === type && fits(event as Wanted);
      const past = events.find(wanted);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((done) => waiting.add({ wanted, done: (event) => done(event as Wanted) }));
    },
    close: async () => {
      await media.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
};
