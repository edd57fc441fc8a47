import { ConnectorError } from "#contract";
import type { Graph } from "../graph/index.ts";

interface File {
  readonly mimeType?: string;
  readonly content: AsyncIterable<Uint8Array>;
}
/** Brings a file from the address a webhook named. */
export type Fetch = (url: string) => Promise<File>;

/**
 * As Graph.download, for addresses that are never renewed: what the CDN refuses is gone for good, and no fault of the
 * account's token. Throws ConnectorError.
 */
export const bring = async (graph: Graph, url: string, signal: AbortSignal): Promise<File> => {
  try {
    return await graph.download(url, signal);
  } catch (thrown) {
    const error = ConnectorError.from(thrown);
    throw error.code === "auth" ? new ConnectorError("rejected", "Meta no longer has this file.") : error;
  }
};
