/** How to reach a cluster and as whom: from a pod's service account or from a kubeconfig file, as kubectl finds them. */
import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { messageOf, systemCodeOf, UserError } from "../core/errors.ts";
import { readKubeconfig, type KubeconfigCluster, type KubeconfigUser } from "./kubeconfig.ts";

export interface ClusterConfig {
  /** Origin and path prefix of the API server: `https://10.0.0.1:443`. */
  readonly server: string;
  /** Absent: the system's authorities. */
  readonly certificateAuthorityPem?: string;
  /** Name in the server's certificate, where it differs from the host of `server`. */
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly clientCertificate?: { readonly certificatePem: string; readonly keyPem: string };
  readonly token?: string;
  /** Read again as it changes; wins over `token`. */
  readonly tokenFile?: string;
  /** Of the pod or the context; `default` when they name none. */
  readonly namespace: string;
  /** Where this comes from, for messages: `context demo of /home/me/.kube/config`. */
  readonly source: string;
}

export interface LoadClusterConfigOptions {
  /** Wins over everything else. */
  readonly kubeconfigPath?: string;
  /** Instead of the file's current context. */
  readonly context?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; rejects as `fs.readFile` does. */
  readonly readFile: (path: string) => Promise<string>;
}

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Looks at `kubeconfigPath`, `KUBECONFIG`, the pod's service account, `~/.kube/config`, in this order. Throws a
 * {@link UserError} that names the file and the field for everything that is missing or wrong in the first one found.
 */
export async function loadClusterConfig(options: LoadClusterConfigOptions): Promise<ClusterConfig> {
  const { kubeconfigPath, env } = options;
  if (kubeconfigPath !== undefined) return fromKubeconfig([kubeconfigPath], options);
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) return fromKubeconfig(listed, options);
  if (env["KUBERNETES_SERVICE_HOST"] !== undefined) return fromServiceAccount(options);
  const home = env["HOME"] ?? env["USERPROFILE"];
  if (home !== undefined) {
    const path = join(home, ".kube", "config");
    if ((await readOptional(path, options)) !== undefined) return fromKubeconfig([path], options);
  }
  throw new UserError(
    "No cluster is named: there is no --kubeconfig, no KUBECONFIG, no pod's service account and no ~/.kube/config.",
    "Give --kubeconfig FILE, or set KUBECONFIG.",
  );
}

