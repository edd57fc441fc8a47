import { afterEach, describe, expect, test } from "vitest";
import { answerChallenge } from "../../../../connectors/phone/sip/digest.ts";
import { header } from "../../../../connectors/phone/sip/message.ts";
import { follow, openSide, sdp, type Side } from "./pair.ts";
import { answer, inDialog, invite, method, openWire, status, type Wire } from "./wire.ts";

const open: { stop(): Promise<void> | void }[] = [];
const side = async (input: Parameters<typeof openSide>[0] = {}): Promise<Side> => {
  const made = await openSide(input);
  open.push(made);
  return made;
};
const wire = async (): Promise<Wire> => {
  const made = await openWire();
  open.push({ stop: () => void made.close() });
  return made;
};
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

describe("a call from outside", () => {
  test("the same INVITE by two ways rings once: the second is a loop (482)", async () => {
    const [hub, phone] = [await side(), await wire()];
    phone.say(invite(phone, hub, [], "twice"), hub.port);
    follow(await hub.next());
    phone.say(invite(phone, hub, [], "twice").replace("z9hG4bKtwice", "z9hG4bKother"), hub.port);
    expect((await phone.next(status(482))).callId).toBe("twice");
  });

  test("a repeated INVITE gets the last answer again and no second call", async () => {
    const [hub, phone] = [await side(), await wire()];
    const text = invite(phone, hub);
    phone.say(text, hub.port);
    const call = await hub.next();
    follow(call);
    call.ring();
    await phone.next(status(180));
    phone.say(text, hub.port);
    await phone.next(status(180));
  });

  test("an extension it insists on and we have not is refused by name", async () => {
    const [hub, phone] = [await side(), await wire()];
    phone.say(invite(phone, hub, ["Require: 100rel, teleport"]), hub.port);
    expect(header(await phone.next(status(420)), "unsupported")).toBe("teleport");
  });

  test("a session shorter than the least is refused with the least", async () => {
    const [hub, phone] = [await side(), await wire()];
    phone.say(invite(phone, hub, ["Supported: timer", "Session-Expires: 30"]), hub.port);
    expect(header(await phone.next(status(422)), "min-se")).toBe("90");
  });

  test("who insists on reliable ringing gets it, repeated until it is confirmed", async () => {
    const [hub, phone] = [await side(), await wire()];
    phone.say(invite(phone, hub, ["Require: 100rel"]), hub.port);
    const call = await hub.next();
    follow(call);
    call.ring();
    const ringing = await phone.next(status(180));
    await phone.next(status(180));
    const rseq = header(ringing, "rseq");
    expect(header(ringing, "require")).toBe("100rel");
    phone.say(inDialog("PRACK", phone, hub, ringing, 2, [`RAck: ${Number(rseq) + 5} 1 INVITE`]), hub.port);
    await phone.next(status(481));
    phone.say(inDialog("PRACK", phone, hub, ringing, 3, [`RAck: ${rseq} 1 INVITE`]), hub.port);
    await phone.next(status(200));
    call.accept(sdp());
    await phone.next((message) => status(200)(message) && message.cseq.method === "INVITE");
  });

  test("an answered session agrees on its timer, and an UPDATE refreshes it", async () => {
    const [hub, phone] = [await side(), await wire()];
    phone.say(invite(phone, hub, ["Supported: timer", "Session-Expires: 1800;refresher=uac"]), hub.port);
    const call = await hub.next();
    follow(call);
    call.accept(sdp());
    const ok = await phone.next(status(200));
    expect([header(ok, "session-expires"), header(ok, "require")]).toEqual(["1800;refresher=uac", "timer"]);
    phone.say(inDialog("ACK", phone, hub, ok, 1), hub.port);
    phone.say(
      inDialog("UPDATE", phone, hub, ok, 2, ["Supported: timer", "Session-Expires: 1800;refresher=uac"]),
      hub.port,
    );
    const refreshed = await phone.next((message) => status(200)(message) && message.cseq.method === "UPDATE");
    expect(header(refreshed, "session-expires")).toBe("1800;refresher=uac");
  });

  test("an answer without ACK is repeated", async () => {
    const [hub, phone] = [await side(), await wire()];
    phone.say(invite(phone, hub), hub.port);
    const call = await hub.next();
    follow(call);
    call.accept(sdp());
    for (let again = 0; again < 3; again += 1) await phone.next(status(200));
  });

  test("requests of calls nobody knows are told so, and of numbers out of order too", async () => {
    const [hub, phone] = [await side(), await wire()];
    phone.say(invite(phone, hub), hub.port);
    const call = await hub.next();
    follow(call);
    call.accept(sdp());
    const ok = await phone.next(status(200));
    phone.say(inDialog("ACK", phone, hub, ok, 1), hub.port);
    phone.say(inDialog("BYE", phone, hub, ok, 0), hub.port);
    await phone.next(status(500));
    phone.say(inDialog("BYE", phone, hub, ok, 2).replace(/tag=[^\n]*\nCall-ID/, "tag=nobody\nCall-ID"), hub.port);
    await phone.next(status(481));
  });

  test("scanners and strangers get no answer at all; a trusted neighbour does", async () => {
    const hub = await side({ trunk: { sources: () => false } });
    const phone = await wire();
    phone.say(invite(phone, hub), hub.port);
    phone.say(invite(phone, hub, ["User-Agent: friendly-scanner"]), hub.port);
    phone.say(invite(phone, hub).replaceAll("INVITE", "OPTIONS"), hub.port);
    const other = await side();
    phone.say(invite(phone, other).replaceAll("INVITE", "OPTIONS"), other.port);
    expect((await phone.next(status(200))).cseq.method).toBe("OPTIONS");
    expect(phone.heard).toEqual([]);
  });

  test("a softphone from anywhere calls with its password, and with no other", async () => {
    const accounts = new Map([["alice", "correct horse battery"]]);
    const hub = await side({ trunk: { sources: () => false, accounts } });
    const phone = await wire();
    const dial = async (password: string, id: string): Promise<void> => {
      phone.say(invite(phone, hub, [], id), hub.port);
      const challenge = await phone.next(status(401));
      const value = answerChallenge({
        challenges: challenge.headers.get("www-authenticate") ?? [],
        credentials: { user: "alice", password },
        method: "INVITE",
        uri: `sip:800@127.0.0.1:${hub.port}`,
        count: () => 1,
      })?.value;
      phone.say(
        invite(phone, hub, [`Authorization: ${value}`], id)
          .replace("CSeq: 1", "CSeq: 2")
          .replace(`z9hG4bK${id}`, `z9hG4bK${id}auth`),
        hub.port,
      );
    };
    await dial("wrong horse battery", "wrong");
    await phone.next((message) => status(401)(message) && message.cseq.number === 2);
    await dial("correct horse battery", "right");
    expect((await hub.next()).called).toBe("800");
  });
});

