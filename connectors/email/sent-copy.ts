import { z } from "zod";
import type { Hub } from "#contract";
import { letterKey } from "./freeze.ts";
import { connectionLost, explainImap, imapClient, type Timing } from "./imap.ts";
import type { Tokens } from "./oauth.ts";
import type { Settings } from "./settings.ts";
import { backoff, inTime, pause } from "./wait.ts";

/** A letter that is out and not in the folder of sent mail yet. */
const waiting = z.array(z.object({ key: z.string(), messageId: z.string(), tries: z.int() }));
type Waiting = z.output<typeof waiting>;

const mostWaiting = 500;
const mostTries = 20;

/** These providers file a copy of what is sent by themselves. */
const fileTheirOwn = /(?:^|\.)(?:gmail\.com|googlemail\.com|office365\.com|outlook\.com)$/i;

export const wantsCopy = ({ sentCopy, smtpHost }: Pick<Settings, "sentCopy" | "smtpHost">): boolean =>
  sentCopy === "yes" || (sentCopy === "auto" && !fileTheirOwn.test(smtpHost));

export interface SentCopies {
  /** Remembers that a copy is due. Never rejects: the letter is out whatever becomes of its copy. */
  add(letter: { readonly key: string; readonly messageId: string }): Promise<void>;
  /** Files what is due, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Puts what was sent into the mailbox' folder of sent mail, over a connection of its own and in its own time. A letter
 * that is there already (an earlier try, the provider) is not put there again.
 */
export const sentCopies = (input: {
  hub: Hub;
  settings: Settings;
  timing: Timing;
  tokens: Tokens | undefined;
}): SentCopies => {
  const { hub, settings, timing, tokens } = input;
  const memoryKey = "sent-copies";
  let ring = (): void => undefined;
  let writing: Promise<unknown> = Promise.resolve();

  const load = async (): Promise<Waiting> =>
    waiting.catch([]).parse(JSON.parse((await hub.memory.get(memoryKey)) ?? "[]"));
  const change = (by: (list: Waiting) => Waiting): Promise<void> => {
    const before = writing;
    const next = (async () => {
      await before;
      const list = by(await load()).slice(-mostWaiting);
      await hub.memory.set(memoryKey, JSON.stringify(list));
    })();
    writing = next.catch(() => undefined);
    return next;
  };

  const file = async (list: Waiting): Promise<void> => {
    const client = await imapClient({ config: settings, timing, tokens });
    const step = <T>(name: string, run: Promise<T>): Promise<T> => inTime({ step: name, ms: timing.step, run });
    try {
      await inTime({ step: "Signing in", ms: timing.connect, run: client.connect() });
      const folder = (await step("Listing folders", client.list())).find(({ specialUse }) => specialUse === "\\Sent");
      if (folder === undefined) {
        hub.log.warn("The mailbox marks no folder of sent mail: no copies are filed");
        await change(() => []);
        return;
      }
      await step("Opening the folder of sent mail", client.mailboxOpen(folder.path));
      for (const { key, messageId } of list) {
        // Only what fails in the middle of its own filing is counted against a letter: a server that is away is not its fault.
        await change((now) => now.map((one) => (one.key === key ? { ...one, tries: one.tries + 1 } : one)));
        const found = await step(
          "Looking for a sent letter",
          client.search({ header: { "message-id": messageId } }, { uid: true }),
        );
        // The library answers false on a connection that has just closed.
        if (found === false || found === undefined) throw connectionLost();
        const letter = found.length > 0 ? undefined : await hub.frozen.get(letterKey(key));
        if (letter !== undefined) {
          const chunks: Uint8Array[] = [];
          for await (const chunk of letter.open()) chunks.push(chunk);
          const content = Buffer.concat(chunks);
          const done = await step("Filing a sent letter", client.append(folder.path, content, ["\\Seen"], hub.now()));
          if (done === false) throw connectionLost();
        }
        await change((now) => now.filter((one) => one.key !== key));
      }
    } finally {
      client.close();
    }
  };

  return {
    add: async ({ key, messageId }) => {
      if (!wantsCopy(settings)) return;
      await change((list) => [...list.filter((one) => one.key !== key), { key, messageId, tries: 0 }]).catch(
        (thrown: unknown) => hub.log.warn("No copy of a sent letter will be filed", { reason: String(thrown) }),
      );
      ring();
    },
    run: async (signal) => {
      for (let failures = 0; !signal.aborted;) {
        const rung = new Promise<void>((resolve) => (ring = resolve));
        const list = await load().catch((): Waiting => []);
        if (list.length === 0) {
          await Promise.race([rung, pause(timing.tick, signal)]);
          continue;
        }
        try {
          await file(list);
          failures = 0;
        } catch (error) {
          if (signal.aborted) return;
          failures += 1;
          hub.log.warn("Copies of sent letters wait", { reason: explainImap(error, settings.imapHost).says });
          await change((now) => now.filter(({ tries }) => tries < mostTries)).catch(() => undefined);
          await pause(backoff({ failures, min: timing.backoffMin * 4, max: timing.backoffMax }), signal);
        }
      }
    },
  };
};
