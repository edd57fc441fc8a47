import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { Refused } from "#core/refused";
import { recordingView } from "#wire";
import { appendAudit } from "#store/audit";
import { findRecording, type RecordingRow } from "#store/recordings";
import { plainSize, unseal } from "#store/sealed";
import { audienceOf } from "../present/classes.ts";
import { waveform } from "../present/waveform.ts";
import { rangeOf, unlessGone } from "../ranges.ts";
import { type Call, idParam, route, type Route } from "../route.ts";

/** A voice is personal data: who may not see a number may not hear its owner either. */
const heard = async (
  call: Call<{ id: string }, unknown, unknown>,
): Promise<RecordingRow & { sealed: number; size: number }> => {
  const { context, who, params } = call;
  const row = await findRecording({ db: context.db, scope: who.scope, id: params.id });
  if (row === null) throw new Refused("not-found", "There is no such recording.");
  const grant = who.scope.grants.get(row.tenantId);
  if (grant === undefined || audienceOf(grant) !== "normal")
    throw new Refused("forbidden", "You may not listen to recordings.");
  const found = await context.files.stat(row.blobKey);
  if (found === null) throw new Refused("not-found", "The file of this recording is gone.");
  return { ...row, sealed: found.size, size: plainSize(found.size) };
};

const note = async (call: Call<{ id: string }, unknown, unknown>, tenantId: string, action: string): Promise<void> => {
  const { context, who, params } = call;
  await appendAudit({ db: context.db, now: context.now(), tenantId, actorId: who.id, action, target: params.id });
};

const plain = (
  call: Call<{ id: string }, unknown, unknown>,
  row: Awaited<ReturnType<typeof heard>>,
  start: number,
  end: number,
) =>
  unseal({
    secrets: call.context.secrets,
    read: (range) => call.context.files.read(row.blobKey, range),
    sealedSize: row.sealed,
    start,
    end,
  });

const listen = async (call: Call<{ id: string }, unknown, undefined>): Promise<void> => {
  const { request, response } = call;
  const row = await heard(call);
  const range = rangeOf(request.headers.range, row.size);
  // Before the first byte leaves: who listened is known even when the reading fails half way.
  await note(call, row.tenantId, "recording.listened");
  response.setHeader("content-type", "audio/wav");
  response.setHeader("content-disposition", "inline");
  response.setHeader("content-security-policy", "default-src 'none'; sandbox");
  // Not kept by the browser: the next listener at a shared PC must ask, and be noted, anew.
  response.setHeader("cache-control", "private, no-store");
  response.setHeader("accept-ranges", "bytes");
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${row.size}`);
    response.status(416).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: row.size - 1 };
  if (range !== null) {
    response.status(206);
    response.setHeader("content-range", `bytes ${start}-${end}/${row.size}`);
  }
  response.setHeader("content-length", end - start + 1);
  await unlessGone(pipeline(Readable.from(plain(call, row, start, end)), response));
};

const look = async (call: Call<{ id: string }, unknown, undefined>) => {
  const row = await heard(call);
  await note(call, row.tenantId, "recording.opened");
  const shape = await waveform({ source: plain(call, row, 0, row.size - 1), size: row.size });
  return { ...shape, pauses: [...row.pauses], sha256: row.sha256.toString("hex") };
};

export const recordingRoutes: readonly Route[] = [
  route({
    method: "get",
    path: "/api/recordings/:id",
    says: "How a recording looks: its length, how loud each side is along it, and where it was paused. Noted in the audit.",
    access: "user",
    token: "admin",
    params: idParam,
    gives: recordingView,
    handle: look,
  }),
  route({
    method: "get",
    path: "/api/recordings/:id/audio",
    says: "The sound of a recording, customer left and agent right. Answers ranges; every access is noted in the audit.",
    access: "user",
    token: "admin",
    params: idParam,
    gives: "raw",
    handle: listen,
  }),
];
