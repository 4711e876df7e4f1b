import type { CompleteInputs } from "../../../planner/inputs.ts";
import { meanRequestsPerWindow } from "../../../planner/jitter.ts";
import { countingWindow } from "../../../planner/refresh-risk.ts";
import type { CliContext } from "../../context.ts";
import { wrap } from "../../terminal.ts";
import { drawDemand } from "./picture.ts";

const width = 80;

/** One JSON document with a line feed. */
export function printJson(context: CliContext, document: unknown): void {
  context.process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** Lines of a screen, one blank line at most in a row. */
export function printLines(context: CliContext, lines: readonly string[]): void {
  const kept = lines.filter((line, index) => line !== "" || (index > 0 && lines[index - 1] !== ""));
  context.process.stdout.write(`${kept.join("\n").trimEnd()}\n`);
}

/** Each sentence or paragraph broken into lines of 80 columns. */
export function wrapSentences(paragraphs: readonly string[]): string[] {
  return paragraphs.filter((text) => text !== "").flatMap((text) => wrap(text, width));
}

/** The picture of one vault's demand during a refresh against its limit. */
export function drawRefresh(inputs: CompleteInputs, jitterSeconds: number): string[] {
  const { windowSeconds, limitPerWindow } = countingWindow(inputs, inputs.counting);
  const counted = { ...inputs, windowSeconds };
  const burstRequests = inputs.burst * inputs.requestsPerSecret;
  const bursts =
    Math.ceil(inputs.clusters / inputs.vaults) * Math.ceil(inputs.secretsPerCluster / inputs.burst);
  const share = Math.min(1, windowSeconds / Math.max(jitterSeconds, 1e-9));
  return drawDemand({
    limitPerWindow,
    windowSeconds,
    otherPerWindow: inputs.otherLoadPerSecond * windowSeconds,
    meanPerWindow: meanRequestsPerWindow(counted, jitterSeconds),
    deviationPerWindow: burstRequests * Math.sqrt(bursts * share * (1 - share)),
    spreadSeconds: jitterSeconds,
  });
}
