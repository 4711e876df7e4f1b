/** What `examples/` asks of a vault: which secrets, which identities, and which SecretSync reads what as whom. */
import { parse } from "yaml";
import type { FederatedCredential } from "../../emulator/index.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { SecretProviderClass, SecretSync } from "../../operator/secret-sync/secret-sync.ts";

/** One SecretSync of the examples with what it reads. */
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

/** Reads the set from the objects. Fields that are missing come out empty: the operator then says what is wrong. */
export function exampleSet(objects: readonly KubeObject[]): ExampleSet {
  const classes = objects.filter(({ kind }) => kind === "SecretProviderClass") as SecretProviderClass[];
  const syncs = objects.filter(({ kind }) => kind === "SecretSync") as SecretSync[];
  const parameters = classes[0]?.spec?.parameters ?? {};
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
  const bySubject = new Map(
    set.syncs.map(({ clientId, subject }) => [`${clientId} ${subject}`, { clientId, subject }]),
  );
  return [...bySubject.values()].map((credential) => ({ ...credential, issuer }));
}

function exampleSync({ metadata, spec }: SecretSync, classes: readonly SecretProviderClass[]): ExampleSync {
  const own = classes.find(
    (candidate) =>
      candidate.metadata.namespace === metadata.namespace &&
      candidate.metadata.name === spec.secretProviderClassName,
  );
  const objects = own === undefined ? [] : vaultObjects(own);
  return {
    name: `${metadata.namespace}/${metadata.name}`,
    clientId: own?.spec?.parameters?.["clientID"] ?? "",
    subject: `system:serviceaccount:${metadata.namespace}:${spec.serviceAccountName}`,
    secretNames: spec.secretObject.data.flatMap(({ sourcePath }) =>
      objects
        .filter((object) => (object.objectAlias ?? object.objectName) === sourcePath)
        .map((object) => object.objectName),
    ),
  };
}

interface VaultObject {
  readonly objectName: string;
  readonly objectAlias?: string;
}

/** The `objects` parameter is YAML whose items are YAML again. */
function vaultObjects(providerClass: SecretProviderClass): VaultObject[] {
  const list = parse(providerClass.spec?.parameters?.["objects"] ?? "") as {
    array?: readonly string[];
  } | null;
  return (list?.array ?? []).map((item) => parse(item) as VaultObject);
}
