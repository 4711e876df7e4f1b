/** What the demo shows, as lines: pure functions of what is known, for a terminal and for a pipe alike. */
import { alignColumns, type Style, wrap } from "../terminal.ts";

/** One SecretSync as the screen shows it. */
export interface SyncRow {
  /** `namespace/name`. */
  readonly name: string;
  /** Absent while nothing is known. */
  readonly isReady: boolean | undefined;
  readonly reason: string;
  /** Of the Ready condition; shown when it is not ready. */
  readonly message: string;
  readonly keyCount: number;
  /** Since the vault was last asked; absent before the first time. */
  readonly ageMs: number | undefined;
  /** Requests that the vault has seen for it. */
  readonly vaultRequestCount: number;
}

/** What does not change while the demo runs. */
export interface DemoFacts {
  readonly vaultUrl: string;
  readonly secretCount: number;
  readonly requestLimit: number;
  readonly windowSeconds: number;
  readonly clusterUrl: string;
  readonly namespaces: readonly string[];
  readonly identityCount: number;
  readonly serviceAccountCount: number;
  readonly pollIntervalSeconds: number;
  readonly kubeconfigPath: string;
}

/** A rotation as far as it has come. `arrivals` in the order in which the Secrets followed. */
export interface Rotation {
  readonly secretName: string;
  readonly version: string;
  readonly arrivals: readonly Arrival[];
}

/** The moment at which a Secret had the new version. */
export interface Arrival {
  /** `namespace/name` of the SecretSync. */
  readonly name: string;
  readonly afterMs: number;
  readonly how: string;
}

/** The parts of the demo and where they are. */
export function headLines(facts: DemoFacts, style: Style): string[] {
  const limit = `${facts.requestLimit.toLocaleString("en-US")} per ${facts.windowSeconds} s`;
  const rows = [
    ["vault", facts.vaultUrl, `${facts.secretCount} secrets, ${limit}`],
    ["cluster", facts.clusterUrl, `namespaces ${facts.namespaces.join(", ")}`],
    ["provider", "unix socket", `${facts.identityCount} identities, ${facts.serviceAccountCount} accounts`],
    ["controller", `polls every ${facts.pollIntervalSeconds} s`, ""],
  ];
  return [
    style.strong("Keyweir demo: a vault, a cluster and the operator, all on this machine"),
    "",
    ...indent(alignColumns(rows.map(([name, ...rest]) => [style.quiet(name!), ...rest]))),
    "",
  ];
}

/** The table of SecretSyncs, its heading first. Reasons are cut so that a line has at most `width` characters. */
export function tableLines(rows: readonly SyncRow[], style: Style, width: number): string[] {
  const heading = ["SECRETSYNC", "READY", "REASON", "KEYS", "AGE", "READS"];
  const nameWidth = Math.max(heading[0]!.length, ...rows.map(({ name }) => name.length));
  // Two spaces before and five times between; the columns after REASON need 4, 6 and 5.
  const reasonWidth = Math.max(12, width - 2 - nameWidth - 5 - 15 - 10);
  const cells = rows.map((row) => [
    row.name,
    readyCell(row.isReady, style),
    cut(row.reason, reasonWidth).padEnd(Math.min(reasonWidth, longestReasonLength)),
    row.keyCount === 0 ? "-" : String(row.keyCount),
    (row.ageMs === undefined ? "-" : formatAge(row.ageMs)).padStart(6),
    String(row.vaultRequestCount),
  ]);
  const [head, ...lines] = alignColumns(
    [heading, ...cells],
    ["left", "left", "left", "right", "right", "right"],
  );
  return indent([style.quiet(head!), ...lines]);
}

/** Why SecretSyncs are not ready, in lines of at most `width` characters; none when all are, or nothing is known. */
export function problemLines(rows: readonly SyncRow[], style: Style, width: number): string[] {
  return rows
    .filter(({ isReady }) => isReady === false)
    .flatMap(({ name, message }) => {
      const [first = "", ...others] = wrap(`${name}: ${message}`, width - 4);
      return [`  ${first.replace(name, style.problem(name))}`, ...others.map((line) => `    ${line}`)];
    });
}

/** `UpdateValueChangeOrForceUpdateSucceeded`, so that the columns stand still when it comes. */
const longestReasonLength = 39;

function readyCell(isReady: boolean | undefined, style: Style): string {
  if (isReady === undefined) return style.pending("...");
  return isReady ? style.good("yes") : style.problem("no");
}

/** The rotation and what became of it in the SecretSyncs that read the secret. */
export function rotationLines(rotation: Rotation, syncNames: readonly string[], style: Style): string[] {
  const rows = syncNames.map((name) => {
    const arrival = rotation.arrivals.find((candidate) => candidate.name === name);
    return [name, arrival === undefined ? style.pending("waits for its poll") : arrivalText(arrival, style)];
  });
  return ["", `  ${rotationHeading(rotation, style)}`, ...indent(alignColumns(rows))];
}

/** What was rotated. */
export function rotationHeading({ secretName, version }: Rotation, style: Style): string {
  return `${style.strong(`Rotated ${secretName} in the vault`)}, new version ${version.slice(0, 4)}…`;
}

/** When and how the new version came. */
export function arrivalText({ afterMs, how }: Arrival, style: Style): string {
  return `${style.good("in the cluster")} after ${formatDuration(afterMs)}, ${how}`;
}

/** What to do next with the demo. */
export function tryItLines(facts: DemoFacts, style: Style): string[] {
  return [
    "",
    style.strong("Try it in another terminal:"),
    `  export KUBECONFIG=${facts.kubeconfigPath}`,
    "  kubectl get secretsync -A",
    "  kubectl get secret db -n shop -o jsonpath='{.data.password}' | base64 -d",
    style.quiet("Ctrl-C ends everything and removes the files."),
  ];
}

/** `48 ms`, `12.3 s`. */
function formatDuration(durationMs: number): string {
  return durationMs < 100 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

function formatAge(ageMs: number): string {
  const seconds = Math.floor(ageMs / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
