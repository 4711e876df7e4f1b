import { beforeAll, expect, test } from "vitest";
import { canaryToken, expectNoCanary } from "../../test/support/canary.ts";
import { createCertificateAuthority, type IssuedCertificate } from "../core/certificate-authority.ts";
import { UserError } from "../core/errors.ts";
import { loadClusterConfig } from "./cluster-config.ts";

let caPem: string;
let client: IssuedCertificate;
let otherClient: IssuedCertificate;

beforeAll(async () => {
  const authority = await createCertificateAuthority("test", Date.UTC(2026, 0, 1));
  caPem = authority.certificatePem;
  client = await authority.issue({ commonName: "me" });
  otherClient = await authority.issue({ commonName: "other" });
});

interface Kubeconfig {
  cluster: Record<string, unknown>;
  user: Record<string, unknown>;
  context: Record<string, unknown>;
  current?: string | null;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A kubeconfig that is right but for `changes`. */
function kubeconfig(changes: Partial<Kubeconfig> = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": changes.current === undefined ? "demo" : changes.current,
    clusters: [{ name: "c", cluster: changes.cluster ?? { server: "https://10.0.0.1:6443" } }],
    users: [{ name: "u", user: changes.user ?? { token: canaryToken } }],
    contexts: [{ name: "demo", context: changes.context ?? { cluster: "c", user: "u" } }],
  });
}

const load = (files: Record<string, string>, env: Record<string, string> = {}, more: object = {}) =>
  loadClusterConfig({
    env,
    async readFile(path) {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
      return text;
    },
    ...more,
  });

const loadText = (text: string) => load({ "/k/config": text }, {}, { kubeconfigPath: "/k/config" });

async function refusalOf(loading: Promise<unknown>): Promise<string> {
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  const text = `${(error as UserError).message} ${(error as UserError).hint}`;
  expectNoCanary(text);
  return text;
}

test("a kubeconfig with data inside is taken as it is", async () => {
  const config = await loadText(
    kubeconfig({
      cluster: {
        server: "https://example.com:6443/",
        "certificate-authority-data": base64(caPem),
        "tls-server-name": "k",
      },
      user: {
        "client-certificate-data": base64(client.certificatePem),
        "client-key-data": base64(client.keyPem),
        token: canaryToken,
      },
      context: { cluster: "c", user: "u", namespace: "shop" },
    }),
  );
  expect(config).toEqual({
    server: "https://example.com:6443",
    certificateAuthorityPem: caPem,
    tlsServerName: "k",
    clientCertificate: { certificatePem: client.certificatePem, keyPem: client.keyPem },
    token: canaryToken,
    namespace: "shop",
    source: "context demo of /k/config",
  });
});

test("files are looked for beside the kubeconfig", async () => {
  const cluster = { server: "https://example.com", "certificate-authority": "ca.crt" };
  const user = { "client-certificate": "/abs/me.crt", "client-key": "keys/me.key", tokenFile: "token" };
  const files = {
    "/k/config": kubeconfig({ cluster, user }),
    "/k/ca.crt": caPem,
    "/abs/me.crt": client.certificatePem,
    "/k/keys/me.key": client.keyPem,
    "/k/token": canaryToken,
  };
  const config = await load(files, { KUBECONFIG: "/k/config" });
  expect(config).toMatchObject({
    certificateAuthorityPem: caPem,
    tokenFile: "/k/token",
    namespace: "default",
  });
  expect(config.clientCertificate?.keyPem).toBe(client.keyPem);
});

