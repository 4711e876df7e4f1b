/** A kubeconfig with everything embedded, as YAML. Its values must be plain: URLs, base64, tokens. */
export function formatKubeconfig(access: {
  readonly url: string;
  readonly caPem: string;
  readonly token: string;
}): string {
  return `apiVersion: v1
kind: Config
current-context: keyweir-sandbox
clusters:
  - name: keyweir-sandbox
    cluster:
      server: ${access.url}
      certificate-authority-data: ${Buffer.from(access.caPem).toString("base64")}
users:
  - name: keyweir-sandbox-admin
    user:
      token: ${access.token}
contexts:
  - name: keyweir-sandbox
    context:
      cluster: keyweir-sandbox
      user: keyweir-sandbox-admin
      namespace: default
`;
}
