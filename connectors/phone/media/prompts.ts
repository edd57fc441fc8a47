import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import type { PromptSource } from "../ports.ts";
import { builtin } from "./builtin.ts";
import { encode } from "./g711.ts";
import { type Prompt, readWav, toTelephone, WavError } from "./wav.ts";

/** A longer upload is a mistake, and would hold memory for as long as the hub runs. */
const maxBytes = 100_000_000;

/** Speech by espeak-ng, its WAV on standard output. Rejects when it is not installed or knows no such language. */
const speak = (text: string, language: string): Promise<Buffer> =>
  new Promise((done, fail) => {
    if (!/^[a-z]{2,3}(-[a-z0-9]{1,8})*$/.test(language))
      return fail(new WavError("There is no voice for this language."));
    const voice = spawn("espeak-ng", ["-v", language, "-s", "150", "--stdin", "--stdout"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const parts: Buffer[] = [];
    voice.stdout.on("data", (part: Buffer) => parts.push(part));
    voice.on("error", () => fail(new WavError("Text cannot be spoken: espeak-ng is not installed.")));
    voice.on("close", (code) => {
      if (code === 0 && parts.length > 0) done(Buffer.concat(parts));
      else fail(new WavError("The text could not be spoken."));
    });
    // It may end before it read everything; its exit code says why.
    voice.stdin.on("error", () => undefined);
    voice.stdin.end(text);
  });

/** Makes a prompt ready to be played. Throws WavError with a sentence for the person who set it up. */
export const loadSound = async (source: PromptSource): Promise<Prompt> => {
  if ("builtin" in source) return builtin[source.builtin]();
  const file = "file" in source ? await readFile(source.file) : await speak(source.text, source.language);
  if (file.length > maxBytes) throw new WavError("The sound is longer than can be played.");
  const prompt = encode(toTelephone(readWav(file)), "PCMA");
  if (prompt.length === 0) throw new WavError("The WAV file holds no sound.");
  return prompt;
};
