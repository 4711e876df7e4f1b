import { buildCommand } from "@stricli/core";
import { inputRanges } from "../../../planner/input-ranges.ts";
import type { CliContext } from "../../context.ts";
import { wholeNumber } from "../../flag-parsers.ts";
import {
  clustersFlag,
  secretsFlag,
  serviceFlags,
  type ServiceFlags,
  verifyFlags,
  type VerifyFlags,
} from "./fleet-flags.ts";

/** What `keyweir plan jitter` takes. */
export interface JitterFlags extends ServiceFlags, VerifyFlags {
  readonly clusters: number;
  readonly secrets: number;
  readonly maxAge: number;
}

/** The flags and texts of `keyweir plan jitter`; what it runs is loaded when it runs. */
export const jitterCommand = buildCommand<JitterFlags, [], CliContext>({
  loader: async () => (await import("./run-jitter.ts")).runJitter,
  parameters: {
    flags: {
      clusters: clustersFlag,
      secrets: secretsFlag,
      ...serviceFlags,
      maxAge: {
        kind: "parsed",
        parse: wholeNumber(inputRanges.maximumAgeSeconds.minimum, inputRanges.maximumAgeSeconds.maximum),
        default: "7200",
        placeholder: "SECONDS",
        brief: "Longest acceptable age of a secret, for the guide's basic way",
      },
      ...verifyFlags,
    },
  },
  docs: {
    brief: "How far a fleet must spread its requests, and how sure that is",
    fullDescription: `How far a fleet must spread its requests so that the vault does not throttle. Shows the three ways of the Secret Store extension's guide with the guide's own numbers, and the exact answer for each way in which the vault may count.
Examples:
keyweir plan jitter --clusters 700 --secrets 30
keyweir plan jitter --clusters 10000 --secrets 50 --vaults 5 --risk 1e-6
keyweir plan jitter --clusters 700 --secrets 30 --verify`,
  },
});
