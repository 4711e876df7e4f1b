/**
 * log Γ(x+1) minus Stirling's √(2πx)·(x/e)ˣ, for x > 0, with an absolute error of a few 1e-16. From 16 on the
 * asymptotic series (DLMF 5.11.1) is exact to double precision; smaller arguments are carried up to it.
 */
export function stirlingError(x: number): number {
  let carried = 0;
  let argument = x;
  while (argument < 16) {
    carried += (argument + 0.5) * Math.log1p(1 / argument) - 1;
    argument += 1;
  }
  const square = 1 / (argument * argument);
  const series =
    1 / 12 -
    square *
      (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * (691 / 360_360)))));
  return carried + series / argument;
}
