import { describe, expect, test } from "vitest";
import { runIsolated } from "../../test/support/run-cli.ts";

const golden = (name: string) => `../../test/golden/cli/${name}.txt`;

describe("help", () => {
  test.each([
    ["help", "--help"],
    ["help-demo", "demo --help"],
    ["help-emulator", "emulator --help"],
    ["help-sandbox", "sandbox --help"],
    ["help-provider", "provider --help"],
    ["help-controller", "controller -h"],
    ["help-crds", "crds --help"],
  ])("%s is as people know it", async (name, commandLine) => {
    const result = await runIsolated(commandLine);
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    await expect(result.stdout).toMatchFileSnapshot(golden(name));
  });

  test("no command at all shows the help", async () => {
    const [nothing, help] = [await runIsolated(""), await runIsolated("--help")];
    expect(nothing).toEqual(help);
  });

  test.each(["", "demo", "emulator", "sandbox", "provider", "controller", "crds"])(
    "keyweir %s --help fits 80 columns and has an example",
    async (command) => {
      const { stdout } = await runIsolated(`${command} --help`);
      const widest = Math.max(...stdout.split("\n").map((line) => line.length));
      expect(widest).toBeLessThanOrEqual(80);
      expect(stdout).toMatch(new RegExp(`^  keyweir ${command}`, "m"));
    },
  );

  test("colour is used only when it is wanted, and changes no character", async () => {
    const plain = await runIsolated("emulator --help");
    const coloured = await runIsolated("emulator --help", { isColor: true });
    expect(plain.stdout).not.toContain("\u001b");
    expect(coloured.stdout).toContain("\u001b[1mUsage\u001b[22m");
    // oxlint-disable-next-line no-control-regex -- colours are control characters
    expect(coloured.stdout.replaceAll(/\u001b\[\d+m/g, "")).toBe(plain.stdout);
  });

  test("the version is the package's", async () => {
    expect(await runIsolated("--version")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("wrong usage", () => {
  test.each([
    ["an unknown command", "emulatr"],
    ["an unknown flag", "emulator --prot 1"],
    ["an unknown flag with a value", "emulator --password=hunter2"],
    ["an unknown short flag", "emulator -x"],
    ["an unknown flag without a command", "--frobnicate"],
    ["a flag that every object inherits", "emulator --constructor"],
    ["a command that every object inherits", "constructor"],
    ["a number out of range", "emulator --port 70000"],
    ["a number that is none", "demo --rotation-poll-interval-in-seconds 1.5"],
    ["a negative number", "controller --jitter-seconds -1"],
    ["a choice that is none", "emulator --window fixd"],
    ["a Retry-After that is none", "emulator --retry-after soon"],
    ["an empty vault name", "emulator --vaults demo,,other"],
    ["a flag given twice", "emulator --port 1 --port 2"],
    ["a flag without a value", "emulator --port"],
    ["a flag where a value should be", "emulator --port --vaults demo"],
    ["an argument too many", "sandbox here"],
    ["an address that is none", "provider --authority login"],
    ["a negation with a value", "sandbox --no-crds=yes"],
  ])("%s ends with exit code 2, says what is wrong and what to try", async (_title, commandLine) => {
    const result = await runIsolated(commandLine);
    expect(result).toMatchObject({ exitCode: 2, stdout: "" });
    expect(result.stderr).toMatch(/\.( Did you mean .*\?)?\nTry: keyweir [^\n]+\n$/);
    expect(result.stderr).not.toContain("hunter2");
  });

  test("the messages are as people know them", async () => {
    const commandLines = [
      "emulatr",
      "emulator --prot 1",
      "emulator --port 70000",
      "emulator --window fixd",
      "emulator --port",
      "emulator --port 1 --port 2",
      "demo --rotation-poll-interval-in-seconds 0",
    ];
    let screens = "";
    for (const line of commandLines) screens += `$ keyweir ${line}\n${(await runIsolated(line)).stderr}\n`;
    await expect(screens).toMatchFileSnapshot(golden("wrong-usage"));
  });

  test("control characters of the input are not echoed", async () => {
    const { stderr } = await runIsolated("emulator --window \u001b[31mred\u0007");
    // oxlint-disable-next-line no-control-regex -- the very characters that must not be there
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  });
});
