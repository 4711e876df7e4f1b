import { describe, expect, test } from "vitest";
import { azurePublicCloud, cloudByName, customCloud, parseCloudFile, vaultUrlOf } from "./clouds.ts";

describe("a cloud by name", () => {
  test.each([
    ["AzurePublicCloud", "https://demo.vault.azure.net", "https://login.microsoftonline.com"],
    ["azureUSGovernmentCLOUD", "https://demo.vault.usgovcloudapi.net", "https://login.microsoftonline.us"],
    ["AzureChinaCloud", "https://demo.vault.azure.cn", "https://login.chinacloudapi.cn"],
    ["AzureGermanCloud", "https://demo.vault.microsoftazure.de", "https://login.microsoftonline.de"],
  ])("%s has its vaults and its authority", (name, vaultUrl, authorityUrl) => {
    const cloud = cloudByName(name);
    expect(vaultUrlOf(cloud, "Demo")).toBe(vaultUrl);
    expect(cloud.authorityUrl).toBe(authorityUrl);
    expect(Object.isFrozen(cloud)).toBe(true);
  });

  test("that does not exist is refused with the names that do", () => {
    expect(() => cloudByName("AzureMarsCloud")).toThrow(
      expect.objectContaining({
        message: 'cloudName "AzureMarsCloud" is not valid.',
        hint: expect.stringContaining("AzureUSGovernmentCloud"),
      }),
    );
  });
});

describe("an Azure Stack", () => {
  const file = {
    name: "AzureStackCloud",
    activeDirectoryEndpoint: "https://adfs.local.example/adfs/",
    keyVaultEndpoint: "https://vault.local.example/",
    keyVaultDNSSuffix: "vault.local.example",
  };

  test("comes from its environment file", () => {
    expect(cloudByName("AzureStackCloud", JSON.stringify(file))).toEqual({
      name: "AzureStackCloud",
      authorityUrl: "https://adfs.local.example/adfs",
      vaultDnsSuffix: "vault.local.example",
      vaultResource: "https://vault.local.example",
    });
  });

  test("without its file is refused", () => {
    expect(() => cloudByName("AzureStackCloud")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("cloudEnvFileName") }),
    );
  });

  test.each([
    ["no JSON", "not a JSON object"],
    ["[]", "not a JSON object"],
    [JSON.stringify({ ...file, activeDirectoryEndpoint: undefined }), "activeDirectoryEndpoint"],
    [JSON.stringify({ ...file, keyVaultDNSSuffix: 7 }), "keyVaultDNSSuffix"],
    [JSON.stringify({ ...file, keyVaultDNSSuffix: "a b" }), "keyVaultDNSSuffix"],
    [JSON.stringify({ ...file, activeDirectoryEndpoint: "http://plain.example" }), "activeDirectoryEndpoint"],
    [JSON.stringify({ ...file, keyVaultEndpoint: "nothing" }), "keyVaultEndpoint"],
  ])("with the file %s is refused with the field named", (text, named) => {
    expect(() => parseCloudFile(text)).toThrow(named);
  });
});

test("a cloud of one's own may have a port", () => {
  const cloud = customCloud({
    authorityUrl: "https://localhost:8443/",
    vaultDnsSuffix: ".vault.localhost:8443",
  });
  expect(vaultUrlOf(cloud, "demo")).toBe("https://demo.vault.localhost:8443");
  expect(cloud.vaultResource).toBe("https://vault.localhost:8443");
  expect(cloud.authorityUrl).toBe("https://localhost:8443");
  expect(azurePublicCloud.vaultResource).toBe("https://vault.azure.net");
});
