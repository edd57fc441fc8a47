import { ConnectorError, type Frozen, type Hub, type Outbound } from "#contract";
import { compose } from "./compose.ts";
import type { Settings } from "./settings.ts";

const megabyte = 1_048_576;

async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) if (chunk instanceof Uint8Array) yield chunk;
}

/** A letter made of the message now; signed with the domain's key when the mailbox has one (RFC 6376). */
const build = async (input: {
  message: Outbound;
  settings: Settings;
  signingKey: string;
}): Promise<AsyncIterable<Uint8Array>> => {
  const { settings } = input;
  const { createTransport } = await import("nodemailer");
  const composer = createTransport({ streamTransport: true, buffer: false, newline: "windows" });
  const dkim =
    settings.dkimKey === ""
      ? {}
      : {
          dkim: {
            domainName: settings.address.slice(settings.address.lastIndexOf("@") + 1).toLowerCase(),
            keySelector: settings.dkimSelector,
            privateKey: settings.dkimKey,
          },
        };
  const made: { message: unknown } = await composer.sendMail({ ...compose(input), ...dkim });
  if (typeof made.message !== "object" || made.message === null || !(Symbol.asyncIterator in made.message))
    throw new ConnectorError("bug", "The letter could not be put together.");
  return bytesOf(made.message as AsyncIterable<unknown>);
};

/**
 * The bytes of the letter, made on the first try and the same on every later one: another signature, alias or setting
 * changes nothing about a letter that may be out already. Throws ConnectorError "rejected" when it is too large.
 */
export const frozenLetter = async (input: {
  message: Outbound;
  settings: Settings;
  signingKey: string;
  frozen: Hub["frozen"];
}): Promise<Frozen> => {
  const { message, settings, frozen } = input;
  const key = letterKey(message.key);
  const letter = (await frozen.get(key)) ?? (await frozen.setOnce(key, await build(input)));
  if (letter.bytes > settings.largestMegabytes * megabyte)
    throw new ConnectorError(
      "rejected",
      `The letter has ${Math.ceil(letter.bytes / megabyte)} MB with its attachments; this mailbox sends at most ${settings.largestMegabytes} MB.`,
    );
  return letter;
};

export const letterKey = (key: string): string => `letter:${key}`;
