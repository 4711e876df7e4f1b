/** What a folder of manifests asks of a vault: which secrets, which identities, and which SecretSync reads what as whom. */
import { parse } from "yaml";
import { z } from "zod";
import type { FederatedCredential } from "../../emulator/index.ts";
import type { KubeObject } from "../../kube/objects.ts";

/** One SecretSync of the manifests with what it reads. */
export interface ExampleSync {
  /** `namespace/name`. */
  readonly name: string;
  readonly clientId: string;
  /** `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string;
  /** Names in the vault, one for each key. */
  readonly secretNames: readonly string[];
}

export interface ExampleSet {
  readonly vaultName: string;
  readonly tenantId: string;
  readonly syncs: readonly ExampleSync[];
  /** Every secret that any class names. */
  readonly secretNames: readonly string[];
  readonly namespaces: readonly string[];
}

const metadataSchema = z.object({ name: z.string(), namespace: z.string().default("default") });
const classSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ parameters: z.record(z.string(), z.string()) }),
});
const syncSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    secretProviderClassName: z.string(),
    serviceAccountName: z.string(),
    secretObject: z.object({ data: z.array(z.object({ sourcePath: z.string() })) }),
  }),
});
/** The `objects` parameter is YAML whose items are YAML again. */
const objectListSchema = z.object({ array: z.array(z.string()) });
const objectSchema = z.object({ objectName: z.string(), objectAlias: z.string().optional() });

type ProviderClass = z.infer<typeof classSchema>;
type VaultObject = z.infer<typeof objectSchema>;

/** Reads the set. A manifest that is wrong is left out here: the cluster or the operator says what is wrong with it. */
export function exampleSet(objects: readonly KubeObject[]): ExampleSet {
  const classes = parseAll(objects, "SecretProviderClass", classSchema);
  const syncs = parseAll(objects, "SecretSync", syncSchema);
  const parameters = classes[0]?.spec.parameters ?? {};
  return {
    vaultName: parameters["keyvaultName"] ?? "demo",
    tenantId: parameters["tenantID"] ?? "",
    syncs: syncs.map((sync) => exampleSync(sync, classes)),
    secretNames: [
      ...new Set(classes.flatMap((one) => vaultObjects(one).map(({ objectName }) => objectName))),
    ],
    namespaces: objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name),
  };
}

/** The federated credentials that let each SecretSync's service account act as the client of its class. */
export function federatedCredentials(set: ExampleSet, issuer: string): FederatedCredential[] {
  const credentials = new Map(
    set.syncs.map(({ clientId, subject }) => [`${clientId} ${subject}`, { clientId, subject, issuer }]),
  );
  return [...credentials.values()];
}

function exampleSync(
  { metadata, spec }: z.infer<typeof syncSchema>,
  classes: readonly ProviderClass[],
): ExampleSync {
  const own = classes.find(
    (candidate) =>
      candidate.metadata.namespace === metadata.namespace &&
      candidate.metadata.name === spec.secretProviderClassName,
  );
  const available = own === undefined ? [] : vaultObjects(own);
  return {
    name: `${metadata.namespace}/${metadata.name}`,
    clientId: own?.spec.parameters["clientID"] ?? "",
    subject: `system:serviceaccount:${metadata.namespace}:${spec.serviceAccountName}`,
    secretNames: spec.secretObject.data.flatMap(
      ({ sourcePath }) =>
        available.find(({ objectAlias, objectName }) => (objectAlias ?? objectName) === sourcePath)
          ?.objectName ?? [],
    ),
  };
}

function vaultObjects({ spec }: ProviderClass): VaultObject[] {
  const list = objectListSchema.safeParse(readYaml(spec.parameters["objects"] ?? ""));
  return (list.data?.array ?? []).flatMap((item) => objectSchema.safeParse(readYaml(item)).data ?? []);
}

function parseAll<T>(objects: readonly KubeObject[], wantedKind: string, schema: z.ZodType<T>): T[] {
  return objects
    .filter(({ kind }) => kind === wantedKind)
    .flatMap((object) => schema.safeParse(object).data ?? []);
}

function readYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch {
    return undefined;
  }
}
