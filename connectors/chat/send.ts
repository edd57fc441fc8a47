import { ConnectorError, type Outbound, type RemoteId, remoteId, type Sent, type ThreadKey } from "#contract";
import { textLimit } from "./settings.ts";
import { agentReadKey, newest, type Side } from "./side.ts";
import { clientIdOf, sessionOf } from "./thread.ts";
import { type WidgetLine, widgetLine } from "./view.ts";

const known = 2000;

const sessionIn = (side: Side, thread: ThreadKey): string => {
  const session = sessionOf(side.account.id, thread);
  if (session === undefined) throw new ConnectorError("recipient-gone", "There is no such chat here.");
  return session;
};

/** The line as just written: files have no address until the hub lists them in the transcript. */
const liveLine = (message: Outbound, agentName: string): WidgetLine => ({
  key: message.key,
  from: "agent",
  text: message.text,
  author: { ...message.author, name: message.author.name || agentName },
  files: message.attachments.map(({ name, mimeType, bytes }) => ({ name, type: mimeType, bytes })),
  at: message.writtenAt.toISOString(),
});

/**
 * The way to the visitor's open tabs. A visitor who is away finds the message in the transcript on return, so sending
 * succeeds without anybody there; what was really seen comes back as receipts.
 */
export const sender = (side: Side) => {
  const told = new Set<string>();

  const line = async (message: Outbound, session: string): Promise<WidgetLine> => {
    const live = liveLine(message, side.account.config.agentName);
    if (message.attachments.length === 0) return live;
    const { lines } = await side.hub.transcript(message.thread, { before: newest, limit: 20 });
    const stored = lines.find((one) => one.clientId === message.key);
    if (!stored) return live;
    // Without its seq: what lies before it may not have reached the widget yet, only a page moves the widget's cursor.
    const { seq: _seq, ...line } = widgetLine(session, stored, side.account.config.agentName);
    return line;
  };

  return {
    async send(message: Outbound, signal: AbortSignal): Promise<Sent> {
      if (signal.aborted) throw new ConnectorError("unreachable", "The hub gave up before the message went out.");
      const session = sessionIn(side, message.thread);
      if (message.text.length > textLimit) throw new ConnectorError("rejected", "The text is too long for the chat.");
      if (!told.has(message.key)) {
        try {
          side.hub.tell(message.thread, "line", await line(message, session));
        } catch (thrown) {
          throw new ConnectorError("unreachable", "The chat could not be reached.", { cause: thrown });
        }
        told.add(message.key);
        for (const oldest of told) {
          if (told.size <= known) break;
          told.delete(oldest);
        }
      }
      return { id: remoteId(message.key) };
    },

    async typing(thread: ThreadKey, active: boolean): Promise<void> {
      sessionIn(side, thread);
      side.hub.tell(thread, "typing", { active });
    },

    async markRead(thread: ThreadKey, id: RemoteId): Promise<void> {
      const session = sessionIn(side, thread);
      const key = clientIdOf(session, id);
      await side.hub.memory.set(agentReadKey(session), key);
      side.hub.tell(thread, "read", { id: key });
    },
  };
};
