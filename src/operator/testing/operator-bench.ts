import { canaryValue } from "../../../test/support/canary.ts";
import { seededRandom } from "../../core/random.ts";
import { jsonLogger } from "../../core/log.ts";
import { VirtualClock } from "../../core/virtual-clock.ts";
import { createKubeClient, type KubeClient } from "../../kube/client.ts";
import { handlerTransport } from "../../kube/handler-transport.ts";
import { customResourceDefinitions, namespaces, secrets, serviceAccounts } from "../../kube/resources.ts";
import type { Secret } from "../../kube/objects.ts";
import { createSandbox, type Sandbox } from "../../sandbox/index.ts";
import { secretProviderClassCrd } from "../crds/secret-provider-class.ts";
import { secretSyncCrd } from "../crds/secret-sync.ts";
import type { AttemptReport } from "../secret-sync/controller.ts";
import { secretProviderClasses, secretSyncs, type SecretSync } from "../secret-sync/secret-sync.ts";
import { settingsSchema, type SettingsInput } from "../settings.ts";
import { startOperator, type Operator } from "../wiring.ts";
import { FakeVaultProvider } from "./fake-vault-provider.ts";

/** An operator on a sandbox and a fake vault, all on one virtual clock; namespace `shop` has account and class. */
export class OperatorBench implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly sandbox: Sandbox;
  readonly kube: KubeClient;
  readonly vault = new FakeVaultProvider();
  readonly logLines: string[] = [];
  readonly attempts: AttemptReport[] = [];
  #operator: Operator | undefined;
  #starts = 0;

  constructor() {
    this.sandbox = createSandbox({ clock: this.clock, random: seededRandom(1) });
    const transport = handlerTransport(this.sandbox.handler);
    this.kube = createKubeClient({ transport, clock: this.clock, random: seededRandom(2) });
  }

  static async create(settings: SettingsInput = {}): Promise<OperatorBench> {
    const bench = new OperatorBench();
    for (const definition of [secretSyncCrd, secretProviderClassCrd]) {
      await bench.kube.create(customResourceDefinitions, definition);
    }
    for (const name of ["shop", "azure-secret-store"]) {
      await bench.kube.create(namespaces, { metadata: { name } });
    }
    await bench.kube.create(serviceAccounts, { metadata: { namespace: "shop", name: "reader" } });
    await bench.createClass();
    await bench.start(settings);
    return bench;
  }

  /** With SecretSync `db` in step: keys `user` and `password`. */
  static async withSync(settings: SettingsInput = {}): Promise<OperatorBench> {
    const bench = await OperatorBench.create(settings);
    bench.vault.set("db-user", "shop");
    bench.vault.set("db-password", canaryValue);
    await bench.createSync("db", { user: "db-user", password: "db-password" });
    await bench.seconds(1);
    return bench;
  }

  async start(settings: SettingsInput = {}): Promise<void> {
    this.#operator = await startOperator({
      transport: handlerTransport(this.sandbox.handler),
      provider: this.vault,
      clock: this.clock,
      random: seededRandom(100 + this.#starts++),
      logger: jsonLogger((line) => this.logLines.push(line), "debug"),
      settings: settingsSchema.parse(settings),
      generateKey: () => Buffer.alloc(32, 7),
      onAttempt: (report) => this.attempts.push(report),
    });
  }

  async stop(): Promise<void> {
    await this.#operator?.stop();
    this.#operator = undefined;
  }

  async createClass(name = "vault", provider = "azure"): Promise<void> {
    await this.kube.create(secretProviderClasses, {
      metadata: { namespace: "shop", name },
      spec: { provider, parameters: { keyvaultName: "demo" } },
    });
  }

  /** A SecretSync in namespace `shop` whose keys are filled from vault objects: key → object name. */
  async createSync(
    name: string,
    keys: Record<string, string>,
    spec: Partial<SecretSync["spec"]> = {},
    type = "Opaque",
  ): Promise<SecretSync> {
    const data = Object.entries(keys).map(([targetKey, sourcePath]) => ({ sourcePath, targetKey }));
    return this.kube.create(secretSyncs, {
      metadata: { namespace: "shop", name },
      spec: {
        secretProviderClassName: "vault",
        serviceAccountName: "reader",
        secretObject: { type, data },
        ...spec,
      },
    });
  }

  async patchSync(name: string, spec: object): Promise<void> {
    await this.kube.mergePatch(secretSyncs, { namespace: "shop", name }, { spec });
  }

  sync(name: string): SecretSync {
    const found = this.sandbox.objects("SecretSync", "shop").find((object) => object.metadata.name === name);
    return found as unknown as SecretSync;
  }

  /** `Ready=True/CreateSucceeded` and so on. */
  conditions(name: string): string[] {
    return (this.sync(name).status?.conditions ?? []).map(
      (condition) => `${condition.type}=${condition.status}/${condition.reason}`,
    );
  }

  ready(name: string): string {
    return this.conditions(name).find((condition) => condition.startsWith("Ready=")) ?? "Ready absent";
  }

  message(name: string): string {
    return this.sync(name).status?.conditions?.find((condition) => condition.type === "Ready")?.message ?? "";
  }

  async secret(name: string): Promise<Secret> {
    return this.kube.get(secrets, { namespace: "shop", name });
  }

  /** The decoded data; undefined when there is no such Secret. */
  data(name: string): Record<string, string> | undefined {
    const secret = this.sandbox.objects("Secret", "shop").find((object) => object.metadata.name === name);
    if (secret === undefined) return undefined;
    const entries = Object.entries((secret as unknown as Secret).data ?? {});
    return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
  }

  requestCount(what: string): number {
    return this.sandbox.requestCounts.get(what) ?? 0;
  }

  async seconds(count: number): Promise<void> {
    await this.clock.advance(count * 1000);
  }

  /** Everything that could tell a secret by accident: log, statuses and events. */
  allText(): string {
    const objects = ["SecretSync", "Event", "Lease"].flatMap((kind) => this.sandbox.objects(kind));
    return this.logLines.join("") + JSON.stringify(objects) + JSON.stringify(this.attempts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.sandbox.close();
  }
}
