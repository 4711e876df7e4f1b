import { describe, expect, test } from "vitest";
import { parameterReference, parseParameters } from "./parameters.ts";

const valid = {
  "csi.storage.k8s.io/pod.name": "web-0",
  "csi.storage.k8s.io/pod.namespace": "shop",
  keyvaultName: "demo",
  tenantID: "tenant-1",
  objects: "array: []",
};

function problemsOf(change: Record<string, unknown>): readonly string[] {
  const parsed = parseParameters({ ...valid, ...change });
  return parsed.kind === "invalid" ? parsed.problems : [];
}

function parametersOf(change: Record<string, unknown>) {
  const parsed = parseParameters({ ...valid, ...change });
  if (parsed.kind === "invalid") throw new Error(parsed.problems.join("; "));
  return parsed.parameters;
}

describe("a single wrong parameter", () => {
  test.each([
    ["csi.storage.k8s.io/pod.name", undefined, "pod name is not provided"],
    ["csi.storage.k8s.io/pod.name", "  ", "pod name is not provided"],
    ["csi.storage.k8s.io/pod.namespace", "", "pod namespace is not provided"],
    [
      "usePodIdentity",
      "tru",
      "failed to parse usePodIdentity flag (a text of 3 characters): set true or false",
    ],
    ["useVMManagedIdentity", "yes", "failed to parse useVMManagedIdentity flag"],
    ["useAzureTokenProxy", "on", "failed to parse useAzureTokenProxy flag"],
    ["keyvaultName", undefined, "keyvaultName is not provided"],
    [
      "keyvaultName",
      "ab",
      "Invalid vault name: keyvaultName has 2 characters, must be between 3 and 24 chars",
    ],
    ["keyvaultName", "a".repeat(25), "must be between 3 and 24 chars"],
    ["keyvaultName", "my_vault", "must match [-a-zA-Z0-9]{3,24}, character 3 does not"],
    ["keyvaultName", "demo.vault.azure.net", "give the name alone, without https:// and domain"],
    ["tenantID", undefined, "tenantId is not provided"],
    [
      "cloudName",
      "AzureMoonCloud",
      "cloudName is not valid (a text of 14 characters): set one of AzurePublicCloud,",
    ],
    ["objects", undefined, "objects is not set"],
    ["objects", 7, "objects must be a string, got a number"],
    ["tenantID", { a: 1 }, "tenantID must be a string, got an object"],
  ])("%s = %j is told", (name, value, expected) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });
});

test("several problems come at once, in the order of the stock provider", () => {
  const parsed = parseParameters({ cloudName: "x", useVMManagedIdentity: "2" });
  expect(parsed.kind === "invalid" && parsed.problems.map((problem) => problem.split(":")[0])).toEqual([
    "pod name is not provided",
    "pod namespace is not provided",
    "failed to parse useVMManagedIdentity flag (a text of 1 character)",
    "keyvaultName is not provided",
    "tenantId is not provided",
    "cloudName is not valid (a text of 1 character)",
    "objects is not set",
  ]);
});

test("only one identity mode is allowed", () => {
  expect(problemsOf({ usePodIdentity: "true", useVMManagedIdentity: "1" })).toEqual([
    "only one identity mode can be enabled at a time: remove all but one of usePodIdentity, useVMManagedIdentity",
  ]);
});

test.each(["1", "t", "T", "TRUE", "true", "True", " true "])("the flag %j is true", (text) => {
  expect(parametersOf({ useVMManagedIdentity: text }).useVMManagedIdentity).toBe(true);
});

test.each(["0", "f", "F", "FALSE", "false", "False", "", undefined])("the flag %j is false", (text) => {
  expect(parametersOf({ useVMManagedIdentity: text }).useVMManagedIdentity).toBe(false);
});

test("values are trimmed, the legacy tenantId is understood, the cloud's case does not matter", () => {
  const parameters = parametersOf({
    tenantID: undefined,
    tenantId: " tenant-2 ",
    keyvaultName: " demo ",
    cloudName: "azurechinacloud",
  });
  expect(parameters.tenantId).toBe("tenant-2");
  expect(parameters.keyvaultName).toBe("demo");
  expect(parameters.cloudName).toBe("AzureChinaCloud");
});

test("a required parameter under another spelling is pointed out", () => {
  const problems = problemsOf({ keyvaultName: undefined, keyVaultName: "demo" });
  expect(problems[0]).toContain('found "keyVaultName": the name is keyvaultName');
});

test("the reference lists each parameter with a description", () => {
  expect(parameterReference.filter((row) => row.isRequired).map((row) => row.name)).toEqual([
    "csi.storage.k8s.io/pod.name",
    "csi.storage.k8s.io/pod.namespace",
    "keyvaultName",
    "tenantID",
    "objects",
  ]);
  expect(parameterReference.find((row) => row.name === "cloudName")?.values).toContain(
    "AzureUSGovernmentCloud",
  );
  expect(parameterReference.filter((row) => row.description.length < 10)).toEqual([]);
});
