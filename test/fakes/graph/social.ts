import { randomInt, randomUUID } from "node:crypto";
import type { Answer, App, Endpoint, GraphCall } from "./call.ts";
import { GraphRefusal, invalid } from "./refusal.ts";
import type { FakeGraph } from "./server.ts";
import { readSend, type SocialSend } from "./social-send.ts";

/** A picture, a voice note or a document as the CDN holds it. */
export interface SocialFile {
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: Buffer;
}

/** One line of a conversation as the customer's phone shows it. */
export interface SocialLine {
  readonly mid: string;
  readonly from: "user" | "page";
  text: string;
  readonly files: readonly SocialFile[];
  readonly buttons: readonly { readonly title: string; readonly payload: string }[];
  readonly replyTo?: string;
  readonly at: Date;
  /** What our side put on it. */
  reaction?: string;
  /** Ours: what the hub named it by. */
  readonly metadata?: string;
  removed?: boolean;
  read?: boolean;
}

export interface SocialPerson {
  readonly id: string;
  readonly name: string;
  readonly lines: SocialLine[];
  /** Last own action: opens the 24 hours. Absent = never wrote. */
  wroteAt?: Date;
  blocked?: boolean;
  /** Forbids us the profile. */
  noProfile?: boolean;
  typing?: boolean;
  /** Another app of the page holds the conversation. */
  held?: "may be taken" | "for good";
}

/** What differs between the two channels. */
export interface SocialKind {
  readonly object: "page" | "instagram";
  readonly maxText: (text: string) => boolean;
  readonly metadata: boolean;
  readonly deliveries: boolean;
  readonly reactions: (reaction: string) => boolean;
  readonly uploads: (mimeType: string, bytes: number) => boolean;
  readonly permission: string;
}

const hour = 3_600_000;
const day = 24 * hour;
const digits = (): string => String(randomInt(1e13, 9e13));

const outside = (): GraphRefusal =>
  new GraphRefusal({
    code: 10,
    subcode: 2_018_278,
    says: "This message is sent outside of allowed window.",
  });

