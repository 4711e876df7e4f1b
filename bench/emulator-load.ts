import type { Benchmark, Figure } from "./benchmark.ts";
import { measureEmulator } from "./emulator.ts";

/** The emulator under load, beside a server on the same listener stack that does nothing. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: "emulator: secret GETs over TLS keep-alive, 16 connections",
    async run() {
      const { emulator, bare } = await measureEmulator();
      const figures: Figure[] = [
        { name: "bare handler", value: bare.requestsPerCpuSecond, unit: "/s of one core" },
        {
          name: "emulator",
          value: emulator.requestsPerCpuSecond,
          unit: "/s of one core",
          baseline: "bare handler",
          // 12,000 of the 24,000 that a bare handler reaches.
          target: { atLeast: 0.5 },
        },
        { name: "emulator, wall clock", value: emulator.requestsPerSecond, unit: "/s" },
        { name: "p50", value: emulator.p50Ms, unit: "ms" },
        { name: "p99", value: emulator.p99Ms, unit: "ms" },
        { name: "answers other than 200", value: emulator.non200, unit: "", target: { atMost: 0 } },
        { name: "memory", value: emulator.rssMib, unit: "MiB", target: { atMost: 150 } },
        { name: "ready after", value: emulator.readyMs, unit: "ms", target: { atMost: 1000 } },
      ];
      return figures;
    },
  },
];
