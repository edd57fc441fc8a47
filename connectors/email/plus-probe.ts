import { randomBytes } from "node:crypto";
import { ConnectorError } from "#contract";
import { imapClient } from "./imap.ts";
import { sendToSelf, type Server } from "./send.ts";
import { inTime, pause } from "./wait.ts";

export const probeSubject = "Linka: test of plus-addresses";

/** How long a mailbox may take to bring the letter back, in ms; the whole test has 20 s. */
const within = 9_000;
const everyMs = 400;

/**
 * Whether a letter to support+probe.<word>@ comes back to support@: sends one and looks for it. The letter is removed
 * again when it arrived. Throws ConnectorError when it cannot be sent or the mailbox not be opened.
 */
export const plusAddressArrives = async (server: Server, signal: AbortSignal): Promise<boolean> => {
  const { settings, timing, tokens } = server;
  const word = randomBytes(9).toString("hex");
  const at = settings.address.lastIndexOf("@");
  const to = `${settings.address.slice(0, at)}+probe.${word}${settings.address.slice(at)}`;
  const messageId = `<probe.${word}${settings.address.slice(at)}>`;
  try {
    await sendToSelf({
      subject: probeSubject,
      server,
      to,
      messageId,
      text: "This letter tests whether plus-addresses arrive. It removes itself.",
    });
  } catch (error) {
    // "No such user" is an answer, not a fault.
    if (error instanceof ConnectorError && (error.code === "recipient-gone" || error.code === "rejected")) return false;
    throw error;
  }
  const client = await imapClient({ config: settings, timing, tokens });
  const step = <T>(name: string, run: Promise<T>): Promise<T> => inTime({ step: name, ms: timing.step, run });
  try {
    await step("Signing in", client.connect());
    await step("Opening INBOX", client.mailboxOpen("INBOX"));
    const until = performance.now() + Math.min(within, timing.step);
    while (!signal.aborted && performance.now() < until) {
      await step("Looking for new mail", client.noop());
      const found = await step(
        "Looking for the test letter",
        client.search({ header: { "message-id": messageId } }, { uid: true }),
      );
      if (Array.isArray(found) && found.length > 0) {
        await step("Removing the test letter", client.messageDelete(found, { uid: true }));
        return true;
      }
      await pause(everyMs, signal);
    }
    return false;
  } finally {
    client.close();
  }
};