/** One page or Instagram account at Meta, with the people who write to it. As strict as Meta: what it would refuse, it refuses. */
export const makeSocial = (input: {
  readonly graph: FakeGraph;
  readonly app: App;
  readonly kind: SocialKind;
  /** The page messages go through. */
  readonly node: string;
  /** What webhooks call the account. */
  readonly own: string;
  readonly name: string;
}) => {
  const { graph, app, kind, node, own, name } = input;
  const people = new Map<string, SocialPerson>();
  const uploads = new Map<string, SocialFile>();
  const cdn = new Map<string, { readonly file: SocialFile; readonly until: Date }>();
  const comments = new Map<string, { readonly by: string; readonly at: Date; answered: boolean }>();
  let fields: readonly string[] = [];
  const now = (): Date => graph.clock.now();

  /** An address of the CDN that works for `days`. */
  const host = (file: SocialFile, days = 3): string => {
    const id = randomUUID();
    cdn.set(id, { file, until: new Date(now().getTime() + days * day) });
    return `${graph.url}/v0.0/cdn/${id}/${encodeURIComponent(file.name)}?oe=${id.slice(0, 8)}`;
  };

  const deliver = (...items: readonly object[]): Promise<boolean> => push({ messaging: items });
  const push = (entry: object): Promise<boolean> =>
    graph.webhooks.deliver(app, { object: kind.object, entry: [{ id: own, time: now().getTime(), ...entry }] });
  const toUser = (person: string) => ({
    sender: { id: own },
    recipient: { id: person },
    timestamp: now().getTime(),
  });
  const toPage = (person: string) => ({
    sender: { id: person },
    recipient: { id: own },
    timestamp: now().getTime(),
  });

  const person = (id: string): SocialPerson => {
    const found = people.get(id);
    if (found === undefined) throw new GraphRefusal({ code: 100, subcode: 2_018_001, says: "No matching user found" });
    return found;
  };

  const mayWrite = (to: SocialPerson, send: SocialSend): void => {
    if (to.held !== undefined)
      throw new GraphRefusal({
        code: 10,
        subcode: 2_018_300,
        says: "Message failed to send because another app is controlling this thread now.",
      });
    if (to.blocked) throw new GraphRefusal({ code: 551, says: "This person isn't available right now." });
    const since = to.wroteAt === undefined ? Number.POSITIVE_INFINITY : now().getTime() - to.wroteAt.getTime();
    if (since > (send.tag === "HUMAN_AGENT" ? 7 * day : day)) throw outside();
  };

  const addLine = (to: SocialPerson, send: SocialSend): SocialLine => {
    const line: SocialLine = {
      mid: `m_${randomUUID().replaceAll("-", "")}`,
      from: "page",
      text: send.text ?? "",
      files: send.attachment === undefined ? [] : [fileOf(send.attachment)],
      buttons: send.buttons,
      at: now(),
      ...(send.replyTo === undefined ? {} : { replyTo: send.replyTo }),
      ...(send.metadata === undefined ? {} : { metadata: send.metadata }),
    };
    to.lines.push(line);
    to.typing = false;
    return line;
  };

  const fileOf = (attachment: NonNullable<SocialSend["attachment"]>): SocialFile => {
    if (attachment.url !== undefined)
      return { name: attachment.url.split("/").at(-1) ?? "", mimeType: attachment.type, bytes: Buffer.alloc(0) };
    const file = uploads.get(attachment.id ?? "");
    if (file === undefined) throw invalid(`Attachment ${attachment.id} does not exist`);
    return file;
  };

  const act = (to: SocialPerson, send: SocialSend): Answer => {
    const { action, about, reaction } = send;
    if (action === "typing_on" || action === "typing_off") to.typing = action === "typing_on";
    if (action === "mark_seen") for (const line of to.lines) if (line.from === "user") line.read = true;
    if (action === "react" || action === "unreact") {
      const line = to.lines.find(({ mid }) => mid === about);
      if (line === undefined) throw invalid("payload.message_id is not a message of this conversation");
      if (action === "react" && !kind.reactions(reaction ?? "")) throw invalid(`Unsupported reaction ${reaction}`);
      if (action === "react" && reaction !== undefined) line.reaction = reaction;
      else delete line.reaction;
    }
    return { body: { recipient_id: to.id } };
  };

  const privateReply = (commentId: string, send: SocialSend): Answer => {
    const comment = comments.get(commentId);
    if (comment === undefined) throw invalid(`Comment ${commentId} does not exist`);
    if (comment.answered) throw new GraphRefusal({ code: 10_900, says: "Activity already replied to" });
    if (now().getTime() - comment.at.getTime() > 7 * day)
      throw new GraphRefusal({ code: 10_903, says: "This user cant reply to this activity" });
    comment.answered = true;
    const to = person(comment.by);
    const line = addLine(to, send);
    return { body: { recipient_id: to.id, message_id: line.mid } };
  };

  const send = (call: GraphCall): Answer => {
    if (!call.token.scopes.includes(kind.permission))
      throw new GraphRefusal({ status: 403, code: 200, says: `Requires ${kind.permission} permission` });
    const order = readSend(call.json, kind);
    if (order.commentId !== undefined) return privateReply(order.commentId, order);
    const to = person(order.recipient ?? "");
    if (order.action !== undefined) return act(to, order);
    mayWrite(to, order);
    if (order.replyTo !== undefined && !to.lines.some(({ mid }) => mid === order.replyTo))
      throw invalid("reply_to.mid is not a message of this conversation");
    const line = addLine(to, order);
    void deliver({
      ...toUser(to.id),
      message: {
        mid: line.mid,
        is_echo: true,
        app_id: Number(app.id),
        ...(line.text !== "" && { text: line.text }),
        ...(order.metadata !== undefined && { metadata: order.metadata }),
        ...(line.files[0] !== undefined && {
          attachments: [{ type: order.attachment?.type, payload: { url: host(line.files[0]) } }],
        }),
      },
    });
    if (kind.deliveries) void deliver({ ...toPage(to.id), delivery: { mids: [line.mid], watermark: now().getTime() } });
    return { body: { recipient_id: to.id, message_id: line.mid } };
  };

  const takeControl = (call: GraphCall): Answer => {
    const { recipient } = call.json as { recipient?: { id?: string } };
    const who = person(recipient?.id ?? "");
    if (who.held === "for good")
      throw new GraphRefusal({ code: 10, says: "Only the primary receiver may take the thread" });
    delete who.held;
    return { body: { success: true } };
  };

  const upload = (call: GraphCall): Answer => {
    const part = call.form.find(({ name: field }) => field === "filedata");
    const message = call.form.find(({ name: field }) => field === "message")?.bytes.toString() ?? "";
    if (part === undefined || !/"type":"(image|video|audio|file)"/u.test(message))
      throw invalid("filedata and message.attachment.type are required");
    const file = {
      name: decodeURIComponent(part.filename ?? ""),
      mimeType: part.type ?? "",
      bytes: part.bytes,
    };
    if (!kind.uploads(file.mimeType, file.bytes.length))
      throw new GraphRefusal({ code: 100, subcode: 2_018_047, says: "Upload attachment failure." });
    const id = digits();
    uploads.set(id, file);
    return { body: { attachment_id: id } };
  };

  const subscribedApps = (call: GraphCall): Answer => {
    if (call.method === "GET")
      return { body: { data: fields.length === 0 ? [] : [{ id: app.id, name: "Linka", subscribed_fields: fields }] } };
    const wanted = (call.json as { subscribed_fields?: string } | undefined)?.subscribed_fields;
    if (wanted === undefined) throw invalid("subscribed_fields is required");
    fields = wanted.split(",");
    return { body: { success: true } };
  };

  const profile = (who: SocialPerson): Answer => {
    if (who.noProfile || who.wroteAt === undefined)
      throw new GraphRefusal({ status: 403, code: 230, says: "User consent is required to access user profile" });
    const [first = "", ...rest] = who.name.split(" ");
    return {
      body:
        kind.object === "page"
          ? { id: who.id, first_name: first, last_name: rest.join(" ") }
          : { id: who.id, name: who.name, username: first.toLowerCase() },
    };
  };

  const endpoint: Endpoint = (call) => {
    const [head = "", edge] = call.path;
    if (head === "cdn") {
      const held = cdn.get(edge ?? "");
      if (held === undefined) return undefined;
      // The CDN's own page, no JSON of the Graph.
      if (held.until <= now())
        return { status: 403, headers: { "content-type": "text/html" }, body: Buffer.from("URL signature expired") };
      return { headers: { "content-type": held.file.mimeType }, body: held.file.bytes };
    }
    const known = people.get(head);
    if (known !== undefined && call.method === "GET") return profile(known);
    if (head !== node && head !== own) return undefined;
    const { objects } = call.token;
    if (objects !== "any" && !objects.includes(head)) return undefined;
    if (edge === undefined && call.method === "GET") return { body: { id: head, name } };
    if (edge === "subscribed_apps") return subscribedApps(call);
    if (edge === "messages" && call.method === "POST") return send(call);
    if (edge === "take_thread_control" && call.method === "POST") return takeControl(call);
    if (edge === "message_attachments" && call.method === "POST") return upload(call);
    return undefined;
  };
  graph.use(endpoint);

  return {
    app,
    node,
    own,
    name,
    kind,
    people,
    host,
    deliver,
    push,
    toPage,
    toUser,
    now,
    comments,
    subscribedTo: (): readonly string[] => fields,
    /** Somebody with an account at Meta; `wrote` opens the window without a message. */
    person: (who: string, options: { readonly id?: string; readonly wrote?: boolean } = {}): SocialPerson => {
      const { id = digits(), wrote = false } = options;
      const made = people.get(id) ?? { id, name: who, lines: [], ...(wrote && { wroteAt: now() }) };
      people.set(id, made);
      return made;
    },
  };
};
export type Social = ReturnType<typeof makeSocial>;
