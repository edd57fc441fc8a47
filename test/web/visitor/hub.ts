import { type AccountId, type Hub, type Inbound, type ThreadKey, type TranscriptLine } from "#contract";

export interface TestFile {
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: Uint8Array;
}

/** The hub a widget test stands on: threads in memory, in the order things were stored. */
export const makeHub = (input: { readonly account: AccountId; readonly fileUrl: (index: number) => string }) => {
  const threads = new Map<string, TranscriptLine[]>();
  const readSeq = new Map<string, number>();
  const memory = new Map<string, string>();
  const events: Inbound[] = [];
  const files: TestFile[] = [];
  const listeners = new Set<(thread: ThreadKey, event: string, payload: unknown) => void>();
  const waiting = new Set<() => void>();
  let away = false;

  const wake = (): void => {
    for (const check of waiting) check();
  };

  const add = (thread: string, line: Omit<TranscriptLine, "seq" | "attachments">, attached: readonly TestFile[]) => {
    const lines = threads.get(thread) ?? [];
    threads.set(thread, lines);
    if (lines.some(({ clientId }) => clientId === line.clientId)) return;
    const attachments = attached.map((file) => {
      files.push(file);
      return {
        name: file.name,
        mimeType: file.mimeType,
        bytes: file.bytes.length,
        url: input.fileUrl(files.length - 1),
      };
    });
    lines.push({ ...line, attachments, seq: lines.length + 1 });
  };

  const readAll = async (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source) chunks.push(chunk);
    return new Uint8Array(Buffer.concat(chunks));
  };

  const hub: Hub = {
    async receive(event) {
      if (away) throw new Error("the database is away");
      if (event.type === "message") {
        const attached: TestFile[] = [];
        for (const file of event.attachments)
          attached.push({ name: file.name, mimeType: file.mimeType, bytes: await readAll(await file.open()) });
        const { id, text, sentAt, thread } = event;
        const author = { name: event.from.name ?? "" };
        add(thread, { id, clientId: id, direction: "in", text, author, at: sentAt }, attached);
      }
      if (event.type === "seen") {
        const seq = threads.get(event.thread)?.find(({ clientId }) => clientId === event.id)?.seq ?? 0;
        readSeq.set(event.thread, Math.max(seq, readSeq.get(event.thread) ?? 0));
      }
      events.push(event);
      wake();
    },
    status() {},
    alive: () => undefined,
    folder: () => Promise.reject(new Error("no folder here")),
    browser: { flags: [] },
    vault: { get: async () => undefined, set: async () => undefined },
    frozen: { get: async () => undefined, setOnce: () => Promise.reject(new Error("nothing is frozen")) },
    memory: {
      get: async (key) => memory.get(key),
      set: async (key, value) => void memory.set(key, value),
      setOnce: async (key, value) => {
        const kept = memory.get(key) ?? value;
        memory.set(key, kept);
        return kept;
      },
    },
    async transcript(thread, { after = 0, before = Infinity, limit }) {
      const lines = (threads.get(thread) ?? []).filter(({ seq }) => seq > after && seq < before);
      const page = Number.isFinite(before) ? lines.slice(-limit) : lines.slice(0, limit);
      return { lines: page, more: page.length < lines.length, readSeq: readSeq.get(thread) ?? 0 };
    },
    tell(thread, event, payload) {
      for (const listener of listeners) listener(thread, event, payload);
    },
    log: { info() {}, warn() {} },
    now: () => new Date(),
  };

  return {
    hub,
    events,
    files,
    memory,
    threads,
    onTell: (listener: (thread: ThreadKey, event: string, payload: unknown) => void) => void listeners.add(listener),
    /** While away nothing is stored. */
    goAway: (gone: boolean): void => {
      away = gone;
    },
    agentLine: (
      thread: string,
      line: Omit<TranscriptLine, "seq" | "attachments">,
      attached: readonly TestFile[] = [],
    ) => add(thread, line, attached),
    messages: () => events.filter((event) => event.type === "message"),
    /** Resolves with what `probe` found, as soon as an event makes it true. */
    when: <T>(says: string, probe: () => T | undefined | false, withinMs = 15_000): Promise<T> =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = probe();
          if (found === undefined || found === false) return;
          clearTimeout(late);
          waiting.delete(check);
          resolve(found);
        };
        const late = setTimeout(() => {
          waiting.delete(check);
          reject(new Error(`waited in vain: ${says}`));
        }, withinMs);
        waiting.add(check);
        check();
      }),
  };
};
