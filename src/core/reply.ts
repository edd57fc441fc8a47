import type { Limits } from "#contract";
import type { MessageRecord } from "./records.ts";
import { Refused } from "./refused.ts";
import { cleanText } from "./text.ts";

/** A written text as it is stored and sent: nothing PostgreSQL refuses, line ends as \n, no white space around it. */
export const composed = (text: string): string => cleanText(text).replaceAll(/\r\n?/g, "\n").trim();

/**
 * What was said to or by the customer that the writer had not seen. Their own words are not news to them; held
 * messages, notes, events and what the hub answers by itself do not make a reply wrong.
 */
export const unseen = (input: {
  readonly messages: readonly MessageRecord[];
  readonly expectedSeq: number;
  readonly writerId: string | null;
}): readonly MessageRecord[] =>
  input.messages.filter(
    (message) =>
      message.seq > input.expectedSeq &&
      !message.held &&
      (message.direction === "in" ||
        (message.direction === "out" && message.authorType !== "system" && message.authorId !== input.writerId)),
  );

/** Refuses files the channel does not take, before anything is stored. Null limits: a note, which takes any file. */
export const checkFiles = (input: {
  readonly limits: Limits["attachments"] | null;
  readonly files: readonly { readonly name: string; readonly mime: string; readonly size: number }[];
}): void => {
  const { limits, files } = input;
  if (limits === null || files.length === 0) return;
  if (limits === false) throw new Refused("bad-request", "This channel takes no files.");
  if (files.length > limits.perMessage)
    throw new Refused("bad-request", `This channel takes at most ${limits.perMessage} files in one message.`);
  for (const file of files) {
    if (file.size > limits.bytes)
      throw new Refused("too-large", `${file.name} is larger than the ${limits.bytes} bytes this channel takes.`);
    if (limits.mimeTypes !== "any" && !limits.mimeTypes.includes(file.mime))
      throw new Refused("bad-request", `This channel does not take files of the type ${file.mime}.`);
  }
};
