import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.{test,laws.test}.ts", "test/*.test.ts", "test/conformance/**/*.test.ts"],
    environment: "node",
    globalSetup: [],
    setupFiles: ["test/support/canary.ts"],
    reporters: ["default"],
  },
});
