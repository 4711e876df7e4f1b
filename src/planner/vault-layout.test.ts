import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LayoutError, parseLayout } from "./layout-file.ts";
import { layoutAsBicep, layoutAsRunbook, layoutAsTerraform } from "./layout-writers.ts";
import { planVaults } from "./vault-layout.ts";

const example = readFileSync(new URL("../../docs/examples/layout.yaml", import.meta.url), "utf8");
const small = (more: string) => `applications:\n  - name: app1\n    clusters: 10\n    secrets: 5\n${more}`;

describe("a layout", () => {
  test("five applications in two regions need ten vaults", () => {
    const plan = planVaults(parseLayout(example));
    expect(plan.vaults).toHaveLength(10);
    expect(new Set(plan.vaults.map(({ name }) => name)).size).toBe(10);
    expect(plan.subscriptions).toHaveLength(1);
  });

  test("the sixth full vault of a region needs a second subscription, other regions do not", () => {
    const applications = Array.from({ length: 6 }, (_, index) => `  - name: app${index + 1}`).join("\n");
    const layout = (regions: string) =>
      `fullAt: 1\ndefaults: { clusters: 400, secrets: 100, jitterSeconds: 100, regions: [${regions}] }\napplications:\n${applications}\n`;
    const oneRegion = planVaults(parseLayout(layout("westeurope")));
    expect(oneRegion.subscriptions.map(({ vaultCount }) => vaultCount)).toEqual([5, 1]);
    expect(oneRegion.subscriptions[0]!.regions[0]!.utilisation.other).toBe(1);
    expect(
      planVaults(parseLayout(layout("westeurope, uksouth"))).subscriptions.map(
        ({ vaultCount }) => vaultCount,
      ),
    ).toEqual([10, 2]);
  });

  test("utilisation counts reads, writes and weighted key operations, each against its own limit", () => {
    const [vault] = planVaults(
      parseLayout(
        small(
          "    regions: [uksouth]\n    otherLoadPerSecond: 100\n    writesPerSecond: 15\n    keyOperationsPerSecond: { hsm-rsa-4096: 24.8, hsm-rsa-2048: 1.6 }\n",
        ),
      ),
    ).vaults;
    expect(vault!.utilisation).toMatchObject({ other: 1050 / 4000, createOrImport: 0.5, keyUnits: 1 });
  });

  test("too little jitter is said with the jitter that is enough", () => {
    const plan = planVaults(
      parseLayout(
        "applications:\n  - { name: shop, clusters: 700, secrets: 30, regions: [uksouth], jitterSeconds: 10 }\n",
      ),
    );
    expect(plan.vaults[0]).toMatchObject({ riskPerRefresh: 1, neededJitterSeconds: 75 });
    expect(plan.warnings).toEqual(["application shop throttles its vaults at jitterSeconds 10: set 75"]);
  });

  test("fail-over goes to the application's other region, or to the pair of its only one", () => {
    const [first, second] = planVaults(parseLayout(example)).vaults;
    expect(first!.failover).toMatchObject({
      region: "northeurope",
      vault: second!.name,
      neededJitterSeconds: 155,
    });
    const [alone] = planVaults(parseLayout(small("    regions: [uksouth]\n"))).vaults;
    expect(alone!.failover).toMatchObject({ region: "ukwest", vault: null });
    const [unpaired] = planVaults(parseLayout(small("    regions: [polandcentral]\n"))).vaults;
    expect(unpaired!.failover.region).toBeNull();
  });

  test("long names are cut to what Key Vault takes and stay different", () => {
    const name = "a-very-long-application-name";
    const plan = planVaults(
      parseLayout(
        `applications:\n  - { name: ${name}, clusters: 1, secrets: 1, regions: [uksouth, ukwest], environments: [production, staging] }\n`,
      ),
    );
    for (const vault of plan.vaults) expect(vault.name).toMatch(/^[a-z](?:-?[a-z0-9]){2,23}$/);
    for (const vault of plan.vaults) expect(vault.name.length).toBeLessThanOrEqual(24);
    expect(new Set(plan.vaults.map((vault) => vault.name)).size).toBe(4);
  });

  test("the written files name every vault of their subscription", () => {
    const plan = planVaults(parseLayout(example));
    for (const { name } of plan.vaults) {
      expect(layoutAsBicep(plan, "subscription-1")).toContain(`name: '${name}'`);
      expect(layoutAsTerraform(plan, "subscription-1")).toContain(`"${name}" = {`);
      expect(layoutAsRunbook(plan)).toContain(`| ${name} |`);
    }
    expect(layoutAsBicep(plan, "subscription-2")).not.toContain("shop");
  });
});

