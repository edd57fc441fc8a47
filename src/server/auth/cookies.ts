import { parseCookie, stringifySetCookie } from "cookie";

/** What the browser holds: which session, and the secret that proves it. */
export interface SessionToken {
  readonly id: string;
  readonly token: string;
}

// __Host- makes the browser insist on Secure, Path=/ and no Domain: a sibling site cannot plant one.
const nameOf = (secure: boolean): string => (secure ? "__Host-linka" : "linka");

const shape = /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{43})$/;

export const readSessionCookie = (header: string | undefined, secure: boolean): SessionToken | null => {
  if (header === undefined) return null;
  const [, id, token] = shape.exec(parseCookie(header)[nameOf(secure)] ?? "") ?? [];
  return id === undefined || token === undefined ? null : { id, token };
};

/** The Set-Cookie header of a session; null clears it. */
export const sessionCookie = (value: (SessionToken & { expiresAt: Date }) | null, secure: boolean): string =>
  stringifySetCookie({
    name: nameOf(secure),
    value: value === null ? "" : `${value.id}.${value.token}`,
    httpOnly: true,
    sameSite: "lax",
    secure,
    path: "/",
    expires: value?.expiresAt ?? new Date(0),
  });
