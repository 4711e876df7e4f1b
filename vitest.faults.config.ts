import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/faults/**/*.test.ts"],
    environment: "node",
    testTimeout: 600_000,
    // What is printed goes through the streams, where the set-up file looks for planted secrets.
    disableConsoleIntercept: true,
    // Vitest leaves a core free for itself, which on two cores is half of them.
    maxWorkers: "100%",
    setupFiles: ["test/support/output-watch.ts"],
  },
});
