/** One RTP packet (RFC 3550, section 5.1). The payload is a view of the datagram. */
export interface RtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

/** RTCP that shares the port (RFC 5761, section 4): packet types 192 to 223 lie where an RTP marker and type would be. */
export const isRtcp = (datagram: Buffer): boolean =>
  datagram.length >= 8 && datagram[0]! >> 6 === 2 && datagram[1]! >= 192 && datagram[1]! <= 223;

/** Where the payload of an RTP packet begins; -1 for anything that is no RTP packet. Extensions and CSRCs are skipped. */
export const payloadStart = (datagram: Buffer): number => {
  if (datagram.length < 12 || datagram[0]! >> 6 !== 2) return -1;
  let start = 12 + (datagram[0]! & 0x0f) * 4;
  if ((datagram[0]! & 0x10) !== 0) {
    if (datagram.length < start + 4) return -1;
    start += 4 + datagram.readUInt16BE(start + 2) * 4;
  }
  return start > datagram.length ? -1 : start;
};

/** Reads a datagram; null for RTCP, for what is cut short and for what is no RTP at all. */
export const readRtp = (datagram: Buffer): RtpPacket | null => {
  if (isRtcp(datagram)) return null;
  const start = payloadStart(datagram);
  if (start < 0) return null;
  const padding = (datagram[0]! & 0x20) === 0 ? 0 : datagram.at(-1)!;
  const end = datagram.length - padding;
  if (end < start || (padding === 0 && (datagram[0]! & 0x20) !== 0)) return null;
  return {
    payloadType: datagram[1]! & 0x7f,
    marker: (datagram[1]! & 0x80) !== 0,
    sequence: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    ssrc: datagram.readUInt32BE(8),
    payload: datagram.subarray(start, end),
  };
};

export const writeRtp = (packet: RtpPacket): Buffer => {
  const datagram = Buffer.allocUnsafe(12 + packet.payload.length);
  datagram[0] = 0x80;
  datagram[1] = packet.payloadType | (packet.marker ? 0x80 : 0);
  datagram.writeUInt16BE(packet.sequence, 2);
  datagram.writeUInt32BE(packet.timestamp, 4);
  datagram.writeUInt32BE(packet.ssrc, 8);
  packet.payload.copy(datagram, 12);
  return datagram;
};
