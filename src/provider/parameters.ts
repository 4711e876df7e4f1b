/**
 * The parameters of a SecretProviderClass with `provider: azure`, and what the driver adds to them. One schema makes
 * the parser and the reference page. The order of the schema is the order in which problems are told.
 */
import { z } from "zod";
import { describeKind, describeShape } from "./describe.ts";
import { referenceOf } from "./field-reference.ts";

const podNameKey = "csi.storage.k8s.io/pod.name";
const podNamespaceKey = "csi.storage.k8s.io/pod.namespace";
const serviceAccountNameKey = "csi.storage.k8s.io/serviceAccount.name";
const tokensKey = "csi.storage.k8s.io/serviceAccount.tokens";

/** The clouds that `cloudName` may name. */
const cloudNames = [
  "AzurePublicCloud",
  "AzureUSGovernmentCloud",
  "AzureChinaCloud",
  "AzureGermanCloud",
  "AzureStackCloud",
] as const;

type CloudName = (typeof cloudNames)[number];

const schema = z.object({
  [podNameKey]: z
    .string({ error: "pod name is not provided: the driver or controller must send it" })
    .meta({ description: "Name of the pod that asks. The driver adds it." }),
  [podNamespaceKey]: z
    .string({ error: "pod namespace is not provided: the driver or controller must send it" })
    .meta({ description: "Namespace of the pod or SecretSync. The driver adds it." }),
  usePodIdentity: flag(
    "usePodIdentity",
    "Use AAD pod identity. Retired by Azure: use workload identity instead.",
  ),
  useVMManagedIdentity: flag(
    "useVMManagedIdentity",
    "Use a managed identity of the machine (VM, scale set, App Service).",
  ),
  useAzureTokenProxy: flag(
    "useAzureTokenProxy",
    "Use AKS identity binding: the token goes through the cluster's token proxy.",
  ),
  keyvaultName: z
    .string({ error: "keyvaultName is not provided: set it to the name of the vault, without its domain" })
    .superRefine((name, context) => {
      for (const message of vaultNameProblems(name)) context.addIssue({ code: "custom", message });
    })
    .meta({
      description: "Name of the vault: 3 to 24 letters, digits and hyphens.",
    }),
  tenantID: z
    .string({ error: "tenantId is not provided: set tenantID to the id of the tenant that owns the vault" })
    .meta({
      description: "Tenant of the vault (`adfs` for Azure Stack with AD FS). `tenantId` is understood too.",
    }),
  cloudEnvFileName: z.string().optional().meta({
    description: "JSON file with the endpoints of an Azure Stack cloud. Needs `cloudName: AzureStackCloud`.",
  }),
  cloudName: z
    .string()
    .optional()
    .transform((name, context): CloudName | undefined => {
      if (name === undefined) return undefined;
      const found = cloudNames.find((known) => known.toLowerCase() === name.toLowerCase());
      if (found === undefined) {
        context.addIssue({
          code: "custom",
          message: `cloudName is not valid (${describeShape(name)}): set one of ${cloudNames.join(", ")}`,
        });
      }
      return found;
    })
    .meta({
      description: "Cloud of the vault. Upper and lower case are equal.",
      values: cloudNames,
      fallback: "AzurePublicCloud",
    }),
  clientID: z.string().optional().meta({
    description:
      "Client id of the application or user-assigned identity, for workload identity and identity binding.",
  }),
  userAssignedIdentityID: z
    .string()
    .optional()
    .meta({ description: "Client id of a managed identity; empty takes the system-assigned one." }),
  [serviceAccountNameKey]: z
    .string()
    .optional()
    .meta({ description: "Service account whose token is sent. The driver adds it." }),
  [tokensKey]: z
    .string()
    .optional()
    .meta({ description: "Service-account tokens by audience, as JSON. The driver adds it." }),
  objects: z.string({ error: "objects is not set: set it to YAML with a list named `array`" }).meta({
    description: "YAML: a mapping with the key `array`, a list of objects (see the fields of an object).",
  }),
});

/** Parameters as given: trimmed, checked one by one; how they go together is checked by their users. `objects` is read apart. */
export interface MountParameters {
  readonly podNamespace: string;
  readonly usePodIdentity: boolean;
  readonly useVMManagedIdentity: boolean;
  readonly useAzureTokenProxy: boolean;
  readonly keyvaultName: string;
  readonly tenantId: string;
  readonly cloudName: CloudName | undefined;
  readonly cloudEnvFileName: string | undefined;
  readonly clientId: string | undefined;
  readonly userAssignedIdentityId: string | undefined;
  readonly serviceAccountName: string | undefined;
  readonly tokens: string | undefined;
}

