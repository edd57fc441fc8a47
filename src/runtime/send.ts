import { ConnectorError, type Outbound, remoteId, threadKey } from "#contract";
import { afterFailure } from "#core/retry";
import { roomFor } from "#core/windows";
import type { Files } from "#store/files";
import type { Claimed, Outcome } from "#store/outbox";
import type { Outlet } from "./ports.ts";
import { reach } from "#store/points";

/** Longest a channel may take over one message; then its outcome is unknown. */
const sendWithinMs = 60_000;
/** How much longer a connector may take to notice that it was told to stop. */
const graceMs = 3_000;
const referencesKept = 20;

/** The deliveries of one message that go out in one call. */
export interface Unit {
  readonly messageId: string;
  readonly deliveries: readonly [Claimed, ...Claimed[]];
}

/** Claimed deliveries by message, in the order they were claimed. */
export const toUnits = (claimed: readonly Claimed[]): readonly Unit[] =>
  [...Map.groupBy(claimed, (delivery) => delivery.messageId)].flatMap(([messageId, [first, ...rest]]) =>
    first === undefined ? [] : [{ messageId, deliveries: [first, ...rest] as const }],
  );

type Addressed = Pick<Outbound, "to" | "cc" | "bcc" | "stillTo">;

/** Everybody in their role; whom a first attempt left out is named apart. */
const addressed = ({ deliveries }: Unit): Addressed => {
  const [{ identityKind, identityScope, recipients }] = deliveries;
  // Who is named on a letter by hand has no identity here; a letter's addresses are of one kind.
  const kind = identityKind ?? (recipients.some(({ recipient }) => recipient.includes("@")) ? "email" : null);
  if (kind === null) return { to: [] };
  const scope = identityScope?.startsWith("claimed:") === true ? "" : (identityScope ?? "");
  const inRole = (wanted: "to" | "cc" | "bcc") =>
    recipients
      .filter(({ role, recipient }) => role === wanted && recipient !== "")
      .map(({ recipient }) => ({ kind, scope, value: recipient }));
  const [cc, bcc] = [inRole("cc"), inRole("bcc")];
  return {
    to: inRole("to"),
    ...(cc.length === 0 ? {} : { cc }),
    ...(bcc.length === 0 ? {} : { bcc }),
    ...(deliveries.length < recipients.length ? { stillTo: deliveries.map(({ recipient }) => recipient) } : {}),
  };
};

const toOutbound = (unit: Unit, files: Pick<Files, "read">): Outbound => {
  const [first] = unit.deliveries;
  const references = first.references.toReversed();
  const kept =
    references.length > referencesKept
      ? [...references.slice(0, 1), ...references.slice(1 - referencesKept)]
      : references;
  return {
    key: unit.messageId,
    thread: threadKey(first.threadKey),
    ...addressed(unit),
    ...(first.content === null ? {} : { content: first.content }),
    ...(first.subject === null ? {} : { subject: first.subject }),
    text: first.body,
    ...(first.html === null ? {} : { html: first.html }),
    attachments: first.parts.map((part) => ({
      name: part.name,
      mimeType: part.mime,
      bytes: part.size,
      inline: part.inline,
      ...(part.contentId === null ? {} : { contentId: part.contentId }),
      open: () => Promise.resolve(files.read(part.blobKey)),
    })),
    ...(first.answers === null ? {} : { replyTo: remoteId(first.answers) }),
    references: kept.map(remoteId),
    author: { name: first.authorName, ...(first.avatarUrl === null ? {} : { avatarUrl: first.avatarUrl }) },
    writtenAt: first.writtenAt,
    ...(first.replyToken === null ? {} : { replyToken: first.replyToken }),
    ...(first.automatic ? { automatic: true } : {}),
    ...(first.insisted ? { insisted: true } : {}),
  };
};

type Ending = Pick<Outcome, "state" | "counted" | "nextAt" | "providerId" | "errorCode" | "errorText">;

const ended = (state: Outcome["state"], more: Partial<Ending> = {}): Ending => ({
  state,
  counted: true,
  nextAt: null,
  providerId: null,
  errorCode: null,
  errorText: null,
  ...more,
});

/** A connector that does not answer, or answers an abort with anything but its own verdict, leaves us not knowing. */
const callConnector = async (outlet: Outlet, outbound: Outbound, stopped: AbortSignal) => {
  // AbortSignal.any with a timeout would keep every send in memory until its minute is over, answered or not.
  const controller = new AbortController();
  const { signal } = controller;
  const silent = Promise.withResolvers<never>();
  // A connector that throws before it answers leaves nobody waiting for this.
  silent.promise.catch(() => undefined);
  let grace: NodeJS.Timeout | undefined;
  const abort = (): void => {
    if (signal.aborted) return;
    controller.abort();
    grace = setTimeout(() => silent.reject(new ConnectorError("uncertain", "No answer came in time.")), graceMs);
  };
  const limit = setTimeout(abort, sendWithinMs);
  const sources = [stopped, outlet.signal];
  for (const source of sources) source.addEventListener("abort", abort);
  if (sources.some((source) => source.aborted)) abort();
  try {
    reach("outbox.sending");
    return await Promise.race([outlet.connection.send(outbound, signal), silent.promise]);
  } catch (thrown) {
    if (signal.aborted && !(thrown instanceof ConnectorError))
      throw new ConnectorError("uncertain", "The send was interrupted.", { cause: thrown });
    throw ConnectorError.from(thrown);
  } finally {
    clearTimeout(limit);
    clearTimeout(grace);
    for (const source of sources) source.removeEventListener("abort", abort);
  }
};

