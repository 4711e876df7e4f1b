import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/e2e/**/*.test.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 900_000,
    // What is printed goes through the streams, where the set-up file looks for planted secrets.
    disableConsoleIntercept: true,
    setupFiles: ["test/support/output-watch.ts"],
  },
});
