import type { Config } from "#config";
import type { Connector } from "#contract";
import type { Log } from "#core/log";
import type { Metrics } from "./metrics.ts";
import type { StoredChange } from "#core/records";
import type { Scope } from "#core/scope";
import type { Commands, Supervisor } from "../runtime/ports.ts";
import type { Secrets } from "../secrets.ts";
import type { Db } from "#store/db";
import type { Files } from "#store/files";
import type { FileLinks } from "#store/links";
import type { Prisma } from "#store/prisma";
import type { SessionLife } from "#store/sessions";
import type { Scopes } from "./auth/scopes.ts";
import type { Auth } from "./auth/who.ts";
import type { LatePublisher } from "./live/publisher.ts";

/** What the server asks of the journal. */
interface JournalDoor {
  replay(input: { readonly scope: Scope; readonly id: string }): Promise<unknown>;
  /** Events accepted and not yet committed: above a bound, webhooks are told to come back later. */
  stats(): { readonly waiting: number };
}

/** What `startServer` is given; main.ts builds it. */
export interface ServerParts {
  readonly config: Pick<Config, "port" | "host" | "publicUrl" | "trustProxy" | "uploadMaxBytes">;
  readonly db: Db;
  readonly prisma: Prisma;
  readonly files: Files;
  readonly links: FileLinks;
  readonly secrets: Secrets;
  readonly commands: Commands;
  readonly supervisor: Supervisor;
  readonly journal: JournalDoor;
  /** Left out, the server counts on its own. */
  readonly metrics?: Metrics;
  readonly connectors: readonly Connector[];
  readonly publisher: LatePublisher;
  /** A feed position below which everything was told; without it this is the only node. */
  readonly settled?: () => string;
  readonly log: Log;
  readonly now: () => Date;
  readonly version: string;
  /** Folder with desk/ and visitor/ as vite built them. */
  readonly dist: string;
  readonly tuning?: Partial<Tuning>;
}

/** Numbers a test may want smaller. Times in milliseconds. */
export interface Tuning {
  readonly session: SessionLife;
  /** How often sockets are checked against sessions and memberships. */
  readonly sweepMs: number;
  /** How often desks are told their position in the feed; above any delay between a commit and its telling. */
  readonly positionMs: number;
  /** A client that is so many bytes or packets behind is disconnected: it resumes by cursor. */
  readonly slowBytes: number;
  readonly slowPackets: number;
  /** Sockets without a session (visitors) one address may hold, and new ones it may open in ten seconds. */
  readonly visitorSockets: number;
  readonly visitorHandshakes: number;
  /** Requests a minute of one address without a session, and of one session. */
  readonly anonymousPerMinute: number;
  readonly sessionPerMinute: number;
  /** Webhooks are answered 503 while so many events wait in the journal. */
  readonly journalBound: number;
  /** Bytes of webhook bodies in memory at once; what comes above is answered 503. */
  readonly hookBytes: number;
}

const minute = 60_000;
export const defaultTuning: Tuning = {
  session: { idleMs: 720 * minute, absoluteMs: 16 * 60 * minute, rotateMs: 15 * minute, graceMs: minute },
  sweepMs: 5_000,
  positionMs: 15_000,
  slowBytes: 2_000_000,
  slowPackets: 2_000,
  visitorSockets: 100,
  visitorHandshakes: 60,
  anonymousPerMinute: 600,
  sessionPerMinute: 1_200,
  journalBound: 5_000,
  hookBytes: 128 * 1024 * 1024,
};

/** What routes may tell the live side. */
export interface LiveDoor {
  /** Rights of the user may have changed: rooms are left or joined at once. */
  refreshUser(userId: string): Promise<void>;
  endSessions(ids: readonly string[], reason: "logged-out" | "revoked" | "expired"): void;
  sockets(): number;
}

/** What every route handler can reach. */
export interface Context extends Omit<ServerParts, "tuning" | "publisher"> {
  readonly tuning: Tuning;
  readonly scopes: Scopes;
  readonly auth: Auth;
  readonly live: LiveDoor;
  readonly secure: boolean;
  /** Shows committed changes on the screens that may see them. */
  publish(changes: readonly StoredChange[]): void;
  /** Where browsers and channels reach us, without a slash at the end. */
  origin(): string;
}