export type ParsedParameters =
  | { readonly kind: "valid"; readonly parameters: MountParameters }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

/**
 * Reads the attributes of a Mount. All problems are told at once, in the order in which the stock provider would
 * meet them; each names its field and the fix, and describes a wrong value by its shape alone.
 */
export function parseParameters(attributes: Readonly<Record<string, unknown>>): ParsedParameters {
  const given: Record<string, string> = {};
  const problems: { readonly order: number; readonly text: string }[] = [];
  for (const [order, name] of parameterNames.entries()) {
    const value = attributes[name] ?? (name === "tenantID" ? attributes["tenantId"] : undefined);
    if (value === undefined || value === null) continue;
    if (typeof value === "string") {
      const trimmed = value.trim();
      if (trimmed !== "") given[name] = trimmed;
    } else {
      problems.push({ order, text: `${name} must be a string, got ${describeKind(value)}` });
    }
  }
  const result = schema.safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = String(issue.path[0]);
      const order = parameterNames.indexOf(name);
      // A value of a wrong kind was left out above: it is not missing as well.
      if (problems.some((problem) => problem.order === order)) continue;
      const similar = given[name] === undefined ? misspelt(name, attributes) : undefined;
      const hint = similar === undefined ? "" : ` (found "${similar}": the name is ${name})`;
      problems.push({ order, text: issue.message + hint });
    }
  }
  problems.sort((left, right) => left.order - right.order);
  const texts = problems.map((problem) => problem.text);
  const flags = result.success ? activeFlags(result.data) : [];
  if (flags.length > 1) {
    texts.push(`only one identity mode can be enabled at a time: remove all but one of ${flags.join(", ")}`);
  }
  if (!result.success || texts.length > 0) return { kind: "invalid", problems: texts };
  const data = result.data;
  return {
    kind: "valid",
    parameters: {
      podNamespace: data[podNamespaceKey],
      usePodIdentity: data.usePodIdentity,
      useVMManagedIdentity: data.useVMManagedIdentity,
      useAzureTokenProxy: data.useAzureTokenProxy,
      keyvaultName: data.keyvaultName,
      tenantId: data.tenantID,
      cloudName: data.cloudName,
      cloudEnvFileName: data.cloudEnvFileName,
      clientId: data.clientID,
      userAssignedIdentityId: data.userAssignedIdentityID,
      serviceAccountName: data[serviceAccountNameKey],
      tokens: data[tokensKey],
    },
  };
}

/** Every parameter, in the order in which it is checked. */
export const parameterReference = referenceOf(schema.shape);

const parameterNames: readonly string[] = Object.keys(schema.shape);

const trueWords: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falseWords: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** A boolean as Go's strconv.ParseBool reads it. */
function flag(name: string, description: string) {
  return z
    .string()
    .optional()
    .transform((text, context) => {
      if (text !== undefined && !trueWords.has(text) && !falseWords.has(text)) {
        context.addIssue({
          code: "custom",
          message: `failed to parse ${name} flag (${describeShape(text)}): set true or false`,
        });
      }
      return text !== undefined && trueWords.has(text);
    })
    .meta({ description, values: ["true", "false"], fallback: "false" });
}

function activeFlags(data: z.infer<typeof schema>): string[] {
  return (["usePodIdentity", "useVMManagedIdentity", "useAzureTokenProxy"] as const).filter(
    (name) => data[name],
  );
}

function vaultNameProblems(name: string): string[] {
  const problems: string[] = [];
  if (name.length < 3 || name.length > 24) {
    problems.push(
      `Invalid vault name: keyvaultName has ${name.length} characters, must be between 3 and 24 chars`,
    );
  }
  const badIndex = name.search(/[^-A-Za-z0-9]/);
  if (badIndex >= 0) {
    const isAddress = name.includes(".") || name.includes("/");
    problems.push(
      `Invalid vault name: keyvaultName must match [-a-zA-Z0-9]{3,24}, character ${badIndex + 1} does not` +
        (isAddress ? " (give the name alone, without https:// and domain)" : ""),
    );
  }
  return problems;
}

function misspelt(name: string, attributes: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(attributes).find(
    (given) => given !== name && given.toLowerCase() === name.toLowerCase(),
  );
}
