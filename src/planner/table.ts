import { guideJitter, guideTableClusters, guideTableSecrets } from "./guide.ts";
import { completeInputs, PlanInputError, type CompleteInputs, type PlanInputs } from "./inputs.ts";
import { exactJitter } from "./jitter.ts";
import { countings, type Counting } from "./window-risk.ts";

/** How a table's cells are computed: as the guide does, or exactly for one counting. */
export type TableMethod = "guide" | Counting;
const tableMethods: readonly TableMethod[] = ["guide", ...countings];

export type TableInputs = Omit<PlanInputs, "clusters" | "secretsPerCluster"> & {
  /** Columns, 1 to 50; default the guide's ten. */
  readonly clusters?: readonly number[] | undefined;
  /** Rows, 1 to 50; default the guide's four. */
  readonly secretsPerCluster?: readonly number[] | undefined;
  /** Default all four. */
  readonly methods?: readonly TableMethod[] | undefined;
};

/** Jitter in seconds for rows of secrets and columns of clusters. */
export interface JitterTable {
  readonly method: TableMethod;
  /** One row for each entry of `secretsPerCluster`; null where there is no answer. */
  readonly jitterSeconds: readonly (readonly (number | null)[])[];
}

/** The answer of `keyweir plan table` (docs/schemas/plan-table.schema.json). */
export interface TablePlan {
  readonly inputs: Omit<CompleteInputs, "clusters" | "secretsPerCluster" | "burst" | "counting"> & {
    readonly clusters: readonly number[];
    readonly secretsPerCluster: readonly number[];
    /** Null when one go holds all secrets of a row. */
    readonly burst: number | null;
  };
  readonly tables: readonly JitterTable[];
}

const sideLimit = 50;

/**
 * The guide's table and the same table for each exact counting. The guide's cells are rounded as in the guide.
 * Throws a {@link PlanInputError} that lists every input outside its range.
 */
export function planTable(given: TableInputs): TablePlan {
  const clusters = given.clusters ?? guideTableClusters;
  const secretsPerCluster = given.secretsPerCluster ?? guideTableSecrets;
  const methods = given.methods ?? tableMethods;
  checkSides({ clusters, secretsPerCluster });
  const cells = secretsPerCluster.map((secrets) =>
    clusters.map((columnClusters) =>
      completeInputs({
        ...given,
        clusters: columnClusters,
        secretsPerCluster: secrets,
        burst: given.burst === undefined ? undefined : Math.min(given.burst, secrets),
      }),
    ),
  );
  const tables = methods.map((method) => ({
    method,
    jitterSeconds: cells.map((row) => row.map((inputs) => cell(inputs, method))),
  }));
  const { counting: _, ...first } = cells[0]![0]!;
  return { inputs: { ...first, clusters, secretsPerCluster, burst: given.burst ?? null }, tables };
}

function cell(inputs: CompleteInputs, method: TableMethod): number | null {
  if (method !== "guide") return exactJitter(inputs, method).jitterSeconds;
  return guideJitter({
    clusters: inputs.clusters / inputs.vaults,
    secretsPerCluster: inputs.secretsPerCluster,
    risk: inputs.risk,
    limitPerSecond: inputs.limitPerWindow / inputs.windowSeconds,
  }).jitterSecondsRounded;
}

function checkSides(sides: Readonly<Record<string, readonly number[]>>): void {
  const issues = Object.entries(sides)
    .filter(([, values]) => values.length < 1 || values.length > sideLimit)
    .map(([input, values]) => ({
      input,
      message: `must list 1 to ${sideLimit} numbers, not ${values.length}`,
    }));
  if (issues.length > 0) throw new PlanInputError(issues);
}

/** GitHub-flavoured Markdown, one table under a heading for each method. */
export function tableAsMarkdown(plan: TablePlan): string {
  const { clusters, secretsPerCluster } = plan.inputs;
  return plan.tables
    .map(({ method, jitterSeconds }) =>
      [
        `### ${describeMethod(method)}`,
        "",
        `| Secrets needed | ${clusters.map((value) => `${group(value)} clusters`).join(" | ")} |`,
        `| -- |${" --: |".repeat(clusters.length)}`,
        ...secretsPerCluster.map(
          (secrets, row) =>
            `| **${group(secrets)} secrets** | ${jitterSeconds[row]!.map((value) => (value === null ? "–" : group(value))).join(" | ")} |`,
        ),
        "",
      ].join("\n"),
    )
    .join("\n");
}

/** RFC 4180 with a header: method, secrets per cluster, clusters, jitter in seconds (empty where there is none). */
export function tableAsCsv(plan: TablePlan): string {
  const { clusters, secretsPerCluster } = plan.inputs;
  const lines = plan.tables.flatMap(({ method, jitterSeconds }) =>
    secretsPerCluster.flatMap((secrets, row) =>
      clusters.map((columnClusters, column) =>
        [method, secrets, columnClusters, jitterSeconds[row]![column] ?? ""].join(","),
      ),
    ),
  );
  return `${["method,secretsPerCluster,clusters,jitterSeconds", ...lines].join("\r\n")}\r\n`;
}

/** What a method assumes, in a few words. */
function describeMethod(method: TableMethod): string {
  switch (method) {
    case "guide":
      return "The guide: its formula, rounded as it rounds";
    case "second":
      return "Exact, counted in each second";
    case "fixed":
      return "Exact, counted in fixed windows";
    case "sliding":
      return "Exact, counted in any window";
  }
}

function group(value: number): string {
  return value.toLocaleString("en-US");
}
