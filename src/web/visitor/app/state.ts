import { useLayoutEffect, useState } from "preact/hooks";
import type { Line } from "./lines.ts";
import type { Socket } from "./mini-io.ts";
import type { FormField, Look } from "./protocol.ts";
import type { Upload } from "./upload.ts";

export interface State {
  /** idle: not begun, nothing is asked of the hub. refused: this site or page gets no chat. */
  readonly phase: "idle" | "chat" | "refused" | "ended";
  readonly up: boolean;
  /** Since when the connection is away, for a banner that does not flicker. */
  readonly downSince: number;
  readonly lines: readonly Line[];
  readonly older: boolean;
  readonly look: Look | null;
  readonly form: readonly FormField[];
  readonly typing: boolean;
  readonly agentRead: string | null;
  readonly open: boolean;
  readonly muted: boolean;
}

export interface Parts {
  readonly host: string;
  readonly lang: string;
  readonly connect: (on: {
    up: () => void;
    down: () => void;
    told: (event: string, payload: unknown) => void;
  }) => Socket;
  readonly upload: Upload;
  /** Hands the token to the loader; empty = worth nothing any more. */
  readonly keepToken: (token: string, keep: boolean) => void;
  readonly problem: (text: string) => void;
  readonly arrived: (line: Line) => void;
  readonly visible: () => boolean;
}

export const nothingYet: State = {
  phase: "idle",
  up: false,
  downSince: 0,
  lines: [],
  older: false,
  look: null,
  form: [],
  typing: false,
  agentRead: null,
  open: false,
  muted: false,
};

/** The newest state of a store, in a component that is drawn anew with it. */
export const useStore = <S>(store: { state(): S; subscribe(listener: () => void): () => void }): S => {
  const [state, setState] = useState(store.state());
  // A layout effect: a closed chat paints no frames, and what happens before an ordinary effect would be missed.
  useLayoutEffect(() => store.subscribe(() => setState(store.state())), [store]);
  return state;
};
