import { formatNumber, formatSeconds } from "./number-format.ts";

/** What the picture shows: one vault during one refresh. */
export interface DemandPicture {
  readonly limitPerWindow: number;
  readonly windowSeconds: number;
  /** Requests of others in one window. */
  readonly otherPerWindow: number;
  readonly meanPerWindow: number;
  /** Standard deviation of the requests in one window. */
  readonly deviationPerWindow: number;
  readonly spreadSeconds: number;
}

const rows = 7;
const columns = 44;
const spreadColumns = 34;

/** Demand in one window over time as blocks, against the limit as a dashed line. Plain text, 80 columns at most. */
export function drawDemand(picture: DemandPicture): string[] {
  const { limitPerWindow, windowSeconds, meanPerWindow, deviationPerWindow, otherPerWindow } = picture;
  const mean = meanPerWindow + otherPerWindow;
  const usual = mean + 2 * deviationPerWindow;
  const top = Math.max(limitPerWindow, mean) * 1.1;
  const rowOf = (value: number) => Math.max(0, Math.min(rows - 1, Math.ceil((value / top) * rows) - 1));
  const limitRow = rowOf(limitPerWindow);
  const labels = new Map([[rowOf(mean), formatNumber(mean, 0)]]);
  labels.set(limitRow, formatNumber(limitPerWindow, 0));
  const labelWidth = Math.max(...[...labels.values()].map((label) => label.length));
  const filledColumns = picture.spreadSeconds > 0 ? spreadColumns : 3;
  const lines: string[] = [];
  for (let row = rows - 1; row >= 0; row--) {
    const label = (labels.get(row) ?? "").padStart(labelWidth);
    let line = "";
    for (let column = 0; column < columns; column++) {
      const isInside = column < filledColumns;
      if (isInside && row <= rowOf(mean)) line += "█";
      else if (row === limitRow) line += column % 2 === 0 ? "-" : " ";
      else if (isInside && row <= rowOf(usual)) line += "░";
      else line += " ";
    }
    lines.push(`  ${label} ${labels.has(row) ? "┤" : "│"}${line.trimEnd()}`);
  }
  const end = picture.spreadSeconds > 0 ? formatSeconds(picture.spreadSeconds) : "at once";
  const axis = `${"─".repeat(filledColumns)}┬${"─".repeat(columns - filledColumns - 1)}`;
  lines.push(`  ${"0".padStart(labelWidth)} ┼${axis}`);
  const start = picture.spreadSeconds > 0 ? "0 s" : "";
  const endColumn = Math.max(start.length + 1, filledColumns + 1 - Math.floor(end.length / 2));
  lines.push(`  ${" ".repeat(labelWidth + 2)}${start.padEnd(endColumn)}${end}`);
  const legend =
    `█ mean ${formatNumber(mean, 0)}   ░ usual range   - limit ${formatNumber(limitPerWindow, 0)}   ` +
    `requests per ${windowSeconds === 1 ? "second" : `${formatNumber(windowSeconds)} s`} and vault`;
  return [...lines, `  ${legend}`];
}
