/** Brings a file from the address a webhook named. Meta's addresses run out within days. */
export type Fetch = (url: string) => Promise<{ readonly content: AsyncIterable<Uint8Array> }>;