test("--kubeconfig wins over KUBECONFIG, that over the pod, that over the home folder", async () => {
  const at = (host: string) => kubeconfig({ cluster: { server: `https://${host}` } });
  const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
  const files = {
    "/flag": at("flag"),
    "/env": at("env"),
    "/home/me/.kube/config": at("home"),
    [`${folder}/token`]: canaryToken,
    [`${folder}/ca.crt`]: caPem,
    [`${folder}/namespace`]: "azure-secret-store\n",
  };
  const home = { HOME: "/home/me" };
  const pod = { ...home, KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
  const env = { ...pod, KUBECONFIG: "/env" };
  expect((await load(files, env, { kubeconfigPath: "/flag" })).server).toBe("https://flag");
  expect((await load(files, env)).server).toBe("https://env");
  expect(await load(files, pod)).toEqual({
    server: "https://10.0.0.1:443",
    certificateAuthorityPem: caPem,
    tokenFile: `${folder}/token`,
    namespace: "azure-secret-store",
    source: "the pod's service account",
  });
  expect((await load(files, home)).server).toBe("https://home");
  expect((await load(files, { ...pod, KUBERNETES_SERVICE_HOST: "fd00::1" })).server).toBe(
    "https://[fd00::1]:443",
  );
  expect(await refusalOf(load({}, home))).toContain("No cluster is named");
});

test("several files are merged as kubectl does: the first that has it wins", async () => {
  const first = JSON.stringify({
    "current-context": "demo",
    contexts: [{ name: "demo", context: { cluster: "c", user: "u" } }],
    clusters: null,
  });
  const second = kubeconfig({ cluster: { server: "https://second" }, current: "other" });
  const config = await load({ "/a": first, "/b": second }, { KUBECONFIG: "/a:/b" });
  expect(config).toMatchObject({ server: "https://second", source: "context demo of /b" });
});

test("a context may be chosen, and may be without a user", async () => {
  const text = `
clusters: [{ name: c, cluster: { server: "http://127.0.0.1:8001", insecure-skip-tls-verify: true } }]
contexts: [{ name: plain, context: { cluster: c } }]
`;
  const config = await load({ "/k": text }, {}, { kubeconfigPath: "/k", context: "plain" });
  expect(config).toEqual({
    server: "http://127.0.0.1:8001",
    insecureSkipTlsVerify: true,
    namespace: "default",
    source: "context plain of /k",
  });
});

test.each<[Partial<Kubeconfig>, string]>([
  [{ current: null }, "/k/config: current-context is not set."],
  [{ current: "other" }, '/k/config: contexts has no entry named "other".'],
  [{ context: { cluster: "x", user: "u" } }, '/k/config: clusters has no entry named "x".'],
  [{ context: { cluster: "c", user: "x" } }, '/k/config: users has no entry named "x".'],
  [{ context: { user: "u" } }, "/k/config: contexts[0].context.cluster: "],
  [{ cluster: {} }, "/k/config: clusters[0].cluster.server: "],
  [{ cluster: { server: "10.0.0.1:6443" } }, "/k/config: clusters[c].cluster.server is no address"],
  [{ cluster: { server: "ftp://x" } }, "clusters[c].cluster.server is no address"],
  [
    { cluster: { server: "https://x", "insecure-skip-tls-verify": "yes" } },
    "clusters[0].cluster.insecure-skip-tls-verify: ",
  ],
  [
    { cluster: { server: "https://x", "certificate-authority-data": "AAAA" } },
    "clusters[c].cluster.certificate-authority-data is no PEM",
  ],
  [
    { cluster: { server: "https://x", "certificate-authority": "nowhere.crt" } },
    "clusters[c].cluster.certificate-authority from /k/nowhere.crt: there is no such file",
  ],
  [
    {
      cluster: {
        server: "https://x",
        "certificate-authority-data": base64("-----BEGIN CERTIFICATE-----\nAAAA"),
      },
    },
    "clusters[c].cluster.certificate-authority is no certificate in PEM",
  ],
  [{ user: { token: 5 } }, "/k/config: users[0].user.token: "],
  [{ user: { token: `${canaryToken}\n` } }, "users[u].user.token has characters that no token has"],
  [{ user: { tokenFile: "t" } }, "users[u].user.tokenFile from /k/t: there is no such file"],
  [
    { user: { exec: { command: "kubelogin", env: [{ name: "x", value: canaryToken }] } } },
    'users[u].user.exec: the log-in plugin "kubelogin" is not supported',
  ],
  [
    { user: { "auth-provider": { name: "oidc", config: { "id-token": canaryToken } } } },
    'users[u].user.auth-provider: the log-in provider "oidc" is not supported',
  ],
  [
    { user: { username: "me", password: canaryToken } },
    "users[u].user.username: passwords are not supported",
  ],
])("the kubeconfig with %j is refused by file and field", async (changes, message) => {
  expect(await refusalOf(loadText(kubeconfig(changes)))).toContain(message);
});

test("a client certificate and a key that do not fit are refused", async () => {
  const certificate = { "client-certificate-data": base64(client.certificatePem) };
  const only = loadText(kubeconfig({ user: certificate }));
  expect(await refusalOf(only)).toContain("users[u].user has no client-key");
  const foreign = loadText(
    kubeconfig({ user: { ...certificate, "client-key-data": base64(otherClient.keyPem) } }),
  );
  expect(await refusalOf(foreign)).toContain(
    "users[u].user.client-key does not belong to its client-certificate",
  );
  const broken = `-----BEGIN PRIVATE KEY-----\n${canaryToken}\n-----END PRIVATE KEY-----`;
  const noKey = loadText(kubeconfig({ user: { ...certificate, "client-key-data": base64(broken) } }));
  expect(await refusalOf(noKey)).toContain("users[u].user.client-key is no private key");
});

test.each([
  ["", "the file: "],
  ["just text", "the file: "],
  ["a: [", "line 1: this is no YAML"],
  [`a: 1\nb: "${canaryToken}`, "line 2: this is no YAML"],
  ["a: &a [1]\nb: [*a, *a]", "this is no YAML"],
  ["clusters: 5", "clusters: "],
  ["users: [{ name: u }]", "users[0].user: "],
])("the text %j is refused as no kubeconfig", async (text, message) => {
  expect(await refusalOf(loadText(text))).toContain(message);
});

test("files that are missing are named", async () => {
  expect(await refusalOf(load({}, { KUBECONFIG: "/gone" }))).toContain(
    "Cannot read the kubeconfig from /gone",
  );
  const pod = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  expect(await refusalOf(load({}, pod))).toContain("/var/run/secrets/kubernetes.io/serviceaccount/token");
});
