import { expect, it } from "vitest";
import { greet, openChannel, uploadOf } from "./open.ts";

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const text = (words: string): Uint8Array => Buffer.from(words);

const send = async (file: { name: string; type: string; bytes: Uint8Array }) => {
  const account = openChannel();
  const { welcome } = await greet(account);
  const reply = await account.connection.webhook?.(uploadOf(welcome.token, file));
  return { status: reply?.status, stored: account.messages().flatMap(({ files }) => files) };
};

it("stores a picture byte for byte under a name that says what it is", async () => {
  const { status, stored } = await send({ name: "C:\\fotky\\zahon.png", type: "image/png", bytes: png });
  expect(status).toBe(200);
  expect(stored).toMatchObject([{ name: "zahon.png", mimeType: "image/png" }]);
  expect(Buffer.from(stored[0]?.bytes ?? []).equals(png)).toBe(true);
});

it.each([
  [
    "a page that says it is a picture",
    { name: "kot.png", type: "image/png", bytes: text("<html><script>1</script>") },
    415,
  ],
  ["a page that says it is text", { name: "a.txt", type: "text/plain", bytes: text("  <!DOCTYPE html><b>x</b>") }, 415],
  ["a drawing with scripts", { name: "a.svg", type: "image/svg+xml", bytes: text("<svg onload=alert(1)>") }, 415],
  ["a program", { name: "a.exe", type: "application/octet-stream", bytes: Buffer.from("MZ\0\0\x90") }, 415],
  ["a picture that says it is a document", { name: "a.pdf", type: "application/pdf", bytes: png }, 415],
  ["an empty file", { name: "a.txt", type: "text/plain", bytes: new Uint8Array() }, 400],
  ["a file of 17 MB", { name: "a.txt", type: "text/plain", bytes: Buffer.alloc(17 * 1024 * 1024, "a") }, 413],
])("refuses %s", async (_, file, status) => {
  const result = await send(file);
  expect(result.status).toBe(status);
  expect(result.stored).toEqual([]);
});

it("gives a file that lies about its ending the ending of its content", async () => {
  const { stored } = await send({ name: "faktura\u202Egnp.exe", type: "image/png", bytes: png });
  expect(stored[0]?.name).toBe("fakturagnp.exe.png");
});

it("takes 20 files an hour from one visitor and refuses the rest", async () => {
  const account = openChannel();
  const { welcome } = await greet(account);
  const statuses: (number | undefined)[] = [];
  for (let count = 0; count < 21; count += 1) {
    const request = uploadOf(
      welcome.token,
      { name: "a.txt", type: "text/plain", bytes: text("x") },
      `file-00${count + 10}`,
    );
    statuses.push((await account.connection.webhook?.(request))?.status);
  }
  expect(statuses.filter((status) => status === 200)).toHaveLength(20);
  expect(statuses.at(-1)).toBe(429);
});

it("says that it is not available when the file could not be stored", async () => {
  const account = openChannel();
  const { welcome } = await greet(account);
  account.refuseNext(1);
  const request = uploadOf(welcome.token, { name: "a.txt", type: "text/plain", bytes: text("x") });
  expect((await account.connection.webhook?.(request))?.status).toBe(503);
  expect((await account.connection.webhook?.(request))?.status).toBe(200);
});
