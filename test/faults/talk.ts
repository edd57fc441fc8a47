import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import type { Fixture } from "../support/fixture.ts";
import type { Dovecot } from "../fakes/dovecot.ts";
import { makeAgent } from "./agent.ts";
import { chatVisitor, type Customer, loopbackCustomer, mailCustomer } from "./customers.ts";
import { mailbox } from "./world.ts";

/** Polls until it is done; throws with what was waited for. */
export const until = async (
  done: () => Promise<boolean> | boolean,
  withinMs: number,
  what: string | (() => string),
): Promise<void> => {
  const end = Date.now() + withinMs;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`waited ${withinMs} ms for: ${typeof what === "string" ? what : what()}`);
    await pause(25);
  }
};

/** Whether nothing waits to be sent or filed. */
export const settled = async (databaseUrl: string): Promise<boolean> => {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ n: number }>(
      `select (select count(*) from delivery where state in ('held', 'queued', 'sending'))::int
            + (select count(*) from inbound_event where state = 'new')::int as n`,
    );
    return rows[0]?.n === 0;
  } finally {
    await client.end();
  }
};

/** People who talk until told to stop; each finishes the sentence it has begun. */
export const talking = (world: {
  readonly url: string;
  readonly fixture: Fixture;
  readonly dovecot: Dovecot | null;
}) => {
  const { url, fixture } = world;
  const customers: Customer[] = fixture.accounts.flatMap((account, a) =>
    [0, 1].map((n) =>
      loopbackCustomer({ url, hookPath: account.hookPath, hookSecret: fixture.hookSecret, thread: `t${a}${n}` }),
    ),
  );
  if (fixture.chatAccountId !== null) {
    customers.push(chatVisitor({ url, account: fixture.chatAccountId, name: "v0" }));
  }
  const { dovecot } = world;
  if (dovecot !== null) {
    customers.push(mailCustomer({ name: "m0", deliver: (mail) => dovecot.deliver(mail, mailbox) }));
  }
  const agent = makeAgent({ url, cookie: fixture.users[0]?.cookie ?? "" });
  const on = { talk: true };
  const loops = customers.map(async (customer) => {
    while (on.talk) {
      await customer.say();
      await pause(15);
    }
  });
  loops.push(
    (async () => {
      while (on.talk) {
        for (const conversation of await agent.conversations()) {
          if (on.talk && conversation.contact.startsWith("t")) await agent.answer(conversation);
        }
        await pause(25);
      }
    })(),
  );
  return {
    customers,
    agent,
    cut: () => {
      for (const customer of customers) customer.cut();
      agent.cut();
    },
    stop: async () => {
      on.talk = false;
      await Promise.all(loops);
    },
  };
};
