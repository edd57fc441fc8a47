import { lookup, resolveNaptr, resolveSrv } from "node:dns/promises";
import { isIP } from "node:net";
import type { Flow, Proto } from "./transport.ts";
import type { SipUri } from "./uri.ts";

/** What is asked of the name service; tests give their own. */
export interface Names {
  addresses(host: string): Promise<readonly string[]>;
  srv(name: string): Promise<readonly { name: string; port: number; priority: number; weight: number }[]>;
  naptr(name: string): Promise<readonly { service: string; replacement: string; order: number; preference: number }[]>;
}

const none = (): [] => [];

export const dnsNames: Names = {
  addresses: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  srv: (name) => resolveSrv(name).catch(none),
  naptr: (name) => resolveNaptr(name).catch(none),
};

const services: Readonly<Record<string, Proto>> = { "SIP+D2U": "UDP", "SIP+D2T": "TCP", "SIPS+D2T": "TLS" };
const srvPrefix: Readonly<Record<Proto, string>> = { UDP: "_sip._udp.", TCP: "_sip._tcp.", TLS: "_sips._tcp." };

/** RFC 2782: lower priority first; within one, by weight at random. */
export const inOrder = <T extends { priority: number; weight: number }>(
  records: readonly T[],
  random: () => number,
): readonly T[] => {
  const left = records.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight);
  const chosen: T[] = [];
  while (left.length > 0) {
    const first = left.filter((record) => record.priority === left[0]?.priority);
    let mark = random() * first.reduce((sum, record) => sum + record.weight, 0);
    const next = first.find((record) => (mark -= record.weight) <= 0) ?? first[0];
    if (next === undefined) break;
    chosen.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return chosen;
};

/**
 * Where a request to this address goes, best first (RFC 3263): the later ones are tried when the earlier do not
 * answer. Empty = the name does not exist.
 */
export const resolveUri = async (input: {
  readonly uri: SipUri;
  readonly names: Names;
  /** Transports we can send over. */
  readonly can: readonly Proto[];
  readonly random?: () => number;
}): Promise<readonly Flow[]> => {
  const { uri, names, can } = input;
  const host = uri.params.get("maddr") ?? uri.host;
  const asked = (uri.params.get("transport") ?? "").toUpperCase();
  const wanted: Proto | undefined =
    uri.scheme === "sips" || asked === "TLS" ? "TLS" : asked === "TCP" || asked === "UDP" ? asked : undefined;
  const portOf = (proto: Proto): number => uri.port ?? (proto === "TLS" ? 5061 : 5060);
  const flow = (proto: Proto, address: string, port: number): Flow => ({
    proto,
    host: address,
    port,
    ...(proto === "TLS" && isIP(uri.host) === 0 && { name: uri.host }),
  });
  if (isIP(host) > 0) return [flow(wanted ?? "UDP", host, portOf(wanted ?? "UDP"))];
  const plain = async (proto: Proto): Promise<readonly Flow[]> =>
    (await names.addresses(host).catch(none)).map((address) => flow(proto, address, portOf(proto)));
  if (uri.port !== undefined) return plain(wanted ?? "UDP");

  const bySrv = async (proto: Proto, name: string): Promise<readonly Flow[]> => {
    const records = inOrder(await names.srv(name), input.random ?? Math.random);
    const found = await Promise.all(
      records.map(async (record) =>
        (await names.addresses(record.name).catch(none)).map((address) => flow(proto, address, record.port)),
      ),
    );
    return found.flat();
  };
  if (wanted !== undefined) {
    const found = await bySrv(wanted, `${srvPrefix[wanted]}${host}`);
    return found.length > 0 ? found : plain(wanted);
  }
  const pointers = (await names.naptr(host))
    .toSorted((a, b) => a.order - b.order || a.preference - b.preference)
    .flatMap(({ service, replacement }) => {
      const proto = services[service.toUpperCase()];
      return proto !== undefined && can.includes(proto) ? [{ proto, name: replacement }] : [];
    });
  const tries = pointers.length > 0 ? pointers : can.map((proto) => ({ proto, name: `${srvPrefix[proto]}${host}` }));
  for (const { proto, name } of tries) {
    const found = await bySrv(proto, name);
    if (found.length > 0) return found;
  }
  return plain("UDP");
};
