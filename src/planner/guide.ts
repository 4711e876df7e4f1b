import { normalQuantile } from "./probability/normal-quantile.ts";
import { logPoissonTail } from "./probability/tails.ts";

/**
 * The arithmetic of the Secret Store extension's troubleshooting guide (08/2025), cell by cell as it tells a reader to
 * type it into a spreadsheet. It bounds the chance that more than a tenth of the 10-second limit falls into one given
 * second; what that means for a whole refresh is the business of jitter.ts.
 */

/** The guide's answer for one fleet. */
export interface GuideAnswer {
  /** Cell A4: |Φ⁻¹(risk)|. */
  readonly zScore: number;
  /** Cell A5: how many clusters may fetch in one second. */
  readonly thresholdPerSecond: number;
  /** Cell A6: the mean number of clusters per second to aim for; null when the approximation has no answer. */
  readonly meanPerSecond: number | null;
  /** Cell A7, in seconds; null when the approximation has no answer. */
  readonly jitterSeconds: number | null;
  /** As the guide rounds: whole seconds below 100, two significant figures from there on. */
  readonly jitterSecondsRounded: number | null;
  /** Cell A8 at `jitterSeconds`: the chance that one given second is overloaded. */
  readonly riskPerSecond: number | null;
  /** Why there is no answer, in a sentence; absent when there is one. */
  readonly noAnswer?: string;
}

/** The guide's three inputs, and the tenth of the limit that it calls 400. */
export interface GuideInputs {
  readonly clusters: number;
  readonly secretsPerCluster: number;
  /** In (0, 1). */
  readonly risk: number;
  /** Requests that the vault may serve in one second; the guide's 400. */
  readonly limitPerSecond: number;
}

/**
 * The guide's "Calculation" way. Its Wilson–Hilferty approximation ends where the cube's base is zero or negative
 * (many secrets per cluster or a tiny risk); then every answer is null and `noAnswer` says so.
 */
export function guideJitter(inputs: GuideInputs): GuideAnswer {
  const zScore = Math.abs(normalQuantile(inputs.risk));
  const thresholdPerSecond = inputs.limitPerSecond / inputs.secretsPerCluster;
  const base = 1 - 1 / (9 * thresholdPerSecond) - zScore / (3 * Math.sqrt(thresholdPerSecond));
  if (base <= 0) {
    return {
      zScore,
      thresholdPerSecond,
      meanPerSecond: null,
      jitterSeconds: null,
      jitterSecondsRounded: null,
      riskPerSecond: null,
      noAnswer:
        `The guide's formula has no answer here: with ${inputs.secretsPerCluster} secrets per cluster and a risk of ` +
        `${inputs.risk} the base of its cube is ${base.toFixed(3)}, not above zero.`,
    };
  }
  const meanPerSecond = thresholdPerSecond * base ** 3;
  const jitterSeconds = inputs.clusters / meanPerSecond;
  return {
    zScore,
    thresholdPerSecond,
    meanPerSecond,
    jitterSeconds,
    jitterSecondsRounded: roundAsGuide(jitterSeconds),
    riskPerSecond: guideRiskPerSecond(inputs, jitterSeconds),
  };
}

/** Cell A8 for any jitter: 1 − POISSON.DIST(⌊threshold⌋, clusters/jitter). With jitter 0 all arrive in one second. */
export function guideRiskPerSecond(inputs: Omit<GuideInputs, "risk">, jitterSeconds: number): number {
  const threshold = Math.floor(inputs.limitPerSecond / inputs.secretsPerCluster);
  if (jitterSeconds <= 0) return inputs.clusters > threshold ? 1 : 0;
  return Math.exp(logPoissonTail(threshold, inputs.clusters / jitterSeconds));
}

/**
 * The guide's "Basic" way: what is left of the longest acceptable age, in seconds, after the poll interval; at least 0.
 * It looks at no load at all.
 */
export function guideBasicJitter(maximumAgeSeconds: number, pollIntervalSeconds: number): number {
  return Math.max(0, maximumAgeSeconds - pollIntervalSeconds);
}

/** Columns of the guide's table, in clusters. */
export const guideTableClusters: readonly number[] = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
/** Rows of the guide's table, in secrets per cluster. */
export const guideTableSecrets: readonly number[] = [5, 10, 20, 50];
/** The limit per second that the guide's table is made for. */
export const guideTableLimitPerSecond = 400;
const guideTableRisk = 0.0001;

/** A cell of the guide's table. */
export interface GuideTableCell {
  readonly clusters: number;
  readonly secretsPerCluster: number;
  readonly jitterSeconds: number;
}

/**
 * The guide's "Lookup from a table" way: the next larger column and row; null outside the table. The guide says
 * "larger than your deployment"; a fleet that equals a column uses that column.
 */
export function guideTableLookup(clusters: number, secretsPerCluster: number): GuideTableCell | null {
  const column = guideTableClusters.find((value) => value >= clusters);
  const row = guideTableSecrets.find((value) => value >= secretsPerCluster);
  if (column === undefined || row === undefined) return null;
  const { jitterSecondsRounded } = guideJitter({
    clusters: column,
    secretsPerCluster: row,
    risk: guideTableRisk,
    limitPerSecond: guideTableLimitPerSecond,
  });
  return { clusters: column, secretsPerCluster: row, jitterSeconds: jitterSecondsRounded ?? 0 };
}

/** Two significant figures from 100 s on, whole seconds below: the rule that all 40 cells and both examples follow. */
function roundAsGuide(seconds: number): number {
  if (seconds < 100) return Math.round(seconds);
  const unit = 10 ** (Math.floor(Math.log10(seconds)) - 1);
  return Math.round(seconds / unit) * unit;
}
