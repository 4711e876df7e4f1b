/** One thing that `npm run bench` measures. A module of bench/ exports an array of them as `benchmarks`. */
export interface Benchmark {
  /** What is measured, in words: `1,000 SecretSyncs from nothing to Ready`. */
  readonly name: string;
  /** After so long the benchmark is ended and counts as failed; 60 s when absent. */
  readonly timeLimitMs?: number;
  /** Measures once, warm-up included. Machines are noisy: what is compared is measured in the same run. */
  run(): Promise<readonly Figure[]>;
}

/** One measured number. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `/s`, `ms`, `MiB`, `requests`. */
  readonly unit: string;
  /** The name of the figure of the same run that this one is divided by, to give the ratio that is printed. */
  readonly baseline?: string;
  /** What is to be kept, on the ratio where there is a baseline, else on the value. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
}
