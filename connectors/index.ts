import type { Connector } from "#contract";

/** Every channel this build knows. Adding one is a folder and a line here. */
export const connectors: readonly Connector[] = [];
