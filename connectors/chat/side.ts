import { type Account, ConnectorError, type Hub, type ThreadKey } from "#contract";
import { type Buckets, buckets } from "./buckets.ts";
import type { Session, Sessions } from "./session.ts";
import type { Settings } from "./settings.ts";

/** What every part of the running widget channel works with. */
export interface Side {
  readonly account: Account<Settings>;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly limits: Limits;
}

/** One visitor's socket after its hello. */
export interface Here {
  session: Session;
  readonly thread: ThreadKey;
  readonly lang: string | undefined;
  readonly page: string | undefined;
}

export interface Limits {
  /** Messages of one session, over all its tabs. */
  readonly messages: Buckets;
  readonly files: Buckets;
  /** New sessions of one address. */
  readonly sessions: Buckets;
}

export const visitorLimits = ({ now }: { readonly now: () => Date }): Limits => ({
  messages: buckets({ perSecond: 1, burst: 5, now }),
  files: buckets({ perSecond: 20 / 3600, burst: 20, now }),
  sessions: buckets({ perSecond: 0.2, burst: 30, now }),
});

export const limited = (wait: number, says: string): void => {
  if (wait > 0) throw new ConnectorError("rate-limited", says, { retryAfterMs: wait });
};

/** `before` this comes the newest page of a transcript. */
export const newest = Number.MAX_SAFE_INTEGER;

/** Lines in one page of a transcript. */
export const pageSize = 40;

/** Which line the agents have read up to, kept so that it survives a reload of the widget. */
export const agentReadKey = (session: string): string => `read:${session}`;
