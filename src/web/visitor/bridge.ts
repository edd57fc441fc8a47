/** What the loader on the host's page and the frame on our origin say to each other by postMessage. */

export interface Identity {
  readonly jwt?: string;
  readonly userId?: string;
  readonly hash?: string;
  readonly name?: string;
  readonly email?: string;
}

export interface ToFrame {
  readonly init: {
    readonly token: string;
    readonly identity: Identity | null;
    readonly page: string;
    readonly open: boolean;
  };
  readonly open: null;
  readonly close: null;
  /** Another tab has this token now; empty: the session was ended there. */
  readonly token: string;
  readonly identity: Identity;
  readonly logout: null;
}

export interface ToLoader {
  readonly ready: null;
  /** `keep`: may be stored on the device. An empty token is worth nothing any more. */
  readonly token: { readonly token: string; readonly keep: boolean };
  readonly color: string;
  readonly unread: number;
  readonly close: null;
  /** Leave this site at once, for this address. */
  readonly exit: string;
  /** For the site's developer: the chat goes on without it. */
  readonly problem: string;
}

export type Note<M> = {
  readonly [K in keyof M]: { readonly linka: 1; readonly type: K; readonly data: M[K] };
}[keyof M];

export const isNote = <M>(data: unknown): data is Note<M> =>
  typeof data === "object" && data !== null && "linka" in data && data.linka === 1 && "type" in data;
