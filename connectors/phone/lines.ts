import { createHash } from "node:crypto";
import { readMenus } from "./control/menus.ts";
import type { Line } from "./control/state.ts";
import { isOpen } from "./hours.ts";
import { normalise } from "./numbers.ts";
import { parseDisposition, parseNumber, type Settings } from "./settings.ts";

/** A version of the notice's wording: the proof names what was said, not only that something was. */
export const noticeVersion = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

const bare = (number: string): string => number.replaceAll(/[\s().\-/]/g, "");

/** Our numbers, and what each does with a call. */
export const openLines = (config: Settings) => {
  const menus = readMenus(config.menus);
  const numbers = config.numbers.flatMap((line) => parseNumber(line) ?? []);
  const same = (a: string, b: string): boolean =>
    bare(a) === bare(b) || (normalise(a, config.country) ?? bare(a)) === (normalise(b, config.country) ?? bare(b));
  const find = (called: string) => numbers.find(({ number }) => same(number, called));
  return {
    /** Of a company that promised anonymity: nothing is kept of the caller, so nobody can be called back either. */
    discreet: (line: Line): Line => ({ ...line, record: false, closed: "end", overflow: "stay" }),
    /** No number in the list: every one is ours (a PBX extension, a softphone to try with). */
    owns: (called: string): boolean => numbers.length === 0 || find(called) !== undefined,
    /** `speaks`: the notice can be played. */
    line: (called: string, speaks: boolean): Line => {
      const own = find(called);
      const said = speaks && config.notice !== "";
      return {
        number: own?.number ?? called,
        queue: own?.queue ?? config.queue,
        language: own?.language ?? config.language,
        notice: said ? noticeVersion(config.notice) : undefined,
        record: said && (own?.record ?? config.record),
        keepDays: config.keepDays,
        menu: own?.menu ?? (config.menu === "" ? undefined : config.menu),
        menus,
        closed: config.closed,
        overflow: config.overflow,
        ringMs: config.ringSeconds * 1_000,
        mostWaitMs: config.maxWaitSeconds * 1_000,
        positionMs: config.positionSeconds * 1_000,
        wrapUpMs: config.wrapUpSeconds * 1_000,
        mostVoicemailMs: 120_000,
      };
    },
    open: (at: number): boolean => isOpen({ ...config, holidays: config.country, at }),
    menus,
    dispositions: config.dispositions.flatMap((line) => parseDisposition(line) ?? []),
  };
};
