import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { UserError } from "../core/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/objects.ts";
import { customResourceDefinitions, namespaces, type Resource, serviceAccounts } from "../kube/resources.ts";
import { secretProviderClassCrd } from "../operator/crds/secret-provider-class.ts";
import { secretSyncCrd } from "../operator/crds/secret-sync.ts";
import { secretProviderClasses, secretSyncs } from "../operator/secret-sync/secret-sync.ts";

/** What a cluster must have before the controller starts: the kinds that it watches and its own namespace. */
export const keyweirManifests: readonly KubeObject[] = [
  secretProviderClassCrd,
  secretSyncCrd,
  { kind: "Namespace", metadata: { name: "azure-secret-store" } },
];

/** The kinds that the demo applies. */
const resources: readonly Resource[] = [
  namespaces,
  serviceAccounts,
  customResourceDefinitions,
  secretProviderClasses,
  secretSyncs,
];

/** The objects of `examples/`, in the order of the files and of the documents in them. */
export function readExamples(): KubeObject[] {
  const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return files.sort().flatMap((name) => parseManifests(readFileSync(`${folder}${name}`, "utf8"), name));
}

function parseManifests(text: string, fileName: string): KubeObject[] {
  const documents = parseAllDocuments(text);
  const error = [...documents].flatMap((document) => document.errors)[0];
  if (error !== undefined) {
    throw new UserError(`examples/${fileName}: ${error.message}`, "Mend the file, or restore it from git.");
  }
  return [...documents]
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

/** Creates the objects one after the other. Rejects with the API server's error for the first that it refuses. */
export async function createAll(kube: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const resource = resources.find(({ kind }) => kind === object.kind);
    if (resource === undefined) {
      throw new UserError(
        `examples: ${object.kind ?? "an object without kind"} is not a kind that the demo knows.`,
        `Use ${resources.map(({ kind }) => kind).join(", ")}.`,
      );
    }
    await kube.create(resource, object);
  }
}
