import { assert } from "../../core/assert.ts";
import { logComplement } from "./log-space.ts";
import { logBinomialMass } from "./saddle-point.ts";

/**
 * log I_x(a, b), the regularised incomplete beta function, for a > 0, b > 0 and 0 ≤ x ≤ 1; −Infinity when it is 0.
 * Relative error of I below 1e-12 down to 1e-300: a saddle-point prefactor times the continued fraction
 * DLMF 8.17.22, on whichever side of the mean the fraction converges.
 */
export function logIncompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return -Infinity;
  if (x >= 1) return 0;
  const mass = logBinomialMass(a + b, a, x);
  if (x <= (a + 1) / (a + b + 2)) {
    return Math.min(0, mass + Math.log((b / (a + b)) * continuedFraction(a, b, x)));
  }
  return logComplement(Math.min(0, mass + Math.log((a / (a + b)) * continuedFraction(b, a, 1 - x))));
}

/** Takes about √max(a, b) steps at the mean, a handful in the tails. */
const stepLimit = 1_000_000;
const tiny = 1e-300;

/** Lentz's evaluation of the fraction 1/(1+ d₁/(1+ d₂/(1+ …))). */
function continuedFraction(a: number, b: number, x: number): number {
  let numerator = 1;
  let denominator = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let value = denominator;
  for (let step = 1; step < stepLimit; step++) {
    const even = (step * (b - step) * x) / ((a + 2 * step - 1) * (a + 2 * step));
    denominator = 1 / awayFromZero(1 + even * denominator);
    numerator = awayFromZero(1 + even / numerator);
    value *= numerator * denominator;
    const odd = (-(a + step) * (a + b + step) * x) / ((a + 2 * step) * (a + 2 * step + 1));
    denominator = 1 / awayFromZero(1 + odd * denominator);
    numerator = awayFromZero(1 + odd / numerator);
    const change = numerator * denominator;
    value *= change;
    if (Math.abs(change - 1) < 3e-16) return value;
  }
  assert(false, `the continued fraction of I_x(a, b) converges for a=${a}, b=${b}, x=${x}`);
}

function awayFromZero(value: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}