async function fromServiceAccount(options: LoadClusterConfigOptions): Promise<ClusterConfig> {
  const { env } = options;
  const host = env["KUBERNETES_SERVICE_HOST"]!;
  const port = env["KUBERNETES_SERVICE_PORT"] ?? "443";
  const tokenFile = `${serviceAccountFolder}/token`;
  await readRequired(tokenFile, "the pod's service account token", options);
  const caFile = `${serviceAccountFolder}/ca.crt`;
  const caPem = await readRequired(caFile, "the cluster's certificate authority", options);
  const namespace = (await readOptional(`${serviceAccountFolder}/namespace`, options))?.trim();
  return {
    server: checkServer(
      `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT",
    ),
    certificateAuthorityPem: checkCertificate(caPem, caFile),
    tokenFile,
    namespace: namespace || "default",
    source: "the pod's service account",
  };
}

async function fromKubeconfig(
  paths: readonly string[],
  options: LoadClusterConfigOptions,
): Promise<ClusterConfig> {
  const selected = await readKubeconfig(paths, options.context, (path) =>
    readRequired(path, "the kubeconfig", options),
  );
  const { cluster, user, contextName, namespace } = selected;
  return {
    server: checkServer(cluster.value.server, `${cluster.path}: clusters[${cluster.name}].cluster.server`),
    ...(await serverTrust(cluster, options)),
    ...(user === undefined ? {} : await credentials(user, options)),
    namespace,
    source: `context ${contextName} of ${cluster.path}`,
  };
}

async function serverTrust(
  { value, path, name }: Named<KubeconfigCluster>,
  options: LoadClusterConfigOptions,
): Promise<Partial<ClusterConfig>> {
  const field = `${path}: clusters[${name}].cluster.certificate-authority`;
  const caPem = await pemOf(value, "certificate-authority", field, path, options);
  const isInsecure = value["insecure-skip-tls-verify"] === true;
  if (isInsecure && caPem !== undefined) {
    throw new UserError(
      `${field} is set together with insecure-skip-tls-verify.`,
      "Remove one of the two: either the server is checked or it is not.",
    );
  }
  const serverName = value["tls-server-name"];
  return {
    ...(caPem === undefined ? {} : { certificateAuthorityPem: checkCertificate(caPem, field) }),
    ...(isInsecure ? { insecureSkipTlsVerify: true } : {}),
    ...(serverName === undefined ? {} : { tlsServerName: serverName }),
  };
}

async function credentials(
  { value, path, name }: Named<KubeconfigUser>,
  options: LoadClusterConfigOptions,
): Promise<Partial<ClusterConfig>> {
  const where = `${path}: users[${name}].user`;
  refuseForeignLogins(value, where);
  const field = `${where}.client-certificate`;
  const certificatePem = await pemOf(value, "client-certificate", field, path, options);
  const keyPem = await pemOf(value, "client-key", `${where}.client-key`, path, options);
  if ((certificatePem === undefined) !== (keyPem === undefined)) {
    const missing = certificatePem === undefined ? "client-certificate" : "client-key";
    throw new UserError(`${where} has no ${missing}.`, "A client certificate and its key go together.");
  }
  const tokenFile = value.tokenFile === undefined ? undefined : resolve(value.tokenFile, path);
  if (tokenFile !== undefined) await readRequired(tokenFile, `${where}.tokenFile`, options);
  return {
    ...(certificatePem === undefined || keyPem === undefined
      ? {}
      : { clientCertificate: checkKeyPair(certificatePem, keyPem, where) }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(value.token === undefined ? {} : { token: checkToken(value.token, `${where}.token`) }),
  };
}

/** Log-ins that need another program are out of scope for a service; the message says what to use instead. */
function refuseForeignLogins(user: KubeconfigUser, where: string): void {
  if (user.exec !== undefined) {
    throw new UserError(
      `${where}.exec: the log-in plugin "${user.exec.command}" is not supported.`,
      "Use a token or a client certificate: `kubectl create token NAME` prints one for a service account.",
    );
  }
  const provider = user["auth-provider"];
  if (provider !== undefined) {
    throw new UserError(
      `${where}.auth-provider: the log-in provider "${provider.name}" is not supported.`,
      "Use a token or a client certificate: `kubectl create token NAME` prints one for a service account.",
    );
  }
  if (user.username !== undefined) {
    throw new UserError(
      `${where}.username: passwords are not supported, and no current API server takes them.`,
      "Use a token or a client certificate.",
    );
  }
}

interface Named<T> {
  readonly name: string;
  readonly path: string;
  readonly value: T;
}

/** `FIELD-data` (base64) or the file that `FIELD` names, relative to the kubeconfig. */
async function pemOf<K extends "certificate-authority" | "client-certificate" | "client-key">(
  entry: { readonly [Field in K | `${K}-data`]?: string | undefined },
  key: K,
  field: string,
  kubeconfigPath: string,
  options: LoadClusterConfigOptions,
): Promise<string | undefined> {
  const data = entry[`${key}-data`];
  if (data !== undefined && data !== "") {
    const text = Buffer.from(data, "base64").toString("utf8");
    if (text.includes("-----BEGIN ")) return text;
    throw new UserError(`${field}-data is no PEM text in base64.`, "Encode the whole file: base64 -w0 FILE.");
  }
  const file = entry[key];
  if (file === undefined || file === "") return undefined;
  return readRequired(resolve(file, kubeconfigPath), field, options);
}

function resolve(file: string, kubeconfigPath: string): string {
  return isAbsolute(file) ? file : join(dirname(kubeconfigPath), file);
}

async function readRequired(path: string, what: string, options: LoadClusterConfigOptions): Promise<string> {
  try {
    return await options.readFile(path);
  } catch (error) {
    const reason = systemCodeOf(error) === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new UserError(
      `Cannot read ${what} from ${path}: ${reason}.`,
      "Check the path and its permissions.",
      {
        cause: error,
      },
    );
  }
}

async function readOptional(path: string, options: LoadClusterConfigOptions): Promise<string | undefined> {
  try {
    return await options.readFile(path);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT" || systemCodeOf(error) === "ENOTDIR") return undefined;
    throw new UserError(`Cannot read ${path}: ${messageOf(error)}.`, "Check its permissions.", {
      cause: error,
    });
  }
}

function checkServer(server: string, field: string): string {
  const url = URL.parse(server);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:") || url.search !== "") {
    throw new UserError(
      `${field} is no address of an API server: ${JSON.stringify(server)}.`,
      "Give it as https://HOST:PORT.",
    );
  }
  return server.replace(/\/+$/, "");
}

function checkCertificate(pem: string, field: string): string {
  try {
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw new UserError(`${field} is no certificate in PEM.`, "It begins with -----BEGIN CERTIFICATE-----.", {
      cause: error,
    });
  }
}

function checkKeyPair(certificatePem: string, keyPem: string, where: string) {
  checkCertificate(certificatePem, `${where}.client-certificate`);
  let key: KeyObject;
  try {
    key = createPrivateKey(keyPem);
  } catch {
    // The cause might quote the key.
    throw new UserError(`${where}.client-key is no private key in PEM.`, "Encrypted keys are not supported.");
  }
  if (!new X509Certificate(certificatePem).checkPrivateKey(key)) {
    throw new UserError(`${where}.client-key does not belong to its client-certificate.`, "Give a pair.");
  }
  return { certificatePem, keyPem };
}

function checkToken(token: string, field: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UserError(`${field} has characters that no token has.`, "Give it in one line without spaces.");
}
