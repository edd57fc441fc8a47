import type { Identity } from "../bridge.ts";
import { fromWire, highestSeq, type Line, merge, newKey, seenUpTo } from "./lines.ts";
import { Refused, type Socket } from "./mini-io.ts";
import type { Answered, Asked, Page, Told, WireLine } from "./protocol.ts";
import { fileRefusal, reasonOf } from "./refusals.ts";
import { nothingYet, type Parts, type State } from "./state.ts";

const typingForMs = 6_000;
const retryAfterMs = 1_300;

/** The conversation of one tab, without a screen: what is known, what is on its way, what comes back. */
export const createChat = (parts: Parts) => {
  let state: State = nothingYet;
  const listeners = new Set<() => void>();
  const files = new Map<string, File>();
  const emails = new Map<string, string>();
  let socket: Socket | undefined;
  let token = "";
  let keep = true;
  /** Everything up to this seq is held. Moved by pages alone: a live line says nothing about what lies before it. */
  let cursor: number | undefined;
  let page: string | undefined;
  let identity: Identity | null = null;
  let flushing = false;
  let typingTimer: ReturnType<typeof setTimeout> | undefined;
  let readKey = "";

  const set = (patch: Partial<State>): void => {
    state = { ...state, ...patch };
    for (const listener of listeners) listener();
  };
  const patchLine = (key: string, patch: Partial<Line>): void =>
    set({
      lines: merge(
        [],
        state.lines.map((line) => (line.key === key ? { ...line, ...patch } : line)),
      ),
    });

  const ask = async <E extends keyof Asked>(event: E, payload: Asked[E]): Promise<Answered[E]> => {
    if (!socket) throw new Refused({ code: "closed", says: "closed" });
    return (await socket.ask(event, payload)) as Answered[E];
  };
  /** For news nobody waits for; what matters is told again after a reconnect. */
  const mention = <E extends keyof Asked>(event: E, payload: Asked[E]): void =>
    void ask(event, payload).catch(() => {});

  const hold = (next: string): void => {
    token = next;
    parts.keepToken(token, keep);
  };

  const acknowledge = (lines: readonly WireLine[]): void => {
    const ids = lines
      .filter(({ from, state }) => from === "agent" && state !== "delivered" && state !== "read")
      .map(({ key }) => key)
      .slice(-50);
    if (ids.length > 0) mention("got", { ids });
  };

  const look = (): void => {
    if (!state.open || !parts.visible()) return;
    const last = state.lines.findLast(({ from, state }) => from === "agent" && state === "stored");
    if (!last?.unseen || last.key === readKey) return;
    readKey = last.key;
    set({ lines: seenUpTo(state.lines, last.key) });
    mention("read", { id: last.key });
  };

  const take = (got: Page): void => {
    set({
      lines: merge(
        state.lines,
        got.lines.map((line) => fromWire(line, got.readSeq)),
      ),
    });
    acknowledge(got.lines);
    look();
  };

  const catchUp = async (): Promise<void> => {
    for (let more = true; more;) {
      const got = await ask("after", { seq: cursor ?? 0 });
      cursor = highestSeq(got.lines, cursor ?? 0);
      take(got);
      more = got.more && got.lines.length > 0;
    }
  };

  const forget = (): void => {
    token = "";
    cursor = undefined;
    readKey = "";
    files.clear();
    set({ lines: [], older: false, agentRead: null, typing: false });
  };

  const hello = async (): Promise<void> => {
    const after = cursor;
    const session = token.split(".")[0];
    const welcome = await ask("hello", {
      host: parts.host,
      lang: parts.lang,
      ...(token ? { token } : {}),
      ...(page ? { page } : {}),
      ...(identity ? { identity } : {}),
      ...(after === undefined ? {} : { after }),
    });
    if (session && welcome.token.split(".")[0] !== session) forget();
    keep = welcome.keep;
    hold(welcome.token);
    const { look, form, agentRead } = welcome;
    set({ phase: "chat", up: true, look, form, agentRead: agentRead ?? state.agentRead });
    if (after === undefined) set({ older: welcome.more });
    cursor = welcome.cursor;
    take(welcome);
    if (after !== undefined && welcome.more) await catchUp();
    void flush();
  };

  /** A token or an identity that is not believed is dropped and the chat goes on without; a refused site ends it. */
  const begin = async (): Promise<void> => {
    try {
      await hello();
    } catch (thrown) {
      const code = thrown instanceof Refused ? thrown.code : "failed";
      if (code === "closed") return;
      if ((code === "auth" || code === "unauthorized") && token) {
        parts.keepToken("", false);
        forget();
      } else if ((code === "rejected" || code === "bad-request" || code === "forbidden") && identity) {
        identity = null;
        parts.problem("identity refused");
      } else if (code === "rejected" || code === "bad-request" || code === "forbidden") {
        set({ phase: "refused" });
        socket?.close();
        return;
      } else {
        setTimeout(() => socket?.restart(), 3_000);
        return;
      }
      await begin();
    }
  };

  const told: { readonly [E in keyof Told]: (payload: Told[E]) => void } = {
    line({ seq: _place, ...line }) {
      const known = state.lines.some(({ key }) => key === line.key);
      const fresh = fromWire(line, null);
      set({ lines: merge(state.lines, [fresh]), ...(line.from === "agent" ? { typing: false } : {}) });
      if (line.files.some(({ url }) => url === undefined)) void catchUp().catch(() => {});
      if (known || line.from === "visitor") return;
      acknowledge([line]);
      parts.arrived({ ...fresh, order: 0 });
      look();
    },
    typing({ active }) {
      clearTimeout(typingTimer);
      if (active) typingTimer = setTimeout(() => set({ typing: false }), typingForMs);
      set({ typing: active });
    },
    read: ({ id }) => set({ agentRead: id }),
    seen: ({ id }) => set({ lines: seenUpTo(state.lines, id) }),
    ended() {
      parts.keepToken("", false);
      forget();
      set({ phase: "ended" });
      socket?.close();
      socket = undefined;
    },
  };

  const deliver = async (line: Line): Promise<void> => {
    const file = files.get(line.key);
    if (file) {
      const progress = (part: number): void => patchLine(line.key, { progress: part });
      await parts.upload({ token, id: line.key, text: line.text, file, progress });
      files.delete(line.key);
      patchLine(line.key, { state: "stored" });
      void catchUp().catch(() => {});
      return;
    }
    const email = emails.get(line.key);
    const answer = await ask("send", { id: line.key, text: line.text, ...(email ? { email } : {}) });
    if (answer.token) {
      hold(answer.token);
    }
    patchLine(line.key, { state: "stored", at: Date.parse(answer.at) });
  };

  /** One at a time and in order. A cut leaves the line waiting: the same id makes the repetition harmless. */
  const flush = async (): Promise<void> => {
    if (flushing) return;
    flushing = true;
    let waits = 0;
    for (;;) {
      const line = state.lines.find(({ state }) => state === "sending");
      if (!line || !state.up) break;
      try {
        await deliver(line);
        waits = 0;
      } catch (thrown) {
        const code = thrown instanceof Refused ? thrown.code : "failed";
        if (code === "closed") break;
        if (code === "rate-limited" && waits < 5 && !files.has(line.key)) {
          waits += 1;
          await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
        } else patchLine(line.key, { state: "failed", reason: reasonOf(code) });
      }
    }
    flushing = false;
  };

  const start = (): void => {
    if (socket) return;
    set({ phase: "chat", up: false, downSince: Date.now() });
    socket = parts.connect({
      up: () => void begin(),
      down: () => set({ up: false, downSince: Date.now(), typing: false }),
      told(event, payload) {
        if (Object.hasOwn(told, event)) told[event as keyof Told](payload as never);
      },
    });
  };

  const add = (line: Pick<Line, "key" | "text" | "files" | "state"> & Pick<Partial<Line>, "reason">): void => {
    set({ lines: merge(state.lines, [{ ...line, from: "visitor", author: { name: "" }, at: Date.now() }]) });
    void flush();
  };

  return {
    state: () => state,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** What the loader knows. With a session the chat begins at once, else when the visitor opens it. */
    init(input: { token: string; page: string; identity: Identity | null; open: boolean }): void {
      ({ token, page, identity } = input);
      set({ open: input.open });
      if (token || input.open) start();
    },
    opened(open: boolean): void {
      set({ open });
      if (open && state.phase === "idle") start();
      if (open) socket?.hurry();
      look();
    },
    /** The tab came to the front, the network came back. */
    awake(): void {
      socket?.hurry();
      look();
    },
    /** Another tab holds this token now. */
    adopt(next: string): void {
      if (next === token) return;
      if (!next) {
        told.ended({});
        return;
      }
      if (next.split(".")[0] !== token.split(".")[0]) forget();
      token = next;
      if (socket) socket.restart();
      else start();
    },
    identify(next: Identity): void {
      identity = next;
      socket?.restart();
    },
    async logout(): Promise<void> {
      await ask("logout", {}).catch(() => {});
      told.ended({});
      set({ phase: state.open ? "ended" : "idle" });
    },
    again(): void {
      start();
    },
    send: (text: string, email?: string): void => {
      const key = newKey();
      if (email) emails.set(key, email);
      add({ key, text, files: [], state: "sending" });
    },
    attach(file: File): void {
      const key = newKey();
      files.set(key, file);
      const reason = fileRefusal(state.look, file);
      add({
        key,
        text: "",
        files: [{ name: file.name, type: file.type, bytes: file.size }],
        ...(reason ? { state: "failed", reason } : { state: "sending" }),
      });
    },
    retry(key: string): void {
      patchLine(key, { state: "sending" });
      void flush();
    },
    discard(key: string): void {
      files.delete(key);
      set({ lines: state.lines.filter((line) => line.key !== key) });
    },
    typing: (active: boolean): void => mention("typing", { active }),
    mute: (muted: boolean): void => set({ muted }),
    async fill(values: Record<string, string>): Promise<void> {
      const answer = await ask("form", { values });
      hold(answer.token);
      set({ form: [] });
    },
    async loadOlder(): Promise<void> {
      const first = state.lines.find(({ seq }) => seq !== undefined);
      if (!first?.seq) return;
      const got = await ask("before", { seq: first.seq });
      set({
        older: got.more,
        lines: merge(
          state.lines,
          got.lines.map((line) => fromWire(line, Infinity)),
        ),
      });
    },
  };
};

export type Chat = ReturnType<typeof createChat>;
