import type { Browser, Frozen, Hub, Inbound, Status, ThreadKey, Transcript } from "#contract";
import type { AccountRef } from "#core/inbound";
import type { Log } from "#core/log";
import type { Publisher } from "#core/records";
import { redactFields } from "#core/redact";
import { readMemory, writeMemory, writeMemoryOnce } from "#store/accounts";
import type { Db } from "#store/db";
import type { Files } from "#store/files";
import { callStore } from "./calls.ts";
import { type FrozenRow, readFrozen, writeFrozenOnce } from "#store/frozen";
import type { Secrets } from "../secrets.ts";

/** Longest value of a connector's memory, in bytes. */
const memoryMost = 64 * 1024;

export type ReadTranscript = (input: {
  readonly account: AccountRef;
  readonly thread: ThreadKey;
  readonly page: { readonly after?: number; readonly before?: number; readonly limit: number };
}) => Promise<Transcript>;

/** Files of one account, made once. A row whose file is gone (a restore without its files) counts as none. */
const frozenFiles = (input: {
  readonly db: Db;
  readonly files: Pick<Files, "put" | "read" | "stat">;
  readonly accountId: string;
  readonly tenantId: string;
}): Hub["frozen"] => {
  const { db, files, accountId, tenantId } = input;
  const open = ({ blobKey, size }: FrozenRow): Frozen => ({ bytes: size, open: () => files.read(blobKey) });
  const isHere = async ({ blobKey }: FrozenRow): Promise<boolean> => (await files.stat(blobKey)) !== null;
  return {
    get: async (key) => {
      const row = await readFrozen({ db, accountId, key });
      return row !== undefined && (await isHere(row)) ? open(row) : undefined;
    },
    setOnce: async (key, content) => {
      const { key: blobKey, size } = await files.put(content);
      const file = { blobKey, size };
      const stands = await writeFrozenOnce({ db, tenantId, accountId, key, file });
      if (await isHere(stands)) return open(stands);
      return open(await writeFrozenOnce({ db, tenantId, accountId, key, file, instead: stands.blobKey }));
    },
  };
};

/** What this node's machine has for connectors. */
export interface Machine {
  /** Made with mode 0700 when it is not there yet. */
  folder(accountId: string): Promise<string>;
  readonly browser: Browser;
}

/** The hub as one account's connection sees it. */
export const connectorHub = (input: {
  readonly db: Db;
  readonly files: Pick<Files, "put" | "read" | "stat">;
  readonly account: () => AccountRef;
  readonly receive: (event: Inbound) => Promise<void>;
  readonly status: (status: Status) => void;
  readonly alive: () => void;
  readonly machine: Machine;
  readonly secrets: Secrets;
  readonly transcript: ReadTranscript;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly now: () => Date;
  readonly redact: (text: string) => string;
}): Hub => {
  const { db, account, publisher, redact, log, secrets } = input;
  const { id: accountId, tenantId, kind } = account();
  const fieldsOf = (fields: object | undefined): object => ({ ...redactFields(fields ?? {}, redact), accountId, kind });
  const mustFit = (value: string): void => {
    if (Buffer.byteLength(value) > memoryMost) throw new RangeError("A remembered value is larger than 64 kB.");
  };
  return {
    receive: input.receive,
    status: input.status,
    alive: input.alive,
    memory: {
      get: (key) => readMemory({ db, accountId, key }),
      set: async (key, value) => {
        mustFit(value);
        await writeMemory({ db, tenantId, accountId, key, value });
      },
      setOnce: async (key, value) => {
        mustFit(value);
        return writeMemoryOnce({ db, tenantId, accountId, key, value });
      },
    },
    vault: {
      get: async (key) => {
        const sealed = await readMemory({ db, accountId, key: `vault:${key}` });
        return sealed === undefined
          ? undefined
          : secrets.openText("channel-secrets", Buffer.from(sealed, "base64"), `${accountId} ${key}`);
      },
      set: async (key, value) => {
        mustFit(value);
        const sealed = secrets.seal("channel-secrets", value, `${accountId} ${key}`);
        await writeMemory({
          db,
          tenantId,
          accountId,
          key: `vault:${key}`,
          value: Buffer.from(sealed).toString("base64"),
        });
      },
    },
    frozen: frozenFiles({ db, files: input.files, accountId, tenantId }),
    folder: () => input.machine.folder(accountId),
    browser: input.machine.browser,
    calls: callStore({ db, files: input.files, secrets, publisher, account, now: input.now }),
    transcript: (thread, page) => input.transcript({ account: account(), thread, page }),
    tell: (thread, event, payload) => publisher.tell({ accountId, thread, event, payload }),
    log: {
      info: (text, fields) => log.info(fieldsOf(fields), redact(text)),
      warn: (text, fields) => log.warn(fieldsOf(fields), redact(text)),
    },
    now: input.now,
  };
};
