import { describe, expect, test } from "vitest";
import { header, headersOf, serialise, type SipMessage } from "../../../../connectors/phone/sip/message.ts";
import { framer, parseMessage } from "../../../../connectors/phone/sip/parse.ts";
import { parseNameAddr, parseUri, sipUri } from "../../../../connectors/phone/sip/uri.ts";

const bytes = (lines: readonly string[], body = ""): Buffer => Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
const good = (read: ReturnType<typeof parseMessage>): SipMessage => {
  if ("fault" in read) throw new Error(`refused: ${read.fault}`);
  return read;
};
const fault = (read: ReturnType<typeof parseMessage>) => ("fault" in read ? read : undefined);

const plain = (
  more: Readonly<Record<string, string>> = {},
  start = "OPTIONS sip:user@example.com SIP/2.0",
): string[] => {
  const headers: Record<string, string> = {
    Via: "SIP/2.0/UDP host1.example.com;branch=z9hG4bKkdj.1",
    "Max-Forwards": "68",
    From: "<sip:caller@example.com>;tag=323",
    To: "sip:user@example.com",
    "Call-ID": "a@example.com",
    CSeq: "59 OPTIONS",
    ...more,
  };
  return [start, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
};

describe("torture: messages that look wrong and are right (in the shapes of RFC 4475 section 3.1.1)", () => {
  test("folded headers, odd spacing and case, compact names, quotes full of separators", () => {
    const read = good(
      parseMessage(
        bytes(
          [
            "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0",
            "TO :",
            " sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
            'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
            "  ;",
            "  tag = 98asjd8",
            "MaX-fOrWaRdS: 0068",
            "Call-ID: wsinv.ndaksdj@192.0.2.1",
            "Content-Length   : 3",
            "cseq: 0009",
            "  INVITE",
            "Via  : SIP  /   2.0",
            " /UDP",
            "    192.0.2.2;branch=390skdjuw",
            "s :",
            "NewFangledHeader:   newfangled value",
            " continued newfangled value",
            "UnknownHeaderWithUnusualValue: ;;,,;;,;",
            "Route:",
            " <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
            "v:  SIP  / 2.0  / TCP     spindle.example.com   ;",
            "  branch  =   z9hG4bK9ikj8  ,",
            " SIP  /    2.0   / UDP  192.168.255.111   ; branch=",
            " z9hG4bK30239",
            'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
            "      newvalue ;",
            "  secondparam ; q = 0.33",
          ],
          "v=0",
        ),
      ),
    );
    expect(read.from).toMatchObject({ display: 'J Rosenberg \\"', uri: "sip:jdrosen@example.com" });
    expect(read.from.params.get("tag")).toBe("98asjd8");
    expect(read.to.params.get("tag")).toBe("1918181833n");
    expect(read.cseq).toEqual({ number: 9, method: "INVITE" });
    expect(headersOf(read, "via")).toHaveLength(3);
    expect(read.via).toMatchObject({ transport: "UDP", host: "192.0.2.2" });
    expect(header(read, "contact")).toContain("Quoted string");
    expect(read.body).toBe("v=0");
  });

  test("a method and a user of every character that is allowed", () => {
    const method = "!interesting-Method0123456789_*+`.%indeed'~";
    const read = good(
      parseMessage(
        bytes(
          plain(
            {
              CSeq: `139122385 ${method}`,
              To: '"BEL:\\\x07 NUL:\\ DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*@example.com>',
            },
            `${method} sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0`,
          ),
        ),
      ),
    );
    expect(read.kind === "request" && read.method).toBe(method);
  });

  test("escaped characters stay what they are, %00 and %25 included", () => {
    expect(parseUri("sip:sips%3Auser%40example.com@example.net")?.user).toBe("sips:user@example.com");
    expect(parseUri("sip:null-%00-null@example.com")?.user).toBe("null-\0-null");
    expect(parseUri("sip:user;par=u%40example.net@example.com")?.host).toBe("example.com");
    expect(
      good(parseMessage(bytes(plain({ CSeq: "2 RE%47IST%45R" }, "RE%47IST%45R sip:registrar.example.com SIP/2.0")))),
    ).toMatchObject({ method: "RE%47IST%45R" });
  });

  test("bytes after the declared length belong to nobody", () => {
    expect(good(parseMessage(bytes(plain({ "Content-Length": "3" }), "v=0INVITE sip:x"))).body).toBe("v=0");
  });

  test("long values, many Vias, transports nobody knows, an empty reason", () => {
    const vias = Array.from({ length: 30 }, (_, hop) => `SIP/2.0/SCTP h${hop}.example.com;branch=z9hG4bK${hop}`).join(
      ", ",
    );
    expect(headersOf(good(parseMessage(bytes(plain({ Via: vias })))), "via")).toHaveLength(30);
    expect(
      good(
        parseMessage(
          bytes(plain({ From: `"${"I have a user name of extreme proportion ".repeat(30)}" <sip:a@b>;tag=1` })),
        ),
      ),
    ).toBeDefined();
    const response = good(parseMessage(bytes(plain({}, "SIP/2.0 100 "))));
    expect(response).toMatchObject({ kind: "response", status: 100, reason: "" });
    expect(good(parseMessage(bytes(plain({}, "SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять"))))).toMatchObject({
      status: 200,
    });
  });
});

describe("torture: messages that are wrong (RFC 4475 section 3.1.2)", () => {
  test.each([
    [
      "separators where none may be",
      { Contact: '"Joe" <sip:joe@example.org>;;;;', Via: "SIP/2.0/UDP 192.0.2.15;;,;,," },
    ],
    ["a longer body than came", { "Content-Length": "9999" }],
    ["a negative length", { "Content-Length": "-999" }],
    ["a number nobody can count to", { CSeq: "36893488147419103232 OPTIONS" }],
    ["more hops than fit", { "Max-Forwards": "300" }],
    ["an unfinished quote", { To: '"Mr. J. User <sip:j.user@example.com>' }],
    ["a method that is not the request's", { CSeq: "8 INVITE" }],
    ["a name that is no name", { From: "Bell, Alexander <sip:a.g.bell@example.com>;tag=43" }],
    ["spaces inside an address", { To: "<sip: user@example.com>" }],
    ["no Call-ID", { "Call-ID": "" }],
  ] as const)("%s: refused with 400", (_, wrong) => {
    const read = fault(parseMessage(bytes(plain(wrong))));
    expect(read, "it must be refused").toBeDefined();
    if (wrong && "Via" in wrong) return;
    expect(read?.answer?.status).toBe(400);
  });

  test.each([
    "OPTIONS <sip:user@example.com> SIP/2.0",
    "OPTIONS sip:user@example.com; lr SIP/2.0",
    "OPTIONS  sip:user@example.com  SIP/2.0",
    "OPTIONS sip:user@example.com SIP/2.0  ",
    "SIP/2.0 4294967301 better not break the receiver",
    "SIP/7.0 200 OK",
    "\0\0\0\0",
    "",
  ])("a start line like %j is no message", (start) => {
    expect(fault(parseMessage(bytes(plain({}, start))))).toBeDefined();
  });

  test("a version we do not speak is answered 505", () => {
    expect(fault(parseMessage(bytes(plain({}, "OPTIONS sip:t.watson@example.org SIP/7.0"))))?.answer?.status).toBe(505);
  });

  test("two values where one may stand, a header without a name: refused, and answered where that is possible", () => {
    const twice = parseMessage(bytes([...plain(), "Content-Length: 5", "Content-Length: 1"]));
    expect(fault(twice)?.answer?.status).toBe(400);
    expect(fault(parseMessage(bytes([...plain(), ": nothing"])))?.answer?.status).toBe(400);
  });

  test("an ACK is never answered, whatever is wrong with it", () => {
    const read = fault(parseMessage(bytes(plain({ CSeq: "x" }, "ACK sip:user@example.com SIP/2.0"))));
    expect(read).toBeDefined();
    expect(read?.answer).toBeUndefined();
  });
});

describe("a stream", () => {
  const one = bytes(plain({ "Content-Length": "3" }), "v=0");

  test("is cut into its messages wherever the network cuts it", () => {
    for (const size of [1, 7, 100, 1_000]) {
      const cut = framer();
      const all = Buffer.concat([Buffer.from("\r\n\r\n"), one, one, Buffer.from("\r\n"), one]);
      const found: Buffer[] = [];
      for (let at = 0; at < all.length; at += size) {
        const messages = cut(all.subarray(at, at + size));
        if (messages === "broken") throw new Error("broken");
        found.push(...messages);
      }
      expect(found).toEqual([one, one, one]);
    }
  });

  test("without a length, or with headers that never end, is closed", () => {
    expect(framer()(bytes(plain()))).toBe("broken");
    expect(framer()(Buffer.alloc(40_000, "a"))).toBe("broken");
  });
});

test("what is written is read again, and nothing that came from elsewhere starts a header", () => {
  const headers = new Map(
    Object.entries({
      via: ["SIP/2.0/UDP 1.2.3.4;branch=z9hG4bK1"],
      from: ['"x\r\nEvil: 1" <sip:a@b>;tag=1'],
      to: ["<sip:c@d>"],
      "call-id": ["1"],
      cseq: ["1 OPTIONS"],
    }),
  );
  const read = good(parseMessage(serialise({ start: "OPTIONS sip:c@d SIP/2.0", headers, body: "" })));
  expect(read.headers.has("evil")).toBe(false);
  expect(sipUri({ user: "+420 777#1", host: "::1", port: 5060 })).toBe("sip:+420%20777%231@[::1]:5060");
  expect(parseNameAddr('"A, B" <sip:a@b;x=1>;tag=2')).toMatchObject({ display: "A, B", uri: "sip:a@b;x=1" });
});
