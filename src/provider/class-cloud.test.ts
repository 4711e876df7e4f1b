import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { canaryValue } from "../../test/support/canary.ts";
import { providerScene, secret } from "../../test/support/provider-scene.ts";

const folder = mkdtempSync(join(tmpdir(), "keyweir-cloud-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test.each([
  [undefined, "vault.azure.net", "https://login.microsoftonline.com"],
  ["AzurePublicCloud", "vault.azure.net", "https://login.microsoftonline.com"],
  ["azureusgovernmentcloud", "vault.usgovcloudapi.net", "https://login.microsoftonline.us"],
  ["AzureChinaCloud", "vault.azure.cn", "https://login.chinacloudapi.cn"],
  ["AZUREGERMANCLOUD", "vault.microsoftazure.de", "https://login.microsoftonline.de"],
])("cloudName %s has its vaults under %s", async (cloudName, vaultDnsSuffix, authorityUrl) => {
  const { vault, mount } = providerScene();
  vault.addSecret("a", { value: "1" });
  await mount({ objects: [secret("a")], attributes: { cloudName } });
  expect(vault.requests[0]?.cloud).toMatchObject({ vaultDnsSuffix, authorityUrl });
});

test("two classes with Azure Stack files of their own do not see each other's", async () => {
  const { vault, mount } = providerScene();
  vault.addSecret("a", { value: "1" });
  const stack = (host: string) => ({
    name: "AzureStackCloud",
    activeDirectoryEndpoint: `https://login.${host}/adfs`,
    keyVaultEndpoint: `https://vault.${host}`,
    keyVaultDNSSuffix: `vault.${host}`,
  });
  const mounts = ["one.test", "two.test"].map((host) =>
    mount({
      objects: [secret("a")],
      attributes: {
        cloudName: "AzureStackCloud",
        cloudEnvFileName: fileWith(host, stack(host)),
        tenantID: "adfs",
      },
    }),
  );
  await Promise.all(mounts);
  expect(vault.requests.map((request) => request.cloud.vaultDnsSuffix)).toEqual([
    "vault.one.test",
    "vault.two.test",
  ]);
});

test.each([
  [undefined, "cloudName AzureStackCloud needs a file: set cloudEnvFileName"],
  ["/nowhere/cloud.json", "cloudEnvFileName: There is no readable file"],
  ["/dev/zero", "cloudEnvFileName: There is no readable file"],
  [fileWith("text", canaryValue), "cloudEnvFileName: The cloud environment file is not a JSON object."],
  [fileWith("empty", {}), "has no text in the field activeDirectoryEndpoint"],
  [fileWith("big", " ".repeat(70_000)), "There is no readable file of at most 65536 bytes"],
  [
    fileWith("http", { activeDirectoryEndpoint: `http://${canaryValue}`, keyVaultDNSSuffix: "v.test" }),
    "activeDirectoryEndpoint does not name an https address",
  ],
])("the file %s is refused", async (cloudEnvFileName, expected) => {
  const { mountError } = providerScene();
  const error = await mountError({ attributes: { cloudName: "AzureStackCloud", cloudEnvFileName } });
  expect(error.code).toBe("BadParameters");
  expect(error.message).toContain(expected);
});
