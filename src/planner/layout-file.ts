import { isMap, isNode, isSeq, LineCounter, parseDocument, type Document } from "yaml";
import { z } from "zod";
import { UserError } from "../core/errors.ts";
import { findDeepLine } from "../core/nesting.ts";
import { regions } from "./regions.ts";

/** Names that go into vault names: lower-case letters and digits, single hyphens inside. */
const nameSchema = z
  .string()
  .regex(
    /^[a-z](?:-?[a-z0-9])*$/,
    "must be lower-case letters, digits and single hyphens, starting with a letter",
  )
  .max(40);
const rateSchema = z.number().min(0).max(1_000_000);

const loadShape = {
  /** Clusters that read this application's secrets, in each environment and region. */
  clusters: z.int().min(1).max(10_000_000),
  /** Secrets that each cluster reads. */
  secrets: z.int().min(1).max(10_000),
  burst: z.int().min(1).max(10_000).optional(),
  pollSeconds: z.int().min(1).max(31_536_000),
  jitterSeconds: z.int().min(0).max(31_536_000),
  /** Requests per second of others on each vault of the application. */
  otherLoadPerSecond: rateSchema,
  /** Set secret, import certificate and import key, per second and vault. */
  writesPerSecond: rateSchema,
  /** Key operations other than create, per second and vault. */
  keyOperationsPerSecond: z.partialRecord(
    z.enum([
      "software-rsa-2048",
      "software-rsa-3072",
      "software-rsa-4096",
      "software-ec",
      "hsm-rsa-2048",
      "hsm-rsa-3072",
      "hsm-rsa-4096",
      "hsm-ec",
    ]),
    rateSchema,
  ),
  environments: z.array(nameSchema).min(1).max(20),
  regions: z.array(z.string().max(40)).min(1).max(60),
};

const layoutSchema = z.strictObject({
  profile: z.enum(["azure-2026", "legacy-2000", "strict-second"]).default("azure-2026"),
  /** Accepted chance that a refresh of one application in one region is throttled. */
  risk: z.number().min(1e-300).max(0.5).default(0.0001),
  /** A subscription is full when its vaults reach this share of its limit in one region. */
  fullAt: z.number().min(0.05).max(1).default(0.8),
  /** Regions that are newer than Keyweir's list. */
  otherRegions: z
    .array(z.string().regex(/^[a-z0-9]{3,40}$/))
    .max(100)
    .default([]),
  defaults: z.strictObject(loadShape).partial().default({}),
  applications: z
    .array(
      z
        .strictObject({ ...loadShape, name: nameSchema })
        .partial()
        .required({ name: true }),
    )
    .min(1)
    .max(2000),
});

type LayoutDocument = z.infer<typeof layoutSchema>;
type Load = z.infer<z.ZodObject<typeof loadShape>>;

/** One application with every default filled in. */
export interface ApplicationLoad extends Required<Omit<Load, "burst">> {
  readonly name: string;
  readonly burst: number;
}

/** What a layout file says, checked and complete. */
export interface LayoutInputs extends Omit<LayoutDocument, "defaults" | "applications"> {
  readonly applications: readonly ApplicationLoad[];
}

/** A layout file that cannot be planned with. The message names lines of the file. */
export class LayoutError extends UserError {
  /** One for each thing to change. */
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    const shown = problems.slice(0, 10);
    const more = problems.length > shown.length ? [`and ${problems.length - shown.length} more`] : [];
    super(
      [...shown, ...more].join("\n"),
      "Change these lines and plan again; docs/limits.md has a complete example.",
    );
    this.problems = problems;
  }
}

/** Bounds that keep hostile files cheap: characters, nesting, expansions of aliases, vaults. */
const bounds = { characters: 262_144, depth: 32, aliases: 100, vaults: 10_000 } as const;

/**
 * Reads a layout file. Throws a {@link LayoutError} that names the line of everything that is wrong; bounded in time
 * and memory for any text.
 */
export function parseLayout(text: string): LayoutInputs {
  if (text.length > bounds.characters) {
    throw new LayoutError([
      `the file has ${text.length} characters, more than ${bounds.characters}: split it by subscription`,
    ]);
  }
  const deepLine = findDeepLine(text, bounds.depth);
  if (deepLine !== undefined) {
    throw new LayoutError([`line ${deepLine}: nested more than ${bounds.depth} levels deep`]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: "silent",
  });
  if (document.errors.length > 0) {
    throw new LayoutError(
      document.errors.map(({ pos, message }) => `line ${lines.linePos(pos[0]).line}: ${firstLine(message)}`),
    );
  }
  const lineOf = (path: readonly PropertyKey[]) => lineOfPath(document, lines, path);
  const parsed = layoutSchema.safeParse(toPlain(document));
  if (!parsed.success) {
    throw new LayoutError(
      parsed.error.issues.map(
        ({ path, message }) => `line ${lineOf(path)}: ${describePath(path)}${lowerFirst(firstLine(message))}`,
      ),
    );
  }
  return complete(parsed.data, lineOf);
}

