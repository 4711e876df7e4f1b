import { planJitter } from "../../src/planner/jitter.ts";
import { riskCurve } from "../../src/planner/risk.ts";
import { countings } from "../../src/planner/window-risk.ts";
import type { PlanInputs } from "../../src/planner/inputs.ts";

const width = 760;
const height = 420;
const margin = { left: 108, right: 120, top: 24, bottom: 52 };
const lowestLog10 = -12;
const longestSeconds = 400;

/** Where each line's name stands: beside the point at which the line falls below `log10`. */
const labels = {
  second: { log10: lowestLog10, shiftX: 8, anchor: "start", text: "each second" },
  fixed: { log10: -10, shiftX: -8, anchor: "end", text: "fixed windows" },
  sliding: { log10: -10, shiftX: 8, anchor: "start", text: "any 10 s" },
} as const;

/** A plot of the chance of a throttled refresh over the jitter, one line for each counting, as an SVG document. */
export function riskPlot(fleet: PlanInputs): string {
  const plan = planJitter(fleet);
  const x = (seconds: number) =>
    margin.left + (seconds / longestSeconds) * (width - margin.left - margin.right);
  const y = (log10: number) => margin.top + (log10 / lowestLog10) * (height - margin.top - margin.bottom);
  const samples = Array.from({ length: longestSeconds / 2 + 1 }, (_, index) => index * 2);
  const curve = riskCurve(fleet, samples);
  const lines = countings.map((counting) => {
    const points = curve.filter(({ upper }) => upper[counting] >= lowestLog10);
    const path = points.map(
      ({ jitterSeconds, upper }) => `${x(jitterSeconds).toFixed(1)},${y(upper[counting]).toFixed(1)}`,
    );
    const { log10, shiftX, anchor, text } = labels[counting];
    const at = points.findLast(({ upper }) => upper[counting] >= log10) ?? points.at(-1)!;
    return (
      `<polyline class="${counting}" points="${path.join(" ")}"/>\n<text class="${counting}" ` +
      `x="${(x(at.jitterSeconds) + shiftX).toFixed(1)}" y="${(y(at.upper[counting]) + 4).toFixed(1)}" ` +
      `text-anchor="${anchor}">${text}</text>`
    );
  });
  const rows = [0, -2, -4, -6, -8, -10, -12].map(
    (log10) =>
      `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y(log10).toFixed(1)}" y2="${y(log10).toFixed(1)}"/>` +
      `<text x="${margin.left - 8}" y="${(y(log10) + 4).toFixed(1)}" text-anchor="end">${describeOdds(log10)}</text>`,
  );
  const columns = [0, 100, 200, 300, 400].map(
    (seconds) =>
      `<text x="${x(seconds).toFixed(1)}" y="${height - margin.bottom + 18}" text-anchor="middle">${seconds}</text>`,
  );
  const marks = [
    { seconds: plan.guide.jitterSecondsRounded ?? 0, text: "the guide" },
    { seconds: plan.byCounting.fixed.jitterSeconds ?? 0, text: "exact" },
  ].map(
    ({ seconds, text }) =>
      `<line class="mark" x1="${x(seconds).toFixed(1)}" x2="${x(seconds).toFixed(1)}" y1="${margin.top}" y2="${height - margin.bottom}"/>` +
      `<text x="${(x(seconds) + 4).toFixed(1)}" y="${margin.top - 8}">${text} ${seconds} s</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">Upper bound of the chance that a refresh is throttled over jitterSeconds, for ${fleet.clusters} clusters with ${fleet.secretsPerCluster} secrets</title>
<style>
  svg { background: #ffffff; }
  text { font: 13px sans-serif; fill: #1f2328; }
  line.grid { stroke: #d0d7de; }
  line.mark { stroke: #6e7781; stroke-dasharray: 4 4; }
  polyline { fill: none; stroke-width: 2.5; }
  polyline.second { stroke: #bc4c00; stroke-dasharray: 8 4; }
  polyline.fixed { stroke: #0969da; }
  polyline.sliding { stroke: #1a7f37; stroke-dasharray: 2 3; }
  text.second { fill: #bc4c00; }
  text.fixed { fill: #0969da; }
  text.sliding { fill: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117; }
    text { fill: #e6edf3; }
    line.grid { stroke: #30363d; }
    polyline.second { stroke: #f0883e; } text.second { fill: #f0883e; }
    polyline.fixed { stroke: #58a6ff; } text.fixed { fill: #58a6ff; }
    polyline.sliding { stroke: #3fb950; } text.sliding { fill: #3fb950; }
  }
</style>
<text x="${margin.left - 8}" y="${margin.top - 8}" text-anchor="end">throttled</text>
${rows.join("\n")}
${columns.join("\n")}
<text x="${(margin.left + width - margin.right) / 2}" y="${height - 12}" text-anchor="middle">jitterSeconds</text>
${marks.join("\n")}
${lines.join("\n")}
</svg>
`;
}

function describeOdds(log10: number): string {
  if (log10 === 0) return "always";
  return log10 >= -6 ? `1 in ${(10 ** -log10).toLocaleString("en-US")}` : `1 in 10^${-log10}`;
}
