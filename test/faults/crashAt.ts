import { channel } from "node:diagnostics_channel";

/**
 * Preloaded into the hub by the fault tests (`--import`). FAULT_AT = "point@n": the process is killed by SIGKILL when
 * it reaches that marked point for the n-th time: nothing after it runs, no handler, no flush.
 */
const [point, nth] = (process.env["FAULT_AT"] ?? "").split("@");
let left = Number(nth ?? 1);
channel("linka:point").subscribe((name) => {
  if (name === point && --left === 0) process.kill(process.pid, "SIGKILL");
});
