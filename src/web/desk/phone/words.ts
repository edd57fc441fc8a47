import type { Boot, PhoneCall } from "#wire";
import { createValue } from "../../state/value.ts";

/** What somebody asked to be called, until the dialler took it. */
export interface DialWish {
  readonly tenantId: string;
  readonly to: string;
  readonly conversationId?: string;
}
export const dialWish = createValue<DialWish | null>(null);

export const hasPhone = (boot: Boot): boolean => boot.channels.some(({ abilities }) => abilities.includes("calls"));

/** "1:05", "1:02:09". */
export const lasted = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
};

/** Whom the call is with, as far as this agent may know. */
export const whoCalls = (call: PhoneCall, withheld: string): string =>
  call.display === "" ? (call.number ?? withheld) : call.display;
