import type { ReceptionStats } from "./reception.ts";

/** An empty receiver report with one block when something was received, and a name (RFC 3550, sections 6.4.2 and 6.5). */
export const receiverReport = (input: {
  readonly ssrc: number;
  readonly stats: ReceptionStats;
  readonly source: { readonly ssrc: number; readonly highest: number; readonly jitterUnits: number } | null;
}): Buffer => {
  const { source } = input;
  const report = Buffer.alloc(source === null ? 8 : 32);
  report[0] = 0x80 | (source === null ? 0 : 1);
  report[1] = 201;
  report.writeUInt16BE(report.length / 4 - 1, 2);
  report.writeUInt32BE(input.ssrc, 4);
  if (source !== null) {
    report.writeUInt32BE(source.ssrc, 8);
    const expected = input.stats.received + input.stats.lost;
    report[12] = expected === 0 ? 0 : Math.min(255, Math.floor((input.stats.lost * 256) / expected));
    report.writeUIntBE(Math.min(0x7fffff, input.stats.lost), 13, 3);
    report.writeUInt32BE(source.highest, 16);
    report.writeUInt32BE(source.jitterUnits, 20);
  }
  // SDES with a CNAME of one letter: nothing about this machine leaves it.
  const name = Buffer.alloc(12);
  name[0] = 0x81;
  name[1] = 202;
  name.writeUInt16BE(2, 2);
  name.writeUInt32BE(input.ssrc, 4);
  name.set([1, 1, 0x68, 0], 8);
  return Buffer.concat([report, name]);
};
