import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { z } from "zod";
import { messageOf, systemCodeOf, UserError } from "../core/errors.ts";
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

/** Where the package keeps its examples. */
export const examplesFolder = fileURLToPath(new URL("../../examples", import.meta.url));

/**
 * The objects of the YAML files in a folder, in the order of the files and of the documents in them. Throws a
 * {@link UserError} that names the file and the line.
 */
export function readManifests(folder: string): KubeObject[] {
  return listFiles(folder).flatMap((name) => {
    const path = join(folder, name);
    return parseManifests(readFileSync(path, "utf8"), path);
  });
}

function listFiles(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  } catch (error) {
    const reason = systemCodeOf(error) === "ENOENT" ? "there is no such folder" : messageOf(error);
    throw new UserError(
      `Cannot read the manifests in ${folder}: ${reason}.`,
      "Give a folder of YAML files.",
      {
        cause: error,
      },
    );
  }
  if (names.length > 0) return names.sort();
  throw new UserError(
    `There is no YAML file in ${folder}.`,
    "Give a folder of manifests, such as examples/.",
  );
}

function parseManifests(text: string, path: string): KubeObject[] {
  const lineCounter = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter, prettyErrors: false })];
  const lineOf = (offset: number) => `${path}, line ${lineCounter.linePos(offset).line}`;
  return documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      throw new UserError(`${lineOf(error.pos[0])}: ${error.message}.`, "Mend the YAML.", { cause: error });
    }
    const parsed = toValue(document, lineOf);
    if (parsed === null) return [];
    const manifest = manifestSchema.safeParse(parsed);
    if (manifest.success) return [parsed as KubeObject];
    const place = lineOf(document.range[0]);
    const field = manifest.error.issues[0]!.path.join(".") || "the document";
    throw new UserError(`${place}: ${field} is missing or wrong.`, "A manifest has kind and metadata.name.");
  });
}

/** No alias that makes a small file large. */
function toValue(document: Document.Parsed, lineOf: (offset: number) => string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new UserError(`${lineOf(document.range[0])}: aliases are not supported.`, "Write the value out.", {
      cause: error,
    });
  }
}

const manifestSchema = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** Creates the objects one after the other. Rejects with the API server's error for the first that it refuses. */
export async function createAll(kube: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    const resource = resources.find(({ kind }) => kind === object.kind);
    if (resource === undefined) {
      throw new UserError(
        `${object.metadata.name}: ${object.kind ?? "no kind"} is not a kind that the demo knows.`,
        `Use ${resources.map(({ kind }) => kind).join(", ")}.`,
      );
    }
    await kube.create(resource, object);
  }
}
