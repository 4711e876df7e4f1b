import { stirlingError } from "./stirling-error.ts";

/**
 * Binomial and Poisson probabilities by the saddle-point expansion (C. Loader, "Fast and accurate computation of
 * binomial probabilities", 2000): a deviance that never cancels plus Stirling errors. Products n·p are kept in two
 * doubles, because near the mean a deviance multiplies their rounding error by the distance from the mean.
 */

/** log P(X = k) for X ~ Poisson(mean); `k` a whole number ≥ 0, `mean` > 0. */
export function logPoissonMass(k: number, mean: number): number {
  if (k === 0) return -mean;
  return -stirlingError(k) - deviance(k, mean, 0) - 0.5 * Math.log(2 * Math.PI * k);
}

/**
 * log of Γ(n+1)/(Γ(k+1)Γ(n−k+1)) · pᵏ(1−p)ⁿ⁻ᵏ for real 0 ≤ k ≤ n and 0 < p < 1; for whole numbers that is
 * log P(X = k), X ~ Binomial(n, p).
 */
export function logBinomialMass(n: number, k: number, p: number): number {
  if (k === 0) return n * Math.log1p(-p);
  if (k === n) return n * Math.log(p);
  const mean = multiplyExactly(n, p);
  const restHigh = n - mean.high;
  const restLow = n - restHigh - mean.high - mean.low;
  return (
    stirlingError(n) -
    stirlingError(k) -
    stirlingError(n - k) -
    deviance(k, mean.high, mean.low) -
    deviance(n - k, restHigh, restLow) -
    0.5 * Math.log(2 * Math.PI * k * (1 - k / n))
  );
}

/** x·log(x/m) + m − x for m = high + low: how improbable a count `x` is when `m` is expected. Never negative. */
function deviance(x: number, high: number, low: number): number {
  const difference = x - high - low;
  const sum = x + high;
  if (Math.abs(difference) > 0.5 * sum) return x * Math.log(x / high) - difference;
  const ratio = difference / sum;
  const square = ratio * ratio;
  let power = 2 * x * ratio;
  let total = difference * ratio;
  for (let order = 3; ; order += 2) {
    power *= square;
    const next = total + power / order;
    if (next === total) return total;
    total = next;
  }
}

/** a·b = high + low without rounding error (Veltkamp and Dekker), for factors below 1e290. */
function multiplyExactly(a: number, b: number): { readonly high: number; readonly low: number } {
  const high = a * b;
  const [aHigh, aLow] = split(a);
  const [bHigh, bLow] = split(b);
  return { high, low: aLow * bLow - (high - aHigh * bHigh - aLow * bHigh - aHigh * bLow) };
}

function split(value: number): readonly [number, number] {
  const scaled = value * 134_217_729;
  const high = scaled - (scaled - value);
  return [high, value - high];
}
