import { BlockList, isIP, isIPv6 } from "node:net";

/** Networks as written in settings: "10.1.2.3", "10.1.0.0/16", "2001:db8::/32". Throws on anything else. */
export const networks = (list: readonly string[]): ((host: string) => boolean) => {
  const block = new BlockList();
  for (const one of list) {
    const [address = "", bits] = one.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (isIP(address) === 0) throw new Error(`"${one}" is not an address or network`);
    if (bits === undefined) block.addAddress(address, family);
    else block.addSubnet(address, Number(bits), family);
  }
  return (host) => isIP(host) > 0 && block.check(host, isIPv6(host) ? "ipv6" : "ipv4");
};

const perSecond = 5;
const burst = 60;
const banMs = 600_000;
const faultsToBan = 20;
const mostSources = 20_000;

interface Source {
  tokens: number;
  at: number;
  faults: number;
  bannedUntil: number;
}

/**
 * Who may be heard. Trusted networks always; others within a budget each, and for ten minutes not at all after too many
 * faults (unreadable messages, wrong passwords, scanners). One look-up in a map decides, before a byte is read.
 */
export const openGuard = (input: { readonly now: () => number }) => {
  const sources = new Map<string, Source>();
  const trust = new Set<(host: string) => boolean>();
  const remembered = new Map<string, boolean>();
  let refused = 0;

  const trusted = (host: string): boolean => {
    const known = remembered.get(host);
    if (known !== undefined) return known;
    const found = [...trust].some((inside) => inside(host));
    if (remembered.size >= mostSources) remembered.clear();
    remembered.set(host, found);
    return found;
  };
  const sourceOf = (host: string): Source => {
    const now = input.now();
    let source = sources.get(host);
    if (source === undefined) {
      // Forgetting the oldest costs a scanner nothing it could use: everybody starts with the same budget.
      if (sources.size >= mostSources)
        for (const [oldest] of sources) {
          sources.delete(oldest);
          break;
        }
      source = { tokens: burst, at: now, faults: 0, bannedUntil: 0 };
      sources.set(host, source);
    }
    return source;
  };

  return {
    /** `changed` is called when the network answers otherwise than before. */
    trust: (inside: (host: string) => boolean): { changed(): void; end(): void } => {
      trust.add(inside);
      remembered.clear();
      return {
        changed: () => remembered.clear(),
        end: () => {
          trust.delete(inside);
          remembered.clear();
        },
      };
    },
    trusted,
    welcome: (host: string): boolean => {
      if (trusted(host)) return true;
      const source = sourceOf(host);
      const now = input.now();
      if (source.bannedUntil > now) {
        refused += 1;
        return false;
      }
      source.tokens = Math.min(burst, source.tokens + ((now - source.at) / 1_000) * perSecond);
      source.at = now;
      if (source.tokens < 1) {
        refused += 1;
        // Somebody who goes on far over the budget is not a phone.
        source.faults += 0.1;
        if (source.faults >= faultsToBan) source.bannedUntil = now + banMs;
        return false;
      }
      source.tokens -= 1;
      return true;
    },
    fault: (host: string, weight = 1): void => {
      if (trusted(host)) return;
      const source = sourceOf(host);
      source.faults += weight;
      if (source.faults < faultsToBan) return;
      source.faults = 0;
      source.bannedUntil = input.now() + banMs;
    },
    /** A right password: whatever was counted is forgiven. */
    forgive: (host: string): void => void sources.delete(host),
    stats: (): { readonly refused: number; readonly sources: number } => ({ refused, sources: sources.size }),
  };
};
export type Guard = ReturnType<typeof openGuard>;
