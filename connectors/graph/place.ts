import { z } from "zod";

const localHosts = new Set(["127.0.0.1", "localhost", "[::1]"]);
/** Whose servers get the token unless a platform administrator says otherwise. */
const metaHosts = /(?:^|\.)(?:facebook|instagram)\.com$/u;

/** Where the Graph is: Meta's own, a proxy, or a stand-in on this machine. */
export const graphUrl = z
  .url({ protocol: /^https?$/u })
  .refine(
    (url) => new URL(url).protocol === "https:" || localHosts.has(new URL(url).hostname),
    "https, or an address of this machine",
  );

/** For Connector.leadsElsewhere: whether these settings send the token to anybody but Meta. */
export const leadsElsewhere = ({ apiUrl }: { readonly apiUrl?: string | undefined }): boolean =>
  apiUrl !== undefined && !metaHosts.test(new URL(apiUrl).hostname);
