import type { Key, Words } from "../i18n/words.ts";

/**
 * Sentences the hub and its channels say in English, with what stands for them in the catalogue. A group of the pattern
 * is a value of the message. What is not here (a provider's own words) is shown as it came.
 */
export const sentences: readonly (readonly [pattern: RegExp, key: Key])[] = [
  [/^The access token ends on (?<at>[\d-]+)\.$/u, "told.tokenEnds"],
  [/^The access token is no longer valid\.$/u, "told.tokenGone"],
  [/^The access token belongs to another app\.$/u, "told.tokenOther"],
  [/^Meta cannot be reached \((?<code>\w+)\)\.$/u, "told.unreachable"],
  [/^Meta did not answer\.$/u, "told.silent"],
  [/^Meta answered (?<code>\d+)\.$/u, "told.answered"],
  [/^\(#190\) .*$/su, "told.tokenGone"],
  [/^No answer came in time\.$/u, "told.late"],
  [/^The connection ended\.$/u, "told.ended"],
  [/^The settings are valid\.$/u, "told.valid"],
  [/^Reached as (?<name>.+)\.$/su, "told.reached"],
  [/^This build has no channel "(?<kind>[^"]+)"\.$/u, "told.noChannel"],
  [/^The settings are not valid: (?<why>.+)$/su, "told.badSettings"],
  [
    /^(?<title>.+) reaches addresses of the hub's own machine: only a platform administrator may set it up\.$/u,
    "told.operators",
  ],
  [/^An account keeps its client company and its kind\.$/u, "told.keepsKind"],
  [
    /^Changed: (?<changed>.+)\. Enter again: (?<again>.+)\. A stored secret is sent only where it was stored for\.$/u,
    "told.enterAgain",
  ],
  [/^The reply window of this channel has closed\.$/u, "told.windowClosed"],
  [/^The reply window closed before it could be sent\.$/u, "told.windowClosedMeanwhile"],
  [/^This channel takes no files\.$/u, "told.noFiles"],
  [/^This channel takes at most (?<n>\d+) files in one message\.$/u, "told.fileCount"],
  [/^This channel does not take files of the type (?<type>.+)\.$/u, "told.fileType"],
  [/^This channel is switched off\.$/u, "told.channelOff"],
  [/^Scan the code with the phone\.$/u, "told.scan"],
  [/^Nobody scanned the code\.$/u, "told.nobodyScanned"],
  [/^WhatsApp Web has no connection \((?<state>\w+)\)\.$/u, "told.webOffline"],
  [/^WhatsApp Web did not start: (?<why>.+)$/su, "told.webNotStarted"],
  [/^(?:WhatsApp Web does not answer|The tab crashed): .+$/su, "told.webSilent"],
  [/^The browser(?:'s process)? ended.*$/su, "told.browserEnded"],
  [/^Logged out on the phone\.$/u, "told.loggedOut"],
  [/^WhatsApp Web was opened with this login somewhere else\.$/u, "told.openedElsewhere"],
  [/^The phone that was linked is (?<other>\S+), not (?<number>\S+)\. It was logged out\.$/u, "told.otherPhone"],
  [/^There is no Chromium on this machine: .+$/su, "told.noBrowser"],
];

/** What the hub says, in the reader's language where it is known. */
export const told = ({ t }: Pick<Words, "t">, text: string): string => {
  for (const [pattern, key] of sentences) {
    const found = pattern.exec(text);
    if (found !== null) return t(key, { ...found.groups });
  }
  return text;
};
