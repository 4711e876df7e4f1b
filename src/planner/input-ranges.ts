/** Ranges of the inputs, both ends included. */
export const inputRanges = {
  clusters: { minimum: 1, maximum: 10_000_000, isWhole: true },
  secretsPerCluster: { minimum: 1, maximum: 10_000, isWhole: true },
  burst: { minimum: 1, maximum: 10_000, isWhole: true },
  risk: { minimum: 1e-300, maximum: 0.5, isWhole: false },
  limitPerWindow: { minimum: 1, maximum: 1_000_000, isWhole: true },
  windowSeconds: { minimum: 1, maximum: 3600, isWhole: true },
  vaults: { minimum: 1, maximum: 10_000, isWhole: true },
  otherLoadPerSecond: { minimum: 0, maximum: 1_000_000, isWhole: false },
  requestsPerSecret: { minimum: 1, maximum: 10, isWhole: false },
  pollIntervalSeconds: { minimum: 1, maximum: 31_536_000, isWhole: true },
  maximumAgeSeconds: { minimum: 1, maximum: 315_360_000, isWhole: true },
  jitterSeconds: { minimum: 0, maximum: 1e12, isWhole: false },
} as const satisfies Record<string, InputRange>;

/** Both ends belong to the range. */
export interface InputRange {
  readonly minimum: number;
  readonly maximum: number;
  readonly isWhole: boolean;
}

/** "a whole number from 1 to 10,000,000". */
export function describeRange({ minimum, maximum, isWhole }: InputRange): string {
  return `a ${isWhole ? "whole number" : "number"} from ${formatBound(minimum)} to ${formatBound(maximum)}`;
}

function formatBound(value: number): string {
  return value >= 1e12 || (value !== 0 && value < 0.001)
    ? value.toExponential()
    : value.toLocaleString("en-US");
}