/** What the hub answers by itself is not worth holding up what people write behind it. */
const mostAutomatic = 2;

const afterError = (outlet: Outlet, error: ConnectorError, of: Claimed, now: Date, random: number): Ending => {
  const { attempts } = of;
  const text = outlet.redact(error.message).slice(0, 500);
  // Where the channel drops a repeated key, not knowing is no reason to stop.
  const code = error.code === "uncertain" && outlet.idempotent ? "unreachable" : error.code;
  const { retryAfterMs, wholeAccount } = error;
  const verdict = afterFailure({ code, retryAfterMs, attempts, random, wholeAccount });
  const why = { errorCode: code, errorText: text };
  if (verdict.do === "retry" && of.automatic && attempts >= mostAutomatic) return ended("failed", why);
  if (verdict.do === "retry") return ended("queued", { ...why, nextAt: new Date(now.getTime() + verdict.afterMs) });
  if (verdict.do === "park") return ended("queued", { ...why, nextAt: now, counted: false });
  return verdict.do === "uncertain"
    ? ended("uncertain", { ...why, providerId: error.id ?? null })
    : ended("failed", why);
};

export interface Sending {
  readonly outcomes: readonly Outcome[];
  /** The whole account must wait: it was told to slow down, or its credentials were refused. */
  readonly waitMs: number | null;
  /** The account cannot send at all now: how long it waits depends on how often that was so. */
  readonly down: boolean;
}

/** How long an account whose credentials were refused waits before it tries one message again. */
const parkedMs = 5 * 60_000;

/** Sends one message through the account's connection and tells what became of each delivery. Never rejects. */
export const sendUnit = async (input: {
  readonly outlet: Outlet;
  readonly claim: string;
  readonly unit: Unit;
  readonly files: Pick<Files, "read">;
  readonly stopped: AbortSignal;
  readonly now: () => Date;
  readonly random: () => number;
}): Promise<Sending> => {
  const { outlet, unit, now } = input;
  const [first] = unit.deliveries;
  const give = (ending: (delivery: Claimed) => Ending, waitMs: number | null = null, down = false): Sending => ({
    waitMs,
    down,
    outcomes: unit.deliveries.map((delivery) => ({
      deliveryId: delivery.id,
      messageId: unit.messageId,
      conversationId: delivery.conversationId,
      tenantId: outlet.tenantId,
      claimedBy: input.claim,
      ...ending(delivery),
    })),
  });
  // A retry may come after the window has closed: the rule is ours to keep, not the channel's to enforce.
  const { windowUntil, byPerson } = first;
  const room = roomFor({ limits: outlet.limits, windowUntil, byPerson, now: now() });
  if (first.content?.type !== "template" && room === "closed")
    return give(() =>
      ended("failed", { errorCode: "window-closed", errorText: "The reply window closed before it could be sent." }),
    );
  try {
    const outbound = toOutbound(unit, input.files);
    const marked = room === "human-agent" ? { ...outbound, humanAgent: true as const } : outbound;
    const sent = await callConnector(outlet, marked, input.stopped);
    const refused = new Map(sent.refused?.map((refusal) => [refusal.recipient.toLowerCase(), refusal]));
    return give((delivery) => {
      const refusal = refused.get(delivery.recipient.toLowerCase());
      if (refusal === undefined) return ended("sent", { providerId: sent.id });
      const code = refusal.gone === true ? "recipient-gone" : refusal.permanent ? "rejected" : "later";
      const error = new ConnectorError(code, refusal.says);
      return afterError(outlet, error, delivery, now(), input.random());
    });
  } catch (thrown) {
    const error = ConnectorError.from(thrown);
    if (error.code === "auth") outlet.authFailed(outlet.redact(error.message).slice(0, 500));
    const waitMs =
      error.code === "auth" ? parkedMs : error.code === "rate-limited" ? (error.retryAfterMs ?? null) : null;
    const down = error.code === "unreachable" && error.wholeAccount;
    return give((delivery) => afterError(outlet, error, delivery, now(), input.random()), waitMs, down);
  }
};

/** A delivery a former leader left behind: it may have gone out, nobody knows. */
export const abandoned = (o: {
  readonly outlet: Outlet;
  readonly delivery: { readonly id: string; readonly messageId: string; readonly conversationId: string };
  readonly claimedBy: string | null;
}): Outcome => ({
  deliveryId: o.delivery.id,
  messageId: o.delivery.messageId,
  conversationId: o.delivery.conversationId,
  tenantId: o.outlet.tenantId,
  claimedBy: o.claimedBy,
  ...ended("uncertain", { errorCode: "uncertain", errorText: "The hub stopped while it was sending this." }),
});

/** Claimed, but the account ended before anything went out. */
export const unsent = (o: {
  readonly outlet: Outlet;
  readonly claim: string;
  readonly claimed: readonly Claimed[];
  readonly now: Date;
}): readonly Outcome[] =>
  o.claimed.map((delivery) => ({
    deliveryId: delivery.id,
    messageId: delivery.messageId,
    conversationId: delivery.conversationId,
    tenantId: o.outlet.tenantId,
    claimedBy: o.claim,
    ...ended("queued", { nextAt: o.now, counted: false }),
  }));
