import { logIncompleteBeta } from "./incomplete-beta.ts";
import { logComplement } from "./log-space.ts";
import { logPoissonMass } from "./saddle-point.ts";

/** log P(X > threshold) for X ~ Binomial(n, p). `n` up to 1e11, whole; the probability is exact to 1e-12 relative. */
export function logBinomialTail(n: number, threshold: number, p: number): number {
  if (threshold < 0) return 0;
  if (threshold >= n) return -Infinity;
  return logIncompleteBeta(threshold + 1, n - threshold, p);
}

/**
 * log P(X > threshold) for X ~ Poisson(mean). `threshold` a whole number up to 1e6; exact to 1e-12 relative.
 * Both series have positive terms only.
 */
export function logPoissonTail(threshold: number, mean: number): number {
  if (threshold < 0) return 0;
  if (mean <= 0) return -Infinity;
  if (threshold + 1 > mean) {
    let term = 1;
    let sum = 1;
    for (let k = threshold + 2; term > sum * 1e-18; k++) {
      term *= mean / k;
      sum += term;
    }
    return Math.min(0, logPoissonMass(threshold + 1, mean) + Math.log(sum));
  }
  let term = 1;
  let sum = 1;
  for (let k = threshold; k > 0 && term > sum * 1e-18; k--) {
    term *= k / mean;
    sum += term;
  }
  return logComplement(Math.min(0, logPoissonMass(threshold, mean) + Math.log(sum)));
}
