export { type Graph, openGraph } from "./client.ts";
export { graphUrl, leadsElsewhere } from "./place.ts";
export { failureOf, graphCodeOf, graphError, wordsOf } from "./errors.ts";
export { genuine, handshake, sign } from "./signature.ts";
