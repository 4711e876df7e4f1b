/** Flags that the plan commands share. Loaded for every command line, so it imports ranges and nothing that computes. */
import { describeRange, inputRanges, type InputRange } from "../../../planner/input-ranges.ts";
import type { PlanInputs } from "../../../planner/inputs.ts";
import { FlagValueError, wholeNumber } from "../../flag-parsers.ts";

/** What every plan command may be told about a fleet, apart from its size. */
export interface ServiceFlags {
  readonly risk: number;
  readonly counting: "second" | "fixed" | "sliding";
  readonly burst?: number;
  readonly limit?: number;
  readonly vaults: number;
  readonly interval: number;
  readonly otherLoad: number;
  readonly requestsPerSecret: number;
  readonly profile: "azure-2026" | "legacy-2000" | "strict-second";
  readonly json: boolean;
}

/** The flags behind {@link ServiceFlags}. */
export const serviceFlags = {
  risk: {
    kind: "parsed",
    parse: decimal(inputRanges.risk, "0.0001 or 0.01%"),
    default: "0.0001",
    placeholder: "P",
    brief: "Accepted chance that a refresh of the whole fleet is throttled: 0.0001 or 0.01%",
  },
  counting: {
    kind: "enum",
    values: ["second", "fixed", "sliding"],
    default: "fixed",
    brief: "How the vault is taken to count: fixed windows, any window, or each second as the guide does",
  },
  burst: {
    kind: "parsed",
    parse: wholeNumber(inputRanges.burst.minimum, inputRanges.burst.maximum),
    optional: true,
    placeholder: "SECRETS",
    brief: "Secrets that a cluster asks for in one go: 1 when each has a SecretSync of its own (default all)",
  },
  limit: {
    kind: "parsed",
    parse: wholeNumber(inputRanges.limitPerWindow.minimum, inputRanges.limitPerWindow.maximum),
    optional: true,
    placeholder: "REQUESTS",
    brief: "Requests that one vault serves per window (default from the profile)",
  },
  vaults: {
    kind: "parsed",
    parse: wholeNumber(inputRanges.vaults.minimum, inputRanges.vaults.maximum),
    default: "1",
    placeholder: "N",
    brief: "Vaults among which the clusters are spread evenly",
  },
  interval: {
    kind: "parsed",
    parse: wholeNumber(inputRanges.pollIntervalSeconds.minimum, inputRanges.pollIntervalSeconds.maximum),
    default: "3600",
    placeholder: "SECONDS",
    brief: "rotationPollIntervalInSeconds",
  },
  otherLoad: {
    kind: "parsed",
    parse: decimal(inputRanges.otherLoadPerSecond, "50"),
    default: "0",
    placeholder: "RATE",
    brief: "Requests per second that others send to each vault",
  },
  requestsPerSecret: {
    kind: "parsed",
    parse: decimal(inputRanges.requestsPerSecret, "2"),
    default: "1",
    placeholder: "N",
    brief: "Requests for each secret: 2 when every read is first challenged",
  },
  profile: {
    kind: "enum",
    values: ["azure-2026", "legacy-2000", "strict-second"],
    default: "azure-2026",
    placeholder: "NAME",
    brief: "Which reading of the service's limits to plan with",
  },
  json: { kind: "boolean", default: false, withNegated: false, brief: "Print one JSON document" },
} as const;

/** `--clusters`, as a flag that must be given. */
export const clustersFlag = {
  kind: "parsed",
  parse: wholeNumber(inputRanges.clusters.minimum, inputRanges.clusters.maximum),
  placeholder: "N",
  brief: "Clusters that refresh together",
} as const;

/** `--secrets`, as a flag that must be given. */
export const secretsFlag = {
  kind: "parsed",
  parse: wholeNumber(inputRanges.secretsPerCluster.minimum, inputRanges.secretsPerCluster.maximum),
  placeholder: "N",
  brief: "Vault objects that each cluster reads",
} as const;

/** `--jitter`, as a flag that must be given. */
export const jitterFlag = {
  kind: "parsed",
  parse: decimal(inputRanges.jitterSeconds, "75"),
  placeholder: "SECONDS",
  brief: "jitterSeconds: the time over which a refresh is spread",
} as const;

/** `--verify` and what goes with it. */
export interface VerifyFlags {
  readonly verify: boolean;
  readonly samples?: number;
  readonly seed: number;
}

/** The flags behind {@link VerifyFlags}. */
export const verifyFlags = {
  verify: {
    kind: "boolean",
    default: false,
    withNegated: false,
    brief: "Play refreshes by chance and compare",
  },
  samples: {
    kind: "parsed",
    parse: wholeNumber(1, 1_000_000_000),
    optional: true,
    placeholder: "N",
    brief: "Refreshes that --verify plays (default as many as take about 3 s)",
  },
  seed: {
    kind: "parsed",
    parse: wholeNumber(0, 2 ** 31 - 1),
    default: "1",
    placeholder: "N",
    brief: "Start of the random numbers of --verify",
  },
} as const;

/** A number with a fraction or an exponent, or a percentage, within a range. */
export function decimal(range: InputRange, example: string): (input: string) => number {
  return (input) => {
    const [, digits, percent] = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(%?)$/i.exec(input.trim()) ?? [];
    const value = digits === undefined ? Number.NaN : Number(digits) / (percent === "%" ? 100 : 1);
    if (value >= range.minimum && value <= range.maximum) return value;
    throw new FlagValueError(`must be ${describeRange(range)}, such as ${example}`);
  };
}

/** Numbers between commas, such as `10,20,50`. */
export function numberList(range: InputRange): (input: string) => readonly number[] {
  const parse = wholeNumber(range.minimum, range.maximum);
  return (input) => {
    try {
      return input.split(",").map((part) => parse(part.trim()));
    } catch (error) {
      if (!(error instanceof FlagValueError)) throw error;
      throw new FlagValueError(`must be numbers between commas, such as 10,20,50: each ${error.message}`);
    }
  };
}

/** The planner's inputs that the shared flags give. */
export function inputsOf(flags: ServiceFlags): Omit<PlanInputs, "clusters" | "secretsPerCluster"> {
  return {
    burst: flags.burst,
    risk: flags.risk,
    counting: flags.counting,
    profile: flags.profile,
    limitPerWindow: flags.limit,
    vaults: flags.vaults,
    otherLoadPerSecond: flags.otherLoad,
    requestsPerSecret: flags.requestsPerSecret,
    pollIntervalSeconds: flags.interval,
  };
}
