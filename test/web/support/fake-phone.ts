import type { Express } from "express";
import type { Server, Socket } from "socket.io";
import type { z } from "zod";
import { phoneAsked, type PhoneCall, type PhoneCommand, type phoneTold } from "#wire";
import { bank } from "./data.ts";
import type { MediaPort } from "../../../connectors/phone/ports.ts";

type News = keyof typeof phoneTold;

/** What a browser started with these arguments says into its microphone, and that media stays on this machine. */
export const voiceArgs = (file: string): readonly string[] => [
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-audio-capture=${file}`,
  "--autoplay-policy=no-user-gesture-required",
  "--allow-loopback-in-peer-connection",
];

export const aCall = (more: Partial<PhoneCall> = {}): PhoneCall => ({
  callId: "call-1",
  tenantId: bank,
  conversationId: null,
  direction: "in",
  number: "+420777123456",
  display: "",
  line: "+420800123456",
  queue: "Karty",
  state: "ringing",
  part: "agent",
  muted: false,
  recording: "off",
  since: new Date().toISOString(),
  answeredAt: null,
  until: new Date(Date.now() + 20_000).toISOString(),
  other: null,
  dispositions: [],
  ...more,
});

/**
 * The phone of the fake hub: answers a desk's questions by the wire, with the real media process when one is given.
 * Calls are told by the test.
 */
let phones = 0;
export const makeFakePhone = (options: { readonly media?: MediaPort } = {}) => {
  const commands: PhoneCommand[] = [];
  const asked: string[] = [];
  let io: Server | undefined;
  let calls: readonly PhoneCall[] = [];
  let owner: Socket | undefined;
  let starts = 0;
  const waiting = new Set<() => void>();
  const prefix = `desk${++phones}`;
  /** The leg of the newest connection: one media process serves many tests. */
  const leg = (): string => `${prefix}-${starts}`;

  const answers: { [Q in keyof typeof phoneAsked]: (socket: Socket, takes: never) => Promise<unknown> } = {
    "phone.start": async (socket) => {
      if (owner !== undefined && owner.id !== socket.id && owner.connected) owner.emit("phone.taken", {});
      owner = socket;
      if (starts > 0) await options.media?.closeLeg(leg()).catch(() => undefined);
      starts++;
      return { sdp: (await options.media?.openWebLeg({ leg: leg() }))?.sdp ?? "v=0", calls };
    },
    "phone.answer": async (_socket, { sdp }: { sdp: string }) => {
      await options.media?.connectWebLeg({ leg: leg(), sdp });
      return {};
    },
    "phone.stop": async () => ({}),
    "phone.ready": async () => ({}),
    "phone.command": async (_socket, command: PhoneCommand) => {
      commands.push(command);
      return { callId: "callId" in command ? command.callId : "call-2" };
    },
  };

  return {
    commands,
    asked,
    leg,
    starts: () => starts,
    /** The questions so far hold this one. */
    until: (fits: () => boolean): Promise<void> =>
      new Promise((done) => {
        const look = (): void => {
          if (!fits()) return;
          waiting.delete(look);
          done();
        };
        waiting.add(look);
        look();
      }),
    tell: <E extends News>(event: E, payload: z.output<(typeof phoneTold)[E]>): void => {
      if (event === "phone.state" || event === "phone.ringing") calls = [payload as PhoneCall];
      io?.emit(event, payload);
    },
    /** The recording of every call: ten seconds, the customer in the first half and the agent in the second. */
    routes: (app: Express): void => {
      app.get("/api/recordings/:id", (_request, response) => {
        const side = (from: number, to: number) =>
          Array.from({ length: 200 }, (_, at) => (at >= from && at < to ? 90 + ((at * 37) % 130) : 0));
        response.json({
          ms: 10_000,
          left: side(4, 100),
          right: side(100, 196),
          pauses: [{ fromMs: 4_000, toMs: 5_500, reason: "card" }],
          sha256: "00".repeat(32),
        });
      });
    },
    attach: (server: Server, socket: Socket): void => {
      io = server;
      for (const question of Object.keys(phoneAsked) as (keyof typeof phoneAsked)[])
        socket.on(question, (takes: unknown, reply: (answer: unknown) => void) => {
          const given = phoneAsked[question].takes.parse(takes) as never;
          const answer = async (): Promise<void> => {
            const value = await answers[question](socket, given);
            asked.push(question);
            reply({ ok: true, value });
            for (const look of waiting) look();
          };
          answer().catch((thrown: unknown) => reply({ ok: false, refusal: { code: "failed", says: String(thrown) } }));
        });
    },
  };
};
export type FakePhone = ReturnType<typeof makeFakePhone>;