function complete(layout: LayoutDocument, lineOf: (path: readonly PropertyKey[]) => number): LayoutInputs {
  const { defaults, applications, ...rest } = layout;
  const problems: string[] = [];
  const seen = new Set<string>();
  const known = new Set([...regions.keys(), ...layout.otherRegions]);
  const completed = applications.map((application, index): ApplicationLoad => {
    const at = (...path: PropertyKey[]) => `line ${lineOf(["applications", index, ...path])}`;
    const load = withDefaults(application, defaults);
    if (seen.has(load.name))
      problems.push(`${at("name")}: application ${load.name} is there twice; join the two`);
    seen.add(load.name);
    for (const field of ["clusters", "secrets", "regions"] as const) {
      if ((application[field] ?? defaults[field]) !== undefined) continue;
      problems.push(`${at()}: application ${load.name} has no ${field}, and defaults has none`);
    }
    load.regions.forEach((region, place) => {
      if (!known.has(region))
        problems.push(`${at("regions", place)}: ${describeUnknownRegion(region, known)}`);
    });
    for (const field of ["regions", "environments"] as const) {
      if (new Set(load[field]).size < load[field].length)
        problems.push(`${at(field)}: ${field} lists one twice`);
    }
    if (load.burst > load.secrets) {
      problems.push(`${at("burst")}: burst must not be larger than the ${load.secrets} secrets`);
    }
    return load;
  });
  const vaultCount = completed.reduce((sum, load) => sum + load.environments.length * load.regions.length, 0);
  if (vaultCount > bounds.vaults) {
    problems.push(
      `the file asks for ${vaultCount} vaults, more than ${bounds.vaults}: split it by subscription`,
    );
  }
  if (problems.length > 0) throw new LayoutError(problems);
  return { ...rest, applications: completed };
}

function withDefaults(
  application: LayoutDocument["applications"][number],
  defaults: LayoutDocument["defaults"],
): ApplicationLoad {
  const pick = <Field extends keyof Load>(field: Field, fallback: NonNullable<Load[Field]>) =>
    (application[field] ?? defaults[field] ?? fallback) as NonNullable<Load[Field]>;
  const secrets = pick("secrets", 0);
  return {
    name: application.name,
    clusters: pick("clusters", 0),
    secrets,
    burst: pick("burst", secrets),
    pollSeconds: pick("pollSeconds", 3600),
    jitterSeconds: pick("jitterSeconds", 0),
    otherLoadPerSecond: pick("otherLoadPerSecond", 0),
    writesPerSecond: pick("writesPerSecond", 0),
    keyOperationsPerSecond: pick("keyOperationsPerSecond", {}),
    environments: pick("environments", ["prod"]),
    regions: pick("regions", []),
  };
}

function describeUnknownRegion(region: string, known: ReadonlySet<string>): string {
  const plain = region.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const similar =
    [...known].find((name) => name === plain) ?? [...known].find((name) => isSimilar(name, plain));
  const shown = JSON.stringify(region);
  return similar === undefined
    ? `${shown} is no Azure region that Keyweir knows; if it is new, list it under otherRegions`
    : `${shown} is no Azure region; did you mean ${similar}?`;
}

/** One letter missing, added, changed, or two neighbours swapped: what people mistype. */
function isSimilar(name: string, typed: string): boolean {
  if (Math.abs(name.length - typed.length) > 1) return false;
  let start = 0;
  while (start < name.length && name[start] === typed[start]) start++;
  let end = 0;
  while (end < name.length - start && end < typed.length - start && name.at(-1 - end) === typed.at(-1 - end))
    end++;
  const left = name.slice(start, name.length - end);
  const right = typed.slice(start, typed.length - end);
  return (
    (left.length <= 1 && right.length <= 1) ||
    (left.length === 2 && left === right.slice(1) + right.slice(0, 1))
  );
}

function toPlain(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: bounds.aliases });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new LayoutError([
      `aliases (*name) expand to too much: write at most ${bounds.aliases} of them out`,
    ]);
  }
}

/** The line of the deepest part of `path` that the file has; 1 when it has none. */
function lineOfPath(document: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const part = path.slice(0, length);
    const parent = length === 0 ? document.contents : document.getIn(part.slice(0, -1), true);
    const key = part.at(-1);
    const pair = isMap(parent) ? parent.items.find((item) => String(item.key) === key) : undefined;
    const node: unknown = length === 0 || isSeq(parent) ? document.getIn(part, true) : pair?.key;
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function describePath(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? ""
    : `${path
        .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
        .join("")
        .replace(/^\./, "")}: `;
}

function firstLine(text: string): string {
  return text.split("\n")[0]!.slice(0, 200);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
