import type { CompleteInputs } from "../../../planner/inputs.ts";
import { countingWindow } from "../../../planner/refresh-risk.ts";
import type { Counting } from "../../../planner/window-risk.ts";
import { formatNumber } from "./number-format.ts";

/** "4,000 in fixed 10 s windows". */
export function describeCounting(
  inputs: Pick<CompleteInputs, "limitPerWindow" | "windowSeconds">,
  counting: Counting,
): string {
  const { limitPerWindow, windowSeconds } = countingWindow(inputs, counting);
  const limit = formatNumber(limitPerWindow);
  switch (counting) {
    case "second":
      return `${limit} in each second`;
    case "fixed":
      return `${limit} in fixed ${formatNumber(windowSeconds)} s windows`;
    case "sliding":
      return `${limit} in any ${formatNumber(windowSeconds)} s`;
  }
}
