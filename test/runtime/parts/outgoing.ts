import { uuid } from "#core/uuid";
import type { Outbound } from "#contract";
import type { MessageRecord } from "#core/records";
import type { Takes } from "#wire";
import { type Captured, capture } from "./capture.ts";
import { reply } from "./desk.ts";
import { type Node, startNode } from "./node.ts";
import {
  addAccount,
  addAgent,
  addCase,
  addTenant,
  type Agent,
  type Case,
  openWorld,
  type Tenant,
  until,
  type World,
} from "./world.ts";

/** A mailbox and a messenger with a reply window, one agent: everything an answer can carry, down to the channel. */
export interface Outgoing {
  readonly world: World;
  readonly node: Node;
  readonly tenant: Tenant;
  readonly agent: Agent;
  readonly mail: Captured;
  readonly talk: Captured;
  readonly mailId: string;
  readonly talkId: string;
  letterCase(): Promise<Case>;
  talkCase(windowUntil?: Date | null): Promise<Case>;
  send(made: Case, more?: Partial<Takes<"message.send">>): Promise<MessageRecord>;
  arrived(at: Captured, key: string): Promise<Outbound>;
  /** An address the customer typed somewhere: claimed, not proved. */
  identityOf(made: Case, kind: string, value: string): Promise<string>;
  stop(): Promise<void>;
}

export const openOutgoing = async (): Promise<Outgoing> => {
  const mail = capture({ kind: "email", mail: true });
  const talk = capture({ kind: "talk", windowHours: 24 });
  const world = await openWorld();
  const node = await startNode(world, { connectors: [mail.connector, talk.connector] });
  const tenant = await addTenant(world.db, { undoSeconds: { email: 0 }, locale: "cs", timezone: "Europe/Prague" });
  const agent = await addAgent(world.db, tenant);
  const mailId = await addAccount(world, { tenant, kind: "email", url: "" });
  const talkId = await addAccount(world, { tenant, kind: "talk", url: "" });
  await world.db.query({
    text: "update channel_account set address = 'podpora@firma.test' where id = $1",
    values: [mailId],
  });
  for (const id of [mailId, talkId]) {
    await node.supervisor.reload(id);
    await until(
      "the account is led",
      () => node.supervisor.health().some((one) => one.accountId === id && one.leading),
      20_000,
    );
  }
  return {
    world,
    node,
    tenant,
    agent,
    mail,
    talk,
    mailId,
    talkId,
    letterCase: () => addCase(world, { tenant, accountId: mailId }),
    talkCase: (windowUntil = new Date(world.clock.now().getTime() + 3_600_000)) =>
      addCase(world, { tenant, accountId: talkId, windowUntil }),
    send: (made, more = {}) => node.commands.sendMessage(agent.scope, reply(made, more)),
    arrived: (at, key) =>
      until("the channel has the message", () => at.sent.findLast((one) => one.key === key), 20_000),
    identityOf: async (made, kind, value) => {
      const id = uuid();
      await world.db.query({
        text: `insert into identity (id, tenant_id, contact_id, kind, scope, value_hash, value_enc, display)
          values ($1, $2, $3, $4, 'claimed:x', $5, $6, '•••')`,
        values: [
          id,
          tenant.id,
          made.contactId,
          kind,
          world.secrets.keyedHash("identity", id),
          Buffer.from(world.secrets.seal("identity", value, tenant.id)),
        ],
      });
      return id;
    },
    stop: async () => {
      await node.stop();
      await world.close();
    },
  };
};
