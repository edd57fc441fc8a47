import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { threadKey } from "#contract";
import { type Op, startWhatsApp } from "../fakes/whatsapp-page/server.ts";
import type { Bench, Customer, File, Refusal, Side } from "./bench.ts";

const numbers: Record<Side, string> = { a: "420700000001", b: "420700000002" };
/** A number of their own for every customer of a rule; the same name is the same person on both accounts. */
const phoneOf = (name: string): string =>
  `4207${Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 1e8, 7)}`.padEnd(12, "0");

export const bench: Bench = {
  bad: [{}, { number: "777 123 456" }, { number: "+420700000001", secondsBetweenSends: -1 }],
  samples: new URL("../../connectors/whatsapp/web/samples/", import.meta.url),
  patienceMs: 20_000,
  available: () => existsSync(process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium"),
  async start() {
    const whatsapp = await startWhatsApp();
    const root = await mkdtemp(join(tmpdir(), "linka-whatsapp-"));
    const folder = async (side: Side): Promise<string> => {
      const path = join(root, side);
      await mkdir(path, { recursive: true });
      await whatsapp.prepare(path, side);
      return path;
    };
    for (const [side, number] of Object.entries(numbers)) whatsapp.link(side, number);
    const settingsOf = (side: Side) => ({ number: `+${numbers[side]}`, secondsBetweenSends: 0 });
    return {
      settings: { a: settingsOf("a"), b: settingsOf("b") },
      folder,
      async drop() {
        whatsapp.tuning.away = true;
        whatsapp.drop();
      },
      async restore() {
        whatsapp.tuning.away = false;
      },
      async stop() {
        await whatsapp.stop();
        await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      },
      async customer({ side }, name): Promise<Customer> {
        const phone = phoneOf(name);
        const chat = `${phone}@c.us`;
        const send = ({ account, op, msg }: Op): boolean => account === side && op === "send" && msg?.chat === chat;
        const refusal = (code: Refusal["code"], arrange: () => void, tellsMs?: number): Refusal => ({
          code,
          ...(tellsMs !== undefined && { tellsMs }),
          arrange: async () => {
            arrange();
            return undefined;
          },
        });
        const fileOf = (file: File) => ({
          type: "document",
          mimetype: file.mimeType,
          filename: file.name,
          media: Buffer.from(file.bytes).toString("base64"),
        });
        return {
          to: {
            thread: threadKey(`${numbers[side]}>phone:${phone}`),
            to: [{ kind: "wa_phone", value: `+${phone}` }],
          },
          async writes({ text, files = [] }) {
            const [file] = files;
            const message = { chat, notifyName: name, ...(file ? { ...fileOf(file), caption: text } : { body: text }) };
            const id = whatsapp.receive(side, message).split("_")[2] ?? "";
            return { again: async () => void whatsapp.receive(side, { ...message, id }) };
          },
          received: async () =>
            whatsapp.received(side, chat).map(({ text, file, reactions }) => ({
              text,
              reactions,
              files: file === undefined ? [] : [file],
            })),
          answeredElsewhere: async (text) => void whatsapp.receive(side, { chat, body: text, fromMe: true }),
          refusals: [
            refusal(
              "rate-limited",
              () => whatsapp.next(({ op, wid }) => op === "exists" && wid === chat, { throw: "rate-overlimit" }),
              60_000,
            ),
            refusal("recipient-gone", () => void whatsapp.registered.set(chat, null)),
            refusal("rejected", () => whatsapp.next(send, { error: "463" })),
          ],
          stall: async () => {
            const taken = Promise.withResolvers<void>();
            whatsapp.next(send, "silence");
            whatsapp.events.on("op", (op: Op) => send(op) && taken.resolve());
            return { taken: taken.promise };
          },
        };
      },
    };
  },
};
