import { dirname, resolve } from "node:path";
import { isMap, isNode, isScalar, visit } from "yaml";
import { z } from "zod";
import { UserError } from "../core/errors.ts";
import { findDeepLine } from "../core/nesting.ts";
import type { FederatedCredential, KeySource } from "../emulator/index.ts";
import { parseYaml, type YamlDocument } from "../provider/objects-yaml.ts";
import type { CliContext } from "./context.ts";
import { readUserFile } from "./files.ts";
import { parseKeySet } from "./key-set-file.ts";

/** Whose tokens the emulator takes in place of a secret, and where the keys of their issuers are. */
export interface Federation {
  readonly federatedCredentials: readonly FederatedCredential[];
  readonly trustedIssuers: Readonly<Record<string, KeySource>>;
}

type Path = readonly PropertyKey[];

/** Bounds that keep hostile files cheap. */
const bounds = { characters: 262_144, depth: 8, credentials: 1_000, shownProblems: 10 } as const;
const hint = "keyweir emulator --help shows what such a file holds.";

const shortText = z
  .string({ error: "must be text" })
  .min(1, "must not be empty")
  .max(500, "must not have more than 500 characters");
const webAddress = shortText.refine(
  (given) => ["http:", "https:"].includes(URL.parse(given)?.protocol ?? ""),
  "must be an address such as https://cluster.example/openid/v1/jwks",
);

const credentialSchema = z.strictObject(
  { clientId: shortText, issuer: shortText, subject: shortText, audience: shortText.optional() },
  { error: "must have clientId, issuer, subject and perhaps audience, and nothing else" },
);
const issuerSchema = z
  .strictObject(
    { jwksFile: shortText.optional(), jwksUri: webAddress.optional() },
    { error: "must have jwksFile or jwksUri, and nothing else" },
  )
  .refine(
    ({ jwksFile, jwksUri }) => (jwksFile === undefined) !== (jwksUri === undefined),
    "must have either jwksFile or jwksUri",
  );
const federationSchema = z.strictObject(
  {
    credentials: z
      .array(credentialSchema, { error: "must be a list" })
      .min(1, "must not be empty")
      .max(bounds.credentials, `must not have more than ${bounds.credentials} entries`),
    issuers: z.record(z.string(), issuerSchema, { error: "must map issuers to their keys" }).default({}),
  },
  { error: "must have credentials and perhaps issuers, and nothing else" },
);

/**
 * Reads a federation file, YAML or JSON, and the key files that it names; their paths are relative to it. Throws a
 * {@link UserError} that names file, line and field and quotes no value; bounded in time and memory for any content.
 */
export async function readFederation(context: CliContext, path: string): Promise<Federation> {
  const document = parseFile(await readUserFile(context, path, "--federation"), path);
  const parsed = federationSchema.safeParse(toValue(document, path));
  if (!parsed.success) {
    throw fail(parsed.error.issues.map((issue) => place(document, path, issue.path) + issue.message));
  }
  const { credentials, issuers } = parsed.data;
  const problems = findContradictions(document, path, credentials, Object.keys(issuers));
  if (problems.length > 0) throw fail(problems);
  const trustedIssuers: Record<string, KeySource> = {};
  for (const { issuer } of credentials) trustedIssuers[issuer] = "fetch";
  for (const [issuer, { jwksFile, jwksUri }] of Object.entries(issuers)) {
    trustedIssuers[issuer] =
      jwksFile === undefined ? { jwksUri: jwksUri! } : await readKeySet(context, path, jwksFile);
  }
  return { federatedCredentials: credentials.map(withoutAbsent), trustedIssuers };
}

async function readKeySet(context: CliContext, path: string, jwksFile: string): Promise<KeySource> {
  const file = resolve(dirname(path), jwksFile);
  return parseKeySet(await readUserFile(context, file, "--federation"), file);
}

function parseFile(text: string, path: string): YamlDocument {
  if (text.length > bounds.characters) {
    throw fail([`${path}: it has more than ${bounds.characters} characters`]);
  }
  const deepLine = findDeepLine(text, bounds.depth);
  if (deepLine !== undefined) throw fail([`${path}, line ${deepLine}: it is nested too deeply`]);
  const parsed = parseYaml(text, (line, column) => `${path}, line ${line}, column ${column}`);
  if (parsed.kind === "invalid") throw fail(parsed.problems);
  const repeated = findRepeatedKey(parsed);
  if (repeated !== undefined) throw fail([`${path}, line ${repeated}: this key is there twice`]);
  return parsed;
}

/** The line of a key that its mapping has already, in linear time. */
function findRepeatedKey({ document, lines }: YamlDocument): number | undefined {
  let line: number | undefined;
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) line ??= lines.linePos(key.range?.[0] ?? 0).line;
        seen.add(key.value);
      }
    },
  });
  return line;
}

/** No alias that makes a small file large. */
function toValue({ document }: YamlDocument, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw fail([`${path}: aliases (*name) are not supported: write the value out`]);
  }
}

/** What each part allows and both together do not. */
function findContradictions(
  document: YamlDocument,
  path: string,
  credentials: readonly FederatedCredentialInput[],
  issuers: readonly string[],
): string[] {
  const named = new Set(credentials.map(({ issuer }) => issuer));
  const listed = new Set(issuers);
  const unused = issuers
    .filter((issuer) => !named.has(issuer))
    .map(
      (issuer) =>
        `${place(document, path, ["issuers", issuer])}no credential names it; a trailing slash counts`,
    );
  const unreachable = credentials.flatMap(({ issuer }, index) =>
    listed.has(issuer) || webAddress.safeParse(issuer).success
      ? []
      : [
          `${place(document, path, ["credentials", index, "issuer"])}is no address to fetch keys from: add it to issuers`,
        ],
  );
  return [...unused, ...unreachable];
}

type FederatedCredentialInput = z.infer<typeof credentialSchema>;

function withoutAbsent({ audience, ...credential }: FederatedCredentialInput): FederatedCredential {
  return audience === undefined ? credential : { ...credential, audience };
}

/** `FILE, line 3: credentials[0].subject `; an issuer's name is not repeated. */
function place({ document, lines }: YamlDocument, path: string, field: Path): string {
  let line = 1;
  for (let length = field.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(field.slice(0, length - 1), true);
    const key = field[length - 1];
    const pair = isMap(parent)
      ? parent.items.find((item) => isScalar(item.key) && item.key.value === key)
      : undefined;
    const node: unknown = pair?.key ?? document.getIn(field.slice(0, length), true);
    if (!isNode(node) || !node.range) continue;
    line = lines.linePos(node.range[0]).line;
    break;
  }
  const parts = field.map((part, index) =>
    typeof part === "number"
      ? `[${part}]`
      : index === 1 && field[0] === "issuers"
        ? "[ISSUER]"
        : `.${String(part)}`,
  );
  return `${path}, line ${line}: ${parts.join("").replace(/^\./, "") || "the file"} `;
}

function fail(problems: readonly string[]): UserError {
  const shown = problems.slice(0, bounds.shownProblems).map((problem) => `${problem}.`);
  const more = problems.length > shown.length ? [`and ${problems.length - shown.length} more`] : [];
  return new UserError([...shown, ...more].join("\n"), hint);
}