describe("a call of ours", () => {
  const dial = async (hub: Side, phone: Wire) => {
    const call = hub.ua.invite({ target: `sip:bob@127.0.0.1:${phone.port}`, sdp: sdp(), from: { number: "800" } });
    return { call, heard: follow(call), request: await phone.next(method("INVITE")) };
  };

  test("two phones of a fork that both answer: the first speaks, the other is hung up", async () => {
    const [hub, phone] = [await side(), await wire()];
    const { heard, request } = await dial(hub, phone);
    const contact = `Contact: <sip:bob@127.0.0.1:${phone.port}>`;
    phone.say(answer(request, 180, [contact], "one"), hub.port);
    phone.say(answer(request, 180, [contact], "two"), hub.port);
    phone.say(answer(request, 200, [contact], "two"), hub.port);
    await heard.until("answered");
    phone.say(answer(request, 200, [contact], "one"), hub.port);
    const bye = await phone.next(method("BYE"));
    expect(header(bye, "to")).toContain("tag=one");
    expect(heard.types()).not.toContain("ended");
  });

  test("a challenge is answered once; a wrong password ends the call instead of trying on", async () => {
    const hub = await side({ trunk: { credentials: { user: "hub", password: "secret password" } } });
    const phone = await wire();
    const { heard, request } = await dial(hub, phone);
    const asks = (nonce: string) => [
      `Proxy-Authenticate: Digest realm="pbx", nonce="${nonce}", qop="auth", algorithm=MD5`,
    ];
    phone.say(answer(request, 407, asks("1")), hub.port);
    const second = await phone.next(
      (message) => method("INVITE")(message) && message.cseq.number === request.cseq.number + 1,
    );
    expect(header(second, "proxy-authorization")).toContain('username="hub"');
    phone.say(answer(second, 407, asks("2")), hub.port);
    expect(await heard.until("failed")).toMatchObject({ status: 407 });
  });

  test("a session that is too short for the other side is offered again as long as it wants", async () => {
    const [hub, phone] = [await side(), await wire()];
    const { request } = await dial(hub, phone);
    phone.say(answer(request, 422, ["Min-SE: 3600"]), hub.port);
    const again = await phone.next((message) => method("INVITE")(message) && message.cseq.number > request.cseq.number);
    expect(header(again, "session-expires")).toBe("3600");
  });

  test("reliable ringing is confirmed", async () => {
    const [hub, phone] = [await side(), await wire()];
    const { request } = await dial(hub, phone);
    phone.say(
      answer(request, 183, ["Require: 100rel", "RSeq: 7", `Contact: <sip:bob@127.0.0.1:${phone.port}>`]),
      hub.port,
    );
    expect(header(await phone.next(method("PRACK")), "rack")).toBe(`7 ${request.cseq.number} INVITE`);
  });

  test("a redirection is not followed: it could lead anywhere", async () => {
    const [hub, phone] = [await side(), await wire()];
    const { heard, request } = await dial(hub, phone);
    phone.say(answer(request, 302, ["Contact: <sip:+88213000000@203.0.113.9>"]), hub.port);
    expect(await heard.until("failed")).toMatchObject({ status: 302 });
  });
});

describe("registering", () => {
  test("is refreshed before it runs out, says what a refusal means, and is taken back at the end", async () => {
    const phone = await wire();
    const hub = await openSide({
      trunk: {
        server: `sip:127.0.0.1:${phone.port}`,
        register: 300,
        credentials: { user: "hub", password: "secret password" },
      },
    });
    const first = await phone.next(method("REGISTER"));
    phone.say(answer(first, 423, ["Min-Expires: 600"]), hub.port);
    const longer = await phone.next(method("REGISTER"));
    expect(header(longer, "expires")).toBe("600");
    phone.say(answer(longer, 200, [`Contact: ${header(longer, "contact")};expires=2`]), hub.port);
    const refresh = await phone.next(method("REGISTER"));
    expect(hub.states.at(-1)).toEqual({ state: "online" });
    expect(refresh.callId).toBe(first.callId);
    phone.say(answer(refresh, 403), hub.port);
    await expect
      .poll(() => hub.states.at(-1))
      .toMatchObject({
        state: "refused",
        reason: "The trunk refused the user name or password (403).",
      });
    const stopping = hub.stop();
    const gone = await phone.next((message) => method("REGISTER")(message) && header(message, "expires") === "0");
    phone.say(answer(gone, 200), hub.port);
    await stopping;
  });
});
