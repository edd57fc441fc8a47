import { useRef, useState } from "react";
import type { UploadView } from "#wire";
import { explain } from "../actions.ts";
import { useDesk } from "../context.ts";

/** The formatted side of a letter: its HTML and the pictures in it. The text itself is the composer's draft. */
export interface RichState {
  readonly on: boolean;
  readonly toggle: () => void;
  /** Grows when the editor must begin anew. */
  readonly turn: number;
  readonly html: () => string | null;
  /** Pictures that are still in the text. */
  readonly pictures: () => readonly UploadView[];
  readonly change: (html: string) => void;
  readonly take: (file: File) => Promise<UploadView>;
  readonly clear: () => void;
}

export const useRich = (conversationId: string): RichState => {
  const { api } = useDesk();
  const [on, setOn] = useState(false);
  const [turn, setTurn] = useState(0);
  const html = useRef("");
  const taken = useRef<readonly UploadView[]>([]);
  return {
    on,
    toggle: () => setOn(!on),
    turn,
    html: () => (on ? html.current : null),
    pictures: () => (on ? taken.current.filter(({ id }) => html.current.includes(`cid:${id}`)) : []),
    change: (next) => {
      html.current = next;
    },
    take: async (file) => {
      try {
        const signal = AbortSignal.timeout(120_000);
        const upload = await api.upload({ conversationId, file, signal, onProgress: () => undefined });
        taken.current = [...taken.current, upload];
        return upload;
      } catch (thrown) {
        explain(thrown);
        throw thrown;
      }
    },
    clear: () => {
      html.current = "";
      taken.current = [];
      setTurn(turn + 1);
    },
  };
};
