import { channel } from "node:diagnostics_channel";

/**
 * Preloaded into a hub (`--import`). FREEZE_AT = "point@n": the process stops as under SIGSTOP, transaction open and
 * all, when it reaches that marked point for the n-th time, until somebody sends SIGCONT.
 */
const [point, nth] = (process.env["FREEZE_AT"] ?? "").split("@");
let left = Number(nth ?? 1);
channel("linka:point").subscribe((name) => {
  if (name === point && --left === 0) process.kill(process.pid, "SIGSTOP");
});
