import type { Connection, Peer } from "#contract";

/** A customer's socket as the bench holds it. */
export interface LivePeer {
  /** Rejects with what the connector threw. */
  ask(event: string, payload: unknown): Promise<unknown>;
  readonly heard: readonly { readonly event: string; readonly payload: unknown }[];
  /** Why the connector closed it, if it did. */
  readonly closedBecause: string | undefined;
  leave(): void;
}

/** Stands for the server's socket rooms: who joined a thread hears what is told to it. */
export const makePeers = () => {
  const rooms = new Map<string, Set<Peer>>();
  return {
    tell(thread: string, event: string, payload: unknown): void {
      for (const peer of rooms.get(thread) ?? []) peer.tell(event, payload);
    },
    connect(connection: Connection, options: { readonly ip?: string; readonly origin?: string } = {}): LivePeer {
      if (!connection.peer) throw new Error("this channel takes no peers");
      const gone = new AbortController();
      const heard: { event: string; payload: unknown }[] = [];
      let closedBecause: string | undefined;
      let answer = async (event: string, _payload: unknown): Promise<unknown> => {
        throw new Error(`nobody answers "${event}"`);
      };
      const leave = (): void => {
        for (const room of rooms.values()) room.delete(peer);
        gone.abort();
      };
      const peer: Peer = {
        ip: options.ip ?? "127.0.0.1",
        origin: options.origin,
        closed: gone.signal,
        onAsk(handler) {
          answer = handler;
        },
        tell: (event, payload) => void heard.push({ event, payload }),
        join(thread) {
          const room = rooms.get(thread) ?? new Set();
          rooms.set(thread, room.add(peer));
        },
        close(reason) {
          closedBecause = reason;
          leave();
        },
      };
      connection.peer(peer);
      return {
        heard,
        leave,
        ask: (event, payload) => answer(event, payload),
        get closedBecause() {
          return closedBecause;
        },
      };
    },
  };
};
