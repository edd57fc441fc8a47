/** What only a visitor who calls loads. */
export { createCall } from "./call.ts";
export { CallBar } from "./CallBar.tsx";
