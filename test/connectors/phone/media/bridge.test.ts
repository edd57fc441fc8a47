import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRtpPeer, openWebPeer } from "./peers.ts";
import { purity, sides, sine } from "./sound.ts";
import { agreed, openStage, type Stage } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

test("a caller and an agent's browser hear each other clean, and so does the recording", async () => {
  const { media } = stage;
  const caller = await openRtpPeer();
  const trunk = await media.openTrunkLeg({ leg: "caller", family: 4 });
  caller.connect(trunk.port);
  await media.connectTrunkLeg({ leg: "caller", audio: agreed(caller.port) });
  const { sdp } = await media.openWebLeg({ leg: "agent" });
  const agent = await openWebPeer(sdp);
  try {
    await media.connectWebLeg({ leg: "agent", sdp: agent.answer });
    await agent.connected;
    await stage.event("legState", ({ leg, state }) => leg === "agent" && state === "connected");
    caller.say(sine({ hertz: 440, seconds: 1 }));
    agent.say(sine({ hertz: 1_000, seconds: 1 }));
    await media.startRecording({ recording: "call-1", leg: "caller" });
    await media.hear({ leg: "caller", from: ["agent"] });
    await media.hear({ leg: "agent", from: ["caller"] });
    await Promise.all([caller.hears(8_000), agent.hears(8_000)]);
    const [atCaller, atAgent] = await Promise.all([caller.hears(4_096), agent.hears(4_096)]);
    await media.stopRecording("call-1");
    const recorded = await stage.event("recorded");
    const { left, right } = sides(await readFile(recorded.file));
    const middle = (left.length >> 1) - 2_048;
    const measured = {
      caller: purity(atCaller),
      agent: purity(atAgent),
      left: purity(left.subarray(middle, middle + 4_096)),
      right: purity(right.subarray(middle, middle + 4_096)),
    };
    for (const [name, hertz] of [
      ["caller", 1_000],
      ["agent", 440],
      ["left", 440],
      ["right", 1_000],
    ] as const) {
      expect({
        name,
        tone: Math.round(measured[name].hertz / 10) * 10,
        clean: measured[name].aboveNextDb > 25,
      }).toEqual({
        name,
        tone: hertz,
        clean: true,
      });
    }
    expect(recorded.ms).toBeGreaterThan(1_400);
    const stats = await media.closeLeg("caller");
    expect(stats.lost).toBe(0);
  } finally {
    await Promise.all([caller.close(), agent.close()]);
  }
});
