import { parse, YAMLParseError } from "yaml";
import { z } from "zod";
import { UserError } from "../core/errors.ts";

const text = z.string().optional();

const clusterSchema = z.object({
  server: z.string(),
  "certificate-authority": text,
  "certificate-authority-data": text,
  "tls-server-name": text,
  "insecure-skip-tls-verify": z.boolean().optional(),
});

const userSchema = z.object({
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  token: text,
  tokenFile: text,
  username: text,
  exec: z.object({ command: z.string() }).optional(),
  "auth-provider": z.object({ name: z.string() }).optional(),
});

const contextSchema = z.object({ cluster: z.string(), user: text, namespace: text });

const listOf = <Key extends string, Schema extends z.ZodType>(key: Key, schema: Schema) =>
  z
    .array(z.object({ name: z.string(), [key]: schema } as { name: z.ZodString } & Record<Key, Schema>))
    .nullish();

const kubeconfigSchema = z.object({
  "current-context": z.string().nullish(),
  clusters: listOf("cluster", clusterSchema),
  users: listOf("user", userSchema),
  contexts: listOf("context", contextSchema),
});

/** A cluster and a user of a kubeconfig, with what Keyweir reads of them. */
export type KubeconfigCluster = z.infer<typeof clusterSchema>;
export type KubeconfigUser = z.infer<typeof userSchema>;

/** An entry and the file that it came from: paths inside are relative to it. */
export interface KubeconfigEntry<T> {
  readonly name: string;
  readonly path: string;
  readonly value: T;
}

/** One context with its cluster and, when it names one, its user. */
export interface SelectedContext {
  readonly contextName: string;
  readonly namespace: string;
  readonly cluster: KubeconfigEntry<KubeconfigCluster>;
  readonly user: KubeconfigEntry<KubeconfigUser> | undefined;
}

/**
 * The context `contextName`, or the current one, of these files. Of several files the first that has an entry of a
 * name wins, as in kubectl. Throws a {@link UserError} that names file and field.
 */
export async function readKubeconfig(
  paths: readonly string[],
  contextName: string | undefined,
  readFile: (path: string) => Promise<string>,
): Promise<SelectedContext> {
  const files: { readonly path: string; readonly config: z.infer<typeof kubeconfigSchema> }[] = [];
  for (const path of paths) files.push({ path, config: parseKubeconfig(path, await readFile(path)) });
  const list = paths.join(", ");

  const wanted = contextName ?? files.map(({ config }) => config["current-context"]).find(Boolean);
  if (wanted === undefined || wanted === null) {
    throw new UserError(`${list}: current-context is not set.`, "kubectl config use-context NAME sets it.");
  }
  const find = <T>(
    field: string,
    name: string,
    entriesOf: (config: z.infer<typeof kubeconfigSchema>) => { name: string; value: T }[],
  ): KubeconfigEntry<T> => {
    for (const { path, config } of files) {
      const entry = entriesOf(config).find((candidate) => candidate.name === name);
      if (entry !== undefined) return { ...entry, path };
    }
    throw new UserError(
      `${list}: ${field} has no entry named ${JSON.stringify(name)}.`,
      "kubectl config view shows what there is.",
    );
  };
  const context = find("contexts", wanted, ({ contexts }) =>
    (contexts ?? []).map(({ name, context: value }) => ({ name, value })),
  );
  const cluster = find("clusters", context.value.cluster, ({ clusters }) =>
    (clusters ?? []).map(({ name, cluster: value }) => ({ name, value })),
  );
  const userName = context.value.user;
  const user = userName
    ? find("users", userName, ({ users }) => (users ?? []).map(({ name, user: value }) => ({ name, value })))
    : undefined;
  return { contextName: wanted, namespace: context.value.namespace || "default", cluster, user };
}

function parseKubeconfig(path: string, content: string): z.infer<typeof kubeconfigSchema> {
  let document: unknown;
  try {
    // A kubeconfig has no use for aliases; without them a small file stays small.
    document = parse(content, { maxAliasCount: 0, prettyErrors: false });
  } catch (error) {
    const line =
      error instanceof YAMLParseError ? content.slice(0, error.pos[0]).split("\n").length : undefined;
    const place = line === undefined ? path : `${path}, line ${line}`;
    throw new UserError(
      `${place}: this is no YAML.`,
      "Give a kubeconfig file, as `kubectl config view --raw` prints.",
    );
  }
  const result = kubeconfigSchema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("");
  throw new UserError(
    `${path}: ${field === "" ? "the file" : field.replace(/^\./, "")}: ${issue.message}.`,
    "Give a kubeconfig file, as `kubectl config view --raw` prints.",
  );
}
