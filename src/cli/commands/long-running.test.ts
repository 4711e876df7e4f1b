import { describe, expect, test } from "vitest";
import { isolatedContext, runIsolated } from "../../../test/support/run-cli.ts";
import { settingsSchema } from "../../operator/settings.ts";
import { runCli } from "../app.ts";

async function runWithFiles(commandLine: string, files: Record<string, string>, env = {}) {
  const { context, printed } = isolatedContext({}, files);
  const process = { ...context.process, env };
  const exitCode = await runCli(commandLine.split(" "), { ...context, process });
  return { exitCode, ...printed() };
}

describe("controller", () => {
  test("without any cluster it says how to name one", async () => {
    const result = await runIsolated("controller");
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain("No cluster is named");
    expect(result.stderr).toContain("--kubeconfig FILE");
  });

  test.each([
    ["is missing", {}, "--config: there is no file settings.yaml."],
    [
      "is no YAML",
      { "settings.yaml": "jitterSeconds: [" },
      "--config: settings.yaml, line 1: this is no YAML.",
    ],
    ["is a list", { "settings.yaml": "- 1" }, "--config: settings.yaml holds no settings."],
    ["has an unknown name", { "settings.yaml": "jitterSecond: 1" }, 'Unrecognized key: "jitterSecond"'],
    ["has a wrong value", { "settings.yaml": "jitterSeconds: soon" }, "jitterSeconds: "],
    ["has bombs", { "settings.yaml": "a: &a [1]\nb: [*a, *a]" }, "this is no YAML"],
  ])("a settings file that %s is refused with its name", async (_title, files, message) => {
    const result = await runWithFiles("controller --config settings.yaml", files);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toContain("KEYWEIR_DEBUG");
  });

  test("a good settings file is taken, and the cluster is asked for next", async () => {
    const files = { "settings.yaml": "rotationPollIntervalInSeconds: 900\nallowedSecretTypes: [Opaque]\n" };
    const { stderr } = await runWithFiles("controller --config settings.yaml", files);
    expect(stderr).toContain("No cluster is named");
  });

  test("a kubeconfig that is missing is named", async () => {
    const { exitCode, stderr } = await runIsolated("controller --kubeconfig nowhere.yaml");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("nowhere.yaml");
  });

  test("the help tells the defaults that the settings have", async () => {
    const { stdout } = await runIsolated("controller --help");
    const text = stdout.replaceAll(/\s+/g, " ");
    const { rotationPollIntervalInSeconds, jitterSeconds, maxConcurrentSyncs, ...rest } =
      settingsSchema.parse({});
    expect(text).toMatch(
      new RegExp(`--rotation-poll-interval-in-seconds [^-]*default ${rotationPollIntervalInSeconds}`),
    );
    expect(text).toMatch(new RegExp(`--jitter-seconds [^-]*default ${jitterSeconds}`));
    expect(text).toMatch(new RegExp(`--max-concurrent-syncs [^-]*default ${maxConcurrentSyncs}`));
    expect(text).toMatch(new RegExp(`--mount-timeout-in-seconds [^-]*default ${rest.mountTimeoutInSeconds}`));
    expect(text).toMatch(new RegExp(`--status-every-polls [^-]*default ${rest.statusEveryPolls}`));
    expect(text).toContain(`default ${rest.namespace}`);
    expect(text).toContain(`default ${rest.tokenAudiences.join(",")}`);
  });

  test("every setting is a flag", async () => {
    const { stdout } = await runIsolated("controller --help");
    for (const name of Object.keys(settingsSchema.parse({}))) {
      const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      expect(stdout).toContain(`${flag} `.trimEnd());
    }
  });
});

describe("provider", () => {
  test.each([
    ["is missing", {}, "--ca-file: there is no file ca.pem."],
    ["has no certificate", { "ca.pem": "hello" }, "--ca-file: ca.pem has no certificate in it."],
  ])("a CA file that %s is refused with its name", async (_title, files, message) => {
    const result = await runWithFiles("provider --ca-file ca.pem", files);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(message);
  });

  test("a socket in a folder that does not exist is refused", async () => {
    const { exitCode, stderr } = await runIsolated("provider --socket /no/such/folder/azure.sock");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("/no/such/folder");
  });
});

describe("emulator", () => {
  test.each([
    ["a vault name that Azure refuses", "emulator --vaults a", '"a" cannot name a vault'],
    ["a vault named twice", "emulator --vaults demo,demo", "demo is named twice"],
    [
      "an audit log in no folder",
      "emulator --audit-log /no/such/folder/a.jsonl",
      "--audit-log: cannot write",
    ],
  ])("%s is refused before anything listens", async (_title, commandLine, message) => {
    const result = await runIsolated(commandLine);
    expect(result).toMatchObject({ exitCode: 1, stdout: "" });
    expect(result.stderr).toContain(message);
  });
});
