import { Refused } from "#core/refused";
import { uuid } from "#core/uuid";
import type { Commands } from "#runtime/commands";
import type { Takes } from "#wire";
import { quietCommands } from "./node.ts";
import { scripted } from "./scripted.ts";
import {
  addAccount,
  addAgent,
  addCase,
  addTenant,
  type Agent,
  type Case,
  openWorld,
  type Tenant,
  type World,
} from "./world.ts";

interface ConversationColumns {
  version: number;
  last_seq: number;
  status: string;
  assignee_id: string | null;
  queue_id: string | null;
  waiting_since: Date | null;
  unread: number;
  preview: string;
  last_direction: string;
  snoozed_until: Date | null;
}

/** Two agents of one client company with a chat and a mailbox; what they send stays in the outbox. */
export interface Desk {
  readonly world: World;
  readonly commands: Commands;
  readonly tenant: Tenant;
  readonly agent: Agent;
  readonly mate: Agent;
  readonly chatId: string;
  readonly mailId: string;
  chatCase(): Promise<Case>;
  rowOf(made: Case): Promise<ConversationColumns>;
  /** Details of the event messages in the conversation's history. */
  eventsOf(made: Case): Promise<unknown[]>;
  upload(owner: Agent, o?: { mime?: string; size?: number; tenantId?: string }): Promise<string>;
}

export const reply = (made: Case, more: Partial<Takes<"message.send">> = {}): Takes<"message.send"> => ({
  conversationId: made.conversationId,
  clientKey: uuid(),
  mode: "reply",
  text: "Vyřešíme to.",
  uploadIds: [],
  ...more,
});

/** The refusal of a command that must be refused. */
export const refusal = async (work: Promise<unknown>): Promise<Refused> => {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof Refused) return thrown;
    throw thrown;
  }
  throw new Error("was not refused");
};

export const openDesk = async (): Promise<Desk> => {
  const world = await openWorld();
  const tenant = await addTenant(world.db);
  const chatId = await addAccount(world, { tenant, kind: "talk", url: "http://127.0.0.1:9" });
  const mailId = await addAccount(world, { tenant, kind: "email", url: "http://127.0.0.1:9" });
  return {
    world,
    tenant,
    chatId,
    mailId,
    commands: quietCommands(world, [scripted({ kind: "talk" }), scripted({ kind: "email", mail: true })]),
    agent: await addAgent(world.db, tenant),
    mate: await addAgent(world.db, tenant, { alias: "Karel" }),
    chatCase: () => addCase(world, { tenant, accountId: chatId }),
    rowOf: async (made) => {
      const [row] = await world.db.query<ConversationColumns>({
        text: "select * from conversation where id = $1",
        values: [made.conversationId],
      });
      if (row === undefined) throw new Error("no row");
      return row;
    },
    eventsOf: async (made) => {
      const rows = await world.db.query<{ detail: unknown }>({
        text: "select detail from message where conversation_id = $1 and direction = 'event' order by seq",
        values: [made.conversationId],
      });
      return rows.map((row) => row.detail);
    },
    upload: async (owner, o = {}) => {
      const id = uuid();
      await world.db.query({
        text: `insert into upload (id, tenant_id, owner_type, owner_id, name, mime, size, blob_key)
          values ($1, $2, 'agent', $3, 'faktura.txt', $4, $5, 'blob')`,
        values: [id, o.tenantId ?? tenant.id, owner.id, o.mime ?? "text/plain", o.size ?? 10],
      });
      return id;
    },
  };
};
