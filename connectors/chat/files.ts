import { type Attachment, ConnectorError, type WebhookReply, type WebhookRequest } from "#contract";
import { fileBytes } from "./settings.ts";
import type { Session } from "./session.ts";
import { limited, type Side } from "./side.ts";
import { safeName, sniff } from "./sniff.ts";
import { store } from "./store.ts";
import { messageId } from "./thread.ts";

/**
 * POST <hook>/files?id=<client id>&name=<file name>, the bytes as body, the session token in a header of its own:
 * a foreign page cannot set that header without a preflight, which nobody answers.
 */
const sessionHeader = "x-linka-session";
/** Words that go with the file, as encodeURIComponent writes them: no words of a visitor in an address. */
const captionHeader = "x-linka-text";
const captionLimit = 1000;

const captionOf = (header: string | null): string | undefined => {
  try {
    const text = decodeURIComponent(header ?? "").trim();
    return text.length <= captionLimit ? text : undefined;
  } catch {
    return undefined;
  }
};

const reply = (status: number, body: object): WebhookReply => ({
  status,
  body: JSON.stringify(body),
  contentType: "application/json",
});
const refused = (status: number, code: string): WebhookReply => reply(status, { code });

const attachment = (name: string, mimeType: string, body: Uint8Array): Attachment => ({
  name,
  mimeType,
  bytes: body.byteLength,
  async open() {
    return (async function* () {
      yield body;
    })();
  },
});

const accept = async (side: Side, session: Session, request: WebhookRequest): Promise<WebhookReply> => {
  const clientId = request.query.get("id") ?? "";
  const text = captionOf(request.headers.get(captionHeader));
  if (!/^[\w-]{8,64}$/.test(clientId) || text === undefined || request.body.byteLength === 0)
    return refused(400, "bad-request");
  if (request.body.byteLength > fileBytes) return refused(413, "too-large");
  const type = sniff(request.body);
  const declared = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type === undefined || (declared !== type && declared !== "application/octet-stream"))
    return refused(415, "unsupported");
  limited(side.limits.files.take(session.id), "Too many files.");
  const file = attachment(safeName(request.query.get("name") ?? "", type), type, request.body);
  const at = await store(side, session, {
    id: messageId(session.id, clientId),
    clientId,
    text,
    attachments: [file],
    detail: {},
    raw: { json: { ask: "file", id: clientId, name: file.name, type, bytes: file.bytes } },
  });
  return reply(200, { at });
};

/** A file a visitor sends: stored as a message of the session, or refused with a status the widget has words for. */
export const receiveFile = async (side: Side, request: WebhookRequest): Promise<WebhookReply> => {
  const session = await side.sessions.open(request.headers.get(sessionHeader) ?? "");
  if (!session) return refused(401, "unauthorized");
  if (request.method !== "POST" || request.path !== "/files") {
    side.hub.log.warn("a widget asked for something this version does not know", { path: request.path.slice(0, 60) });
    return reply(200, { code: "unknown" });
  }
  try {
    return await accept(side, session, request);
  } catch (thrown) {
    if (thrown instanceof ConnectorError && thrown.code === "rate-limited") return refused(429, "rate-limited");
    side.hub.log.warn("a visitor's file was not stored", { error: String(thrown) });
    return refused(503, "unavailable");
  }
};
