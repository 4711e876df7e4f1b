import { PlanInputError } from "../../../planner/inputs.ts";
import { UsageError } from "../../exit-code.ts";

/** Flag of each planner input. */
const flagNames: Readonly<Record<string, string>> = {
  clusters: "--clusters",
  secretsPerCluster: "--secrets",
  burst: "--burst",
  risk: "--risk",
  counting: "--counting",
  profile: "--profile",
  limitPerWindow: "--limit",
  vaults: "--vaults",
  otherLoadPerSecond: "--other-load",
  requestsPerSecret: "--requests-per-secret",
  pollIntervalSeconds: "--interval",
  maximumAgeSeconds: "--max-age",
  jitterSeconds: "--jitter",
};

/** Runs `plan`; inputs that do not go together become a usage error that names the flags. */
export function withFlagNames<T>(plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof PlanInputError)) throw error;
    const sentences = error.issues.map(({ input, message }) => `${flagNames[input] ?? input} ${message}.`);
    throw new UsageError(sentences.join(" "));
  }
}
