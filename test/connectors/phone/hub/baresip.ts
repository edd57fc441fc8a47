import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

/** A customer with a softphone by somebody else: baresip plays a WAV as its microphone and keeps what it hears. */
export interface Baresip {
  /** Presses a key during the call. */
  press(digit: string): void;
  hangUp(): void;
  /** The WAV of what it heard, once it ended. */
  heard(): Promise<Buffer>;
  output(): string;
  stop(): Promise<void>;
}

export const hasBaresip = (): boolean => existsSync("/usr/bin/baresip");

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Calls `target` at once. `port` and the one above it must be free; `dir` is its own. */
export const startBaresip = async (input: {
  readonly dir: string;
  readonly port: number;
  readonly target: string;
  readonly microphone: string;
}): Promise<Baresip> => {
  const { dir, port } = input;
  const dumps = path.join(dir, "dumps");
  await mkdir(dumps, { recursive: true });
  const config = [
    "poll_method epoll",
    `sip_listen 127.0.0.1:${port}`,
    "audio_path /usr/share/baresip",
    `audio_source aufile,${input.microphone}`,
    "audio_player aubridge,nil",
    "audio_alert aubridge,nil",
    "ausrc_srate 8000",
    "auplay_srate 8000",
    "audio_level no",
    "rtp_ports 20000-24000",
    "rtcp_mux no",
    "jitter_buffer_delay 5-10",
    "module_path /usr/lib/baresip/modules",
    ...["stdio", "g711", "aufile", "aubridge", "sndfile"].map((name) => `module ${name}.so`),
    "module_tmp account.so",
    "module_app menu.so",
    `snd_path ${dumps}`,
  ];
  await writeFile(path.join(dir, "config"), `${config.join("\n")}\n`);
  const account = `<sip:jana@127.0.0.1:${port}>;regint=0;audio_codecs=PCMA`;
  await writeFile(path.join(dir, "accounts"), `${account}\n`);
  await writeFile(path.join(dir, "contacts"), "\n");
  const child = spawn("baresip", ["-f", dir, "-e", `/dial ${input.target}`], { stdio: ["pipe", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  const read = (chunk: Buffer): void => {
    // It prints a status line without end.
    output = (output + chunk.toString("latin1")).slice(-20_000);
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  child.stdin.on("error", () => undefined);
  const ended = new Promise<void>((done) => {
    child.once("exit", () => {
      running.delete(child);
      done();
    });
  });
  return {
    press: (digit) => void child.stdin.write(digit),
    hangUp: () => void child.stdin.write("b"),
    output: () => output,
    heard: async () => {
      const name = (await readdir(dumps)).find((file) => file.includes("dec") && file.endsWith(".wav"));
      if (name === undefined) throw new Error(`baresip heard nothing:\n${output}`);
      return readFile(path.join(dumps, name));
    },
    stop: async () => {
      child.kill("SIGINT");
      const patience = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(patience);
    },
  };
};
