import { Refused, type Socket } from "./mini-io.ts";

/** off: no call. blocked: no microphone. busy: the line takes none now. lost: it broke off or could not be made. */
export type CallPhase = "off" | "connecting" | "ringing" | "talking" | "ended" | "blocked" | "busy" | "lost";
export interface CallState {
  readonly phase: CallPhase;
  /** Epoch ms; since when it is talked. */
  readonly since: number;
  readonly muted: boolean;
}

interface Parts {
  /** A socket to the phone line. */
  readonly connect: (
    line: string,
    on: { up: () => void; down: () => void; told: (event: string, payload: unknown) => void },
  ) => Socket;
  /** The account of this chat: who calls is who writes here. */
  readonly account: string;
}

/** The hub's own candidates are in its offer; waiting longer for ours would only delay the call. */
const gatherMs = 1_000;

const gathered = (peer: RTCPeerConnection): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, gatherMs);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") done();
    });
  });

/** A telephone in the page: the visitor's microphone and loudspeaker on the company's line. */
export const createCall = (parts: Parts) => {
  const idle: CallState = { phase: "off", since: 0, muted: false };
  let state = idle;
  const listeners = new Set<() => void>();
  let socket: Socket | undefined;
  let peer: RTCPeerConnection | undefined;
  let microphone: MediaStream | undefined;
  const speaker = new Audio();

  const set = (patch: Partial<CallState>): void => {
    state = { ...state, ...patch };
    for (const listener of listeners) listener();
  };
  const end = (phase: CallPhase): void => {
    peer?.close();
    socket?.close();
    for (const track of microphone?.getTracks() ?? []) track.stop();
    speaker.srcObject = null;
    peer = socket = microphone = undefined;
    set({ phase, muted: false });
  };
  const told = (payload: unknown): void => {
    const { state: next } = payload as { state: "ringing" | "talking" | "ended" };
    if (next === "ended") end("ended");
    else set({ phase: next, ...(next === "talking" ? { since: Date.now() } : {}) });
  };
  const begin = async (session: string): Promise<void> => {
    const line = socket;
    if (!line || !microphone) return;
    const { sdp } = (await line.ask("call", { account: parts.account, session })) as { sdp: string };
    const connection = new RTCPeerConnection();
    peer = connection;
    connection.addEventListener("track", ({ track }) => {
      speaker.srcObject = new MediaStream([track]);
      void speaker.play().catch(() => {});
    });
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "failed" && connection === peer) end("lost");
    });
    await connection.setRemoteDescription({ type: "offer", sdp });
    for (const track of microphone.getTracks()) connection.addTrack(track, microphone);
    await connection.setLocalDescription(await connection.createAnswer());
    await gathered(connection);
    await line.ask("answer", { sdp: connection.localDescription?.sdp ?? "" });
  };

  return {
    state: () => state,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async start(line: string, session: string): Promise<void> {
      if (socket || state.phase === "connecting") return;
      set({ phase: "connecting", since: 0 });
      try {
        microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
      } catch {
        end("blocked");
        return;
      }
      const fail = (why: unknown): void => end(why instanceof Refused && why.code === "rate-limited" ? "busy" : "lost");
      let asked = false;
      socket = parts.connect(line, {
        up() {
          if (asked) return;
          asked = true;
          void begin(session).catch(fail);
        },
        down() {
          // A call does not survive its line: the hub has hung up by then. After our own end it says nothing new.
          if (socket) end("lost");
        },
        told: (event, payload) => {
          if (event === "state") told(payload);
        },
      });
    },
    hangUp(): void {
      void socket?.ask("hangup", {}).catch(() => {});
      end("ended");
    },
    mute(on: boolean): void {
      for (const track of microphone?.getTracks() ?? []) track.enabled = !on;
      set({ muted: on });
    },
    press(digit: string): void {
      void socket?.ask("digit", { digit }).catch(() => {});
    },
    dismiss: () => set(idle),
  };
};
export type Call = ReturnType<typeof createCall>;
