import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.{test,laws.test}.ts", "test/*.test.ts", "test/conformance/**/*.test.ts"],
    environment: "node",
    // Files share a worker: half the processor time. Source modules keep no state, so nothing leaks between them.
    isolate: false,
    pool: "threads",
    // Vitest leaves a core free for itself, which on two cores is half of them.
    maxWorkers: "100%",
    // What is printed goes through the streams, where the set-up file looks for planted secrets.
    disableConsoleIntercept: true,
    setupFiles: ["test/support/output-watch.ts", "test/support/no-sockets.ts"],
  },
});