describe("a broken layout file", () => {
  test.each([
    ["empty", "", /^line 1: .*expected object/],
    ["no YAML", "applications: [", /^line \d+: /],
    ["a list", "- a\n", /^line 1: /],
    ["no applications", "applications: []\n", /^line 1: applications/],
    [
      "an unknown region",
      small("    regions: [westeruope]\n"),
      /^line 5: "westeruope" is no Azure region; did you mean westeurope\?/,
    ],
    ["a region by its display name", small("    regions: [West Europe]\n"), /did you mean westeurope\?/],
    ["a region from nowhere", small("    regions: [atlantis]\n"), /list it under otherRegions/],
    ["no region", small(""), /^line 2: application app1 has no regions/],
    [
      "a negative number",
      small("    regions: [uksouth]\n    jitterSeconds: -1\n"),
      /^line 6: applications\[0\]\.jitterSeconds: /,
    ],
    [
      "a misspelt field",
      small("    regions: [uksouth]\n    jitter: 5\n"),
      /^line \d+: applications\[0\]: .*jitter/,
    ],
    [
      "a bad name",
      "applications:\n  - name: My App\n",
      /^line 2: applications\[0\]\.name: must be lower-case/,
    ],
    [
      "an application twice",
      `${small("    regions: [uksouth]\n")}  - { name: app1, clusters: 1, secrets: 1, regions: [uksouth] }\n`,
      /^line 6: application app1 is there twice/,
    ],
    [
      "a burst above the secrets",
      small("    regions: [uksouth]\n    burst: 6\n"),
      /^line 6: burst must not be larger/,
    ],
    ["a key twice", "risk: 0.1\nrisk: 0.2\n", /^line 2: Map keys must be unique/],
  ])("%s is refused with its line", (_title, text, message) => {
    expect(() => parseLayout(text)).toThrow(LayoutError);
    expect(() => parseLayout(text)).toThrow(message);
  });

  test("all problems are named at once", () => {
    const text = small("    regions: [atlantis, uksouth, uksouth]\n    burst: 9\n");
    expect(() => parseLayout(text)).toThrow(
      /line 5: .*atlantis.*\nline 5: regions lists one twice\nline 6: burst/,
    );
  });

  test("a region that Keyweir does not know yet can be named", () => {
    const text = `otherRegions: [atlantis]\n${small("    regions: [atlantis]\n")}`;
    expect(planVaults(parseLayout(text)).vaults[0]!.name).toBe("app1-prod-atlantis");
  });
});

describe("a hostile layout file is refused in bounded time and memory", () => {
  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ...Array.from(
      { length: 9 },
      (_, i) => `${"bcdefghij"[i]}: &${"bcdefghij"[i]} [${`*${"abcdefghi"[i]},`.repeat(9)}]`,
    ),
  ];
  test.each([
    ["an alias bomb", bomb.join("\n")],
    ["brackets", `applications: ${"[".repeat(200_000)}`],
    ["braces", `applications: ${"{a: ".repeat(60_000)}`],
    ["dashes", `applications:\n  ${"- ".repeat(100_000)}x`],
    ["question marks", `${"? ".repeat(100_000)}x`],
    ["indentation", Array.from({ length: 600 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
    ["too many characters", `# ${"x".repeat(300_000)}`],
    [
      "too many vaults",
      "defaults: { clusters: 1, secrets: 1, regions: [uksouth, ukwest] }\napplications:\n" +
        Array.from({ length: 2000 }, (_, i) => `  - { name: a${i}, environments: [a, b, c] }`).join("\n"),
    ],
    ["a tag of another language", "applications: !!python/object:os.system [x]"],
    ["an own __proto__", "__proto__: { applications: 1 }\napplications: []"],
    ["a merge into itself", "a: &a { <<: *a }"],
  ])("%s", { timeout: 3000 }, (_title, text) => {
    expect(() => planVaults(parseLayout(text))).toThrow(LayoutError);
  });

  test("any text gives a plan or a LayoutError", () => {
    const pieces = fc.constantFrom(
      "applications:",
      "\n",
      "  ",
      "- ",
      "name: a",
      "clusters: 1",
      "secrets: 2",
      "regions: [uksouth]",
      "&a ",
      "*a",
      "[",
      "]",
      "{",
      "}",
      "? ",
      "!!map ",
      "|\n",
      "\t",
      "\u0000",
      "'",
      '"',
      "%YAML 1.3\n",
      "---\n",
      "...",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join("")),
        ),
        (text) => {
          const outcome = attempt(text);
          expect(outcome === undefined || outcome instanceof LayoutError).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function attempt(text: string): unknown {
  try {
    planVaults(parseLayout(text));
    return undefined;
  } catch (error) {
    return error;
  }
}
