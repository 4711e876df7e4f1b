import { expect, test } from "vitest";
import { parse } from "yaml";
import { UserError } from "../core/errors.ts";
import { formatKubeconfig } from "./kubeconfig.ts";
import { startSandbox } from "./server.ts";

test.each(["0.0.0.0", "::", "192.168.1.5", "example.com"])("it refuses to listen on %s", async (host) => {
  await expect(startSandbox({ host })).rejects.toThrow(UserError);
});

test("the kubeconfig is complete in itself", () => {
  const access = { url: "https://127.0.0.1:8443", caPem: "-----BEGIN CERTIFICATE-----\n", token: "abc-_" };
  expect(parse(formatKubeconfig(access))).toEqual({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "keyweir-sandbox",
    clusters: [
      {
        name: "keyweir-sandbox",
        cluster: { server: access.url, "certificate-authority-data": btoa(access.caPem) },
      },
    ],
    users: [{ name: "keyweir-sandbox-admin", user: { token: "abc-_" } }],
    contexts: [
      {
        name: "keyweir-sandbox",
        context: { cluster: "keyweir-sandbox", user: "keyweir-sandbox-admin", namespace: "default" },
      },
    ],
  });
});
