"""Writes references.json: probabilities computed at 80 digits, written as natural logarithms with 50.

Run with Python 3 and mpmath 1.4 (python -m pip install mpmath==1.4.1). Inputs are the exact values of the doubles
that stand in the file. Nothing here uses the algorithms under test: tails are plain sums of probability masses,
the incomplete beta function is integrated numerically, the quantile is found by root search on erfc.
"""

import json
import os

from mpmath import mp, mpf, exp, findroot, erfc, loggamma, log, nstr, quad, sqrt

mp.dps = 80


def text(value):
    return nstr(value, 50, strip_zeros=False)


def tail(log_mass, threshold, last, mean):
    """log P(X > threshold), by summing masses away from the mean."""
    if threshold + 1 > mean:
        return log(total(log_mass, threshold + 1, 1, last))
    return log(1 - total(log_mass, threshold, -1, 0))


def total(log_mass, start, step, end):
    result = mpf(0)
    k = start
    while (k <= end) if step > 0 else (k >= end):
        mass = exp(log_mass(k))
        result += mass
        if mass < result * mpf(10) ** -75:
            break
        k += step
    return result


def binomial_tail(n, threshold, p):
    p = mpf(p)
    log_p, log_q, log_n = log(p), log(1 - p), loggamma(n + 1)
    def mass(k):
        return log_n - loggamma(k + 1) - loggamma(n - k + 1) + k * log_p + (n - k) * log_q
    return tail(mass, threshold, n, n * p)


def poisson_tail(threshold, mean):
    mean = mpf(mean)
    log_mean = log(mean)
    def mass(k):
        return k * log_mean - mean - loggamma(k + 1)
    return tail(mass, threshold, mpf("inf"), mean)


def incomplete_beta(a, b, x):
    a, b, x = mpf(a), mpf(b), mpf(x)
    whole = loggamma(a) + loggamma(b) - loggamma(a + b)
    # With t = x·s the integrand is smooth; the split points keep the quadrature honest near its peak.
    points = [0] + [mpf(i) / 40 for i in range(1, 41)]
    part = quad(lambda s: s ** (a - 1) * ((1 - x * s) / (1 - x)) ** (b - 1), points)
    return a * log(x) + (b - 1) * log(1 - x) + log(part) - whole


def normal_quantile(p):
    p = mpf(p)
    guess = -sqrt(-2 * log(p)) if p < 0.3 else (p - mpf("0.5")) * 2
    return findroot(lambda z: log(erfc(-z / sqrt(2)) / 2) - log(p), guess)


BINOMIAL = [
    (700, 133, 10 / 75), (700, 133, 10 / 74), (700, 133, 10 / 190), (700, 133, 0.14), (700, 13, 1 / 190),
    (700, 13, 1 / 282), (10_000, 80, 10 / 7600), (10_000, 8, 1 / 7600), (10_000, 80, 10 / 1934), (20, 4, 0.5),
    (20, 19, 0.5), (1000, 400, 0.39), (1000, 400, 0.41), (1000, 400, 0.05), (1000, 999, 0.5), (1000, 0, 1e-9),
    (2, 1, 1e-150), (100, 1, 1e-151), (100_000, 133, 0.001), (100_000, 133, 1e-4), (100_000, 133, 2e-6),
    (10_000_000, 133, 9.5e-6), (10_000_000, 133, 2.9e-7), (10_000_000, 4000, 3.9e-4), (10_000_000, 4000, 2.2e-4),
    (100_000_000_000, 4000, 3.99e-8), (100_000_000_000, 4000, 3e-8), (100_000_000_000, 4000, 2.3e-8),
    (100_000_000_000, 400, 1.1e-9), (1_000_000, 500_000, 0.4815), (1_000_000, 500_000, 0.5001),
    (10_000_000, 1_000_000, 0.0967), (300, 299, 0.1), (1000, 130, 0.999), (50, 10, 0.9),
    (100_000_000, 40_000_000, 0.3985), (100_000_000, 10_000_000, 0.0991), (1_000_000_000, 100_000_000, 0.09966),
]
POISSON = [
    (13, 700 / 189.26918924965773), (13, 700 / 190), (13, 700 / 760), (0, 1e-300), (0, 0.5), (0, 30.0), (1, 1e-150),
    (8, 1.3), (20, 10.0), (40, 41.0), (80, 13.157894736842104), (133, 95.0), (133, 2.9), (400, 380.0), (400, 420.0),
    (400, 60.0), (4000, 3900.0), (4000, 2100.0), (100_000, 88_900.0), (100_000, 99_990.0), (5, 200.0),
]
BETA = [
    (0.5, 0.5, 0.3), (0.5, 0.5, 0.9), (1.5, 2.5, 1e-10), (2.5, 1.5, 0.999), (133.0, 568.0, 0.14), (133.0, 568.0, 0.05),
    (12.25, 700.75, 0.01), (12.25, 700.75, 0.05), (40.5, 3.25, 0.2), (100.5, 100.5, 0.2), (100.5, 100.5, 0.6),
    (80.0, 9921.0, 0.001), (1.0, 1.0, 0.25), (3.0, 0.75, 0.5), (150.5, 20.5, 0.013),
]
QUANTILE = [
    1e-300, 1e-200, 1e-100, 1e-50, 1e-20, 1e-12, 1.3e-11, 1e-9, 1e-6, 1e-4, 0.001, 0.01, 0.025, 0.05, 0.0749, 0.0751,
    0.1, 0.25, 0.4, 0.499999,
]

references = {
    "binomialTail": [{"n": n, "threshold": t, "p": p, "log": text(binomial_tail(n, t, p))} for n, t, p in BINOMIAL],
    "poissonTail": [{"threshold": t, "mean": m, "log": text(poisson_tail(t, m))} for t, m in POISSON],
    "incompleteBeta": [{"a": a, "b": b, "x": x, "log": text(incomplete_beta(a, b, x))} for a, b, x in BETA],
    "normalQuantile": [{"p": p, "z": text(normal_quantile(p))} for p in QUANTILE],
}

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "references.json")
with open(path, "w", encoding="utf-8") as file:
    json.dump(references, file, indent=2)
    file.write("\n")
