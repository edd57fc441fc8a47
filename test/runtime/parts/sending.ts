import { uuid } from "#core/uuid";
import type { MessageRecord } from "#core/records";
import { type Node, startNode } from "./node.ts";
import { type Remote, startRemote } from "./remote.ts";
import { scripted } from "./scripted.ts";
import {
  addAccount,
  addAgent,
  addTenant,
  type Agent,
  type Case,
  openWorld,
  type Tenant,
  until,
  type World,
} from "./world.ts";

interface DeliveryColumns {
  id: string;
  state: string;
  attempts: number;
  error_code: string | null;
  error_text: string | null;
  next_at: Date | null;
  provider_id: string | null;
}

/** A running outbound side with one agent, and a fresh remote for every test. */
export interface Sending {
  readonly world: World;
  readonly node: Node;
  readonly tenant: Tenant;
  readonly agent: Agent;
  remote: Remote;
  freshRemote(): Promise<void>;
  /** Switches every account off and ends the remote. */
  closeRemote(): Promise<void>;
  /** An account that is connected to the remote. */
  open(kind?: string, token?: string): Promise<string>;
  say(made: Case, text: string): Promise<MessageRecord>;
  deliveryOf(messageId: string): Promise<DeliveryColumns>;
  reaches(messageId: string, state: string): Promise<DeliveryColumns>;
}

export const openSending = async (): Promise<Sending> => {
  const world = await openWorld();
  const node = await startNode(world, {
    connectors: [
      scripted({ kind: "talk" }),
      scripted({ kind: "safe", idempotent: true }),
      scripted({ kind: "email", mail: true }),
    ],
  });
  const tenant = await addTenant(world.db);
  const agent = await addAgent(world.db, tenant);
  const deliveryOf = async (messageId: string): Promise<DeliveryColumns> => {
    const [row] = await world.db.query<DeliveryColumns>({
      text: "select * from delivery where message_id = $1",
      values: [messageId],
    });
    if (row === undefined) throw new Error("no delivery");
    return row;
  };
  const first = await startRemote();
  await first.stop();
  const sending: Sending = {
    world,
    node,
    tenant,
    agent,
    remote: first,
    freshRemote: async () => {
      sending.remote = await startRemote();
    },
    closeRemote: async () => {
      await world.db.query({ text: "update channel_account set enabled = false" });
      for (const { accountId } of node.supervisor.health()) await node.supervisor.reload(accountId);
      await sending.remote.stop();
    },
    open: async (kind = "talk", token) => {
      const url = sending.remote.url;
      const accountId = await addAccount(world, { tenant, kind, url, ...(token === undefined ? {} : { token }) });
      await node.supervisor.reload(accountId);
      await until("the account is led", () =>
        node.supervisor.health().some((one) => one.accountId === accountId && one.state === "online"),
      );
      return accountId;
    },
    say: (made, text) =>
      node.commands.sendMessage(agent.scope, {
        conversationId: made.conversationId,
        clientKey: uuid(),
        mode: "reply",
        text,
        uploadIds: [],
      }),
    deliveryOf,
    reaches: (messageId, state) =>
      until(`delivery becomes ${state}`, async () => {
        const row = await deliveryOf(messageId);
        return row.state === state && row;
      }),
  };
  return sending;
};
