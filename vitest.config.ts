import { defineConfig } from "vitest/config";

// Before the workers start: Node reads it once.
process.env["TZ"] = "UTC";

export default defineConfig({
  test: {
    environment: "node",
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    globalSetup: ["test/support/global.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    // Three thousand tests with browsers, mail servers and calls on two cores: one that a stalled machine made late is tried
    // once more and named in the output. The kill test, the drill and the restore test are not (retry: 0 there).
    retry: 1,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
