import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { logIncompleteBeta } from "./incomplete-beta.ts";
import { normalQuantile } from "./normal-quantile.ts";
import { logBinomialTail, logPoissonTail } from "./tails.ts";

interface References {
  readonly binomialTail: readonly { n: number; threshold: number; p: number; log: string }[];
  readonly poissonTail: readonly { threshold: number; mean: number; log: string }[];
  readonly incompleteBeta: readonly { a: number; b: number; x: number; log: string }[];
  readonly normalQuantile: readonly { p: number; z: string }[];
}

const references = JSON.parse(
  readFileSync(new URL("reference/references.json", import.meta.url), "utf8"),
) as References;

/** How far the probability of this logarithm is off, relatively. */
function relativeError(log: number, reference: string): number {
  return Math.abs(Math.expm1(log - Number(reference)));
}

describe("against 50-digit references, to 1e-12 relative", () => {
  test.each(references.binomialTail)("P(X > $threshold), X ~ Bin($n, $p)", ({ n, threshold, p, log }) => {
    expect(relativeError(logBinomialTail(n, threshold, p), log)).toBeLessThan(1e-12);
  });

  test.each(references.poissonTail)("P(X > $threshold), X ~ Poisson($mean)", ({ threshold, mean, log }) => {
    expect(relativeError(logPoissonTail(threshold, mean), log)).toBeLessThan(1e-12);
  });

  test.each(references.incompleteBeta)("I_$x($a, $b)", ({ a, b, x, log }) => {
    expect(relativeError(logIncompleteBeta(a, b, x), log)).toBeLessThan(1e-12);
  });

  test.each(references.normalQuantile)("the normal quantile of $p", ({ p, z }) => {
    expect(Math.abs(normalQuantile(p) / Number(z) - 1)).toBeLessThan(p < 0.499 ? 1e-12 : 1e-9);
  });
});

describe("against published values", () => {
  // NIST/SEMATECH e-Handbook, table of the cumulative standard normal and its critical values.
  test.each([
    [0.1, -1.282],
    [0.05, -1.645],
    [0.025, -1.96],
    [0.01, -2.326],
    [0.001, -3.09],
  ])("normal quantile of %d is %d", (p, z) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 3);
    expect(normalQuantile(1 - p)).toBeCloseTo(-z, 3);
  });

  // Classic tables of the cumulative Poisson and binomial distributions.
  test.each([
    { mean: 1, threshold: 2, cumulative: 0.9197 },
    { mean: 5, threshold: 5, cumulative: 0.616 },
    { mean: 10, threshold: 12, cumulative: 0.7916 },
  ])("Poisson($mean) up to $threshold is $cumulative", ({ mean, threshold, cumulative }) => {
    expect(1 - Math.exp(logPoissonTail(threshold, mean))).toBeCloseTo(cumulative, 4);
  });

  test.each([
    { n: 10, p: 0.5, threshold: 5, cumulative: 0.623 },
    { n: 20, p: 0.25, threshold: 7, cumulative: 0.8982 },
    { n: 5, p: 0.1, threshold: 0, cumulative: 0.59049 },
  ])("Bin($n, $p) up to $threshold is $cumulative", ({ n, p, threshold, cumulative }) => {
    expect(1 - Math.exp(logBinomialTail(n, threshold, p))).toBeCloseTo(cumulative, 4);
  });
});

test.each([
  { n: 10, threshold: -1, p: 0.5, log: 0 },
  { n: 10, threshold: 10, p: 0.5, log: -Infinity },
  { n: 10, threshold: 9, p: 1, log: 0 },
  { n: 10, threshold: 0, p: 0, log: -Infinity },
])("P(X > $threshold), X ~ Bin($n, $p) is e^$log", ({ n, threshold, p, log }) => {
  expect(logBinomialTail(n, threshold, p)).toBe(log);
});
