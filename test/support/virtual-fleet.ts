import { jsonLogger } from "../../src/core/log.ts";
import { seededRandom, type Random } from "../../src/core/random.ts";
import type { HttpHandler } from "../../src/core/http.ts";
import { VirtualClock } from "../../src/core/virtual-clock.ts";
import { createEmulator, type Emulator, type EmulatorOptions } from "../../src/emulator/index.ts";
import { createKubeClient, type KubeClient } from "../../src/kube/client.ts";
import { handlerTransport as kubeHandlerTransport } from "../../src/kube/handler-transport.ts";
import type { Secret } from "../../src/kube/objects.ts";
import { customResourceDefinitions, namespaces, serviceAccounts } from "../../src/kube/resources.ts";
import { secretProviderClassCrd } from "../../src/operator/crds/secret-provider-class.ts";
import { secretSyncCrd } from "../../src/operator/crds/secret-sync.ts";
import {
  secretProviderClasses,
  secretSyncs,
  type SecretSync,
} from "../../src/operator/secret-sync/secret-sync.ts";
import { settingsSchema, type SettingsInput } from "../../src/operator/settings.ts";
import { startOperator, type Operator } from "../../src/operator/wiring.ts";
import { createProviderService } from "../../src/provider/service.ts";
import { createSandbox, type Sandbox } from "../../src/sandbox/index.ts";
import { customCloud } from "../../src/vault/clouds.ts";
import { createVaultGateway } from "../../src/vault/gateway.ts";
import { handlerTransport as vaultHandlerTransport } from "../../src/vault/transport.ts";

const clientId = "22222222-2222-4222-8222-222222222222";
const vaultName = "fleet";
/** The Secret that holds every object of the vault, each in the key of its name. */
export const allSecret = "all";

export interface FleetOptions {
  readonly seed: number;
  readonly clusterCount: number;
  readonly settings: SettingsInput;
  /** The objects of the vault; every cluster has one SecretSync for each, and one for all of them. */
  readonly secrets: Readonly<Record<string, string>>;
  /** How the vault counts, if not as by default. */
  readonly emulator?: Pick<EmulatorOptions, "count429" | "tokenLifetimeSeconds">;
}

/**
 * Several clusters and one vault in this process on one virtual clock: emulator, sandboxes, providers and operators
 * are the shipped ones, only their sockets are missing. Everything that crosses a seam goes into `trace`.
 */
export class VirtualFleet implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly emulator: Emulator;
  readonly clusters: VirtualCluster[];
  readonly trace: string[] = [];
  /** Wall times of the requests that reached the vault, by cluster. */
  readonly vaultRequestsMs: number[][];
  readonly options: FleetOptions;

  private constructor(options: FleetOptions) {
    this.options = options;
    const random = seededRandom(options.seed);
    const sandboxes = Array.from({ length: options.clusterCount }, (_, index) =>
      createSandbox({ clock: this.clock, random: random.fork(`sandbox ${index}`), issuer: issuerOf(index) }),
    );
    this.vaultRequestsMs = sandboxes.map(() => []);
    this.emulator = createEmulator({
      clock: this.clock,
      random: random.fork("emulator"),
      vaults: [vaultName],
      ...options.emulator,
      trustedIssuers: Object.fromEntries(sandboxes.map((sandbox) => [sandbox.issuer, () => sandbox.jwks])),
      federatedCredentials: sandboxes.map((sandbox) => ({
        clientId,
        issuer: sandbox.issuer,
        subject: "system:serviceaccount:shop:reader",
      })),
    });
    this.clusters = sandboxes.map((sandbox, index) => new VirtualCluster(this, sandbox, index, random));
  }

  static async start(options: FleetOptions): Promise<VirtualFleet> {
    const fleet = new VirtualFleet(options);
    for (const [name, value] of Object.entries(options.secrets)) fleet.rotate(name, value);
    for (const cluster of fleet.clusters) {
      await cluster.install(Object.keys(options.secrets));
      await cluster.start();
    }
    return fleet;
  }

  get vault(): ReturnType<Emulator["vault"]> {
    return this.emulator.vault(vaultName);
  }

  rotate(name: string, value: string): void {
    this.note(`rotate ${name}`);
    this.vault.setSecret(name, value);
  }

  /** The vault answers nothing but 503 for so long. */
  breakVault(durationMs: number): void {
    this.note(`outage of ${durationMs} ms`);
    const nowMs = this.clock.wallMs();
    this.emulator.faults.add({
      kind: "status",
      status: 503,
      targets: [vaultName],
      fromMs: nowMs,
      untilMs: nowMs + durationMs,
    });
  }

  /** Lets time pass until `work` is done: a call that waits would wait for ever on a clock that stands still. */
  async passUntil<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const settled = work.finally(() => (isDone = true));
    settled.catch(() => {});
    await this.clock.advanceUntil(() => isDone, 600_000);
    return settled;
  }

  note(line: string): void {
    this.trace.push(`${this.clock.monotonicMs()} ${line}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cluster of this.clusters) {
      await cluster.stop();
      cluster.sandbox.close();
    }
  }
}

/** One cluster of the fleet. */
export class VirtualCluster {
  readonly sandbox: Sandbox;
  readonly kube: KubeClient;
  readonly logLines: string[] = [];
  readonly #fleet: VirtualFleet;
  readonly #index: number;
  readonly #random: Random;
  #operator: Operator | undefined;
  #starts = 0;

  constructor(fleet: VirtualFleet, sandbox: Sandbox, index: number, random: Random) {
    this.#fleet = fleet;
    this.sandbox = sandbox;
    this.#index = index;
    this.#random = random.fork(`cluster ${index}`);
    this.kube = createKubeClient({
      transport: kubeHandlerTransport(sandbox.handler),
      clock: fleet.clock,
      random: this.#random.fork("user"),
    });
  }

  async install(objectNames: readonly string[]): Promise<void> {
    const { kube } = this;
    for (const crd of [secretSyncCrd, secretProviderClassCrd])
      await kube.create(customResourceDefinitions, crd);
    for (const name of ["shop", "azure-secret-store"]) await kube.create(namespaces, { metadata: { name } });
    await kube.create(serviceAccounts, { metadata: { namespace: "shop", name: "reader" } });
    await kube.create(secretProviderClasses, {
      metadata: { namespace: "shop", name: "vault" },
      spec: {
        provider: "azure",
        parameters: {
          keyvaultName: vaultName,
          tenantID: this.#fleet.emulator.tenantId,
          clientID: clientId,
          objects: objectsYaml(objectNames),
        },
      },
    });
    for (const name of objectNames) await this.#createSync(name, [{ sourcePath: name, targetKey: "value" }]);
    await this.#createSync(
      allSecret,
      objectNames.map((name) => ({ sourcePath: name, targetKey: name })),
    );
  }

  async #createSync(name: string, data: SecretSync["spec"]["secretObject"]["data"]): Promise<void> {
    await this.kube.create(secretSyncs, {
      metadata: { namespace: "shop", name },
      spec: {
        secretProviderClassName: "vault",
        serviceAccountName: "reader",
        secretObject: { type: "Opaque", data },
      },
    });
  }

  /** A new controller and provider process: nothing of an earlier one's memory is left. Time passes until it is up. */
  async start(): Promise<void> {
    await this.#fleet.passUntil(this.#startOperator());
  }

  async #startOperator(): Promise<void> {
    const { clock, emulator, options } = this.#fleet;
    const random = this.#random.fork(`start ${this.#starts++}`);
    const logger = jsonLogger((line) => this.logLines.push(line), "debug");
    const cloud = customCloud({ authorityUrl: emulator.authorityHost, vaultDnsSuffix: "vault.localhost" });
    const source = createVaultGateway({
      clock,
      random: random.fork("gateway"),
      transport: vaultHandlerTransport(this.#traced("vault", emulator.handler)),
      logger,
    });
    const provider = createProviderService({
      clock,
      random: random.fork("provider"),
      gateway: source,
      logger,
      settings: { defaultCloud: cloud },
    });
    this.#operator = await startOperator({
      transport: kubeHandlerTransport(this.#traced("kube", this.sandbox.handler)),
      provider,
      clock,
      random: random.fork("operator"),
      logger,
      settings: settingsSchema.parse({ ...options.settings, clusterId: `cluster-${this.#index}` }),
      generateKey: () => Buffer.alloc(32, this.#index + 1),
      onAttempt: ({ secretSync, outcome, lane }) =>
        this.#fleet.note(`c${this.#index} ${secretSync.metadata.name} ${lane} ${outcome.reason}`),
    });
  }

  async stop(): Promise<void> {
    await this.#operator?.stop();
    this.#operator = undefined;
  }

  secrets(): Secret[] {
    return this.sandbox.objects("Secret", "shop");
  }

  syncs(): SecretSync[] {
    return this.sandbox.objects("SecretSync", "shop") as unknown as SecretSync[];
  }

  /** A value of Secret `name`; undefined when there is none. */
  valueOf(name: string, key = "value"): string | undefined {
    const secret = this.secrets().find((candidate) => candidate.metadata.name === name);
    const data = secret?.data?.[key];
    return data === undefined ? undefined : Buffer.from(data, "base64").toString();
  }

  /** Log, statuses and events: everything that could tell a secret by accident. */
  allText(): string {
    const objects = ["SecretSync", "Event", "Lease"].flatMap((kind) => this.sandbox.objects(kind));
    return this.logLines.join("") + JSON.stringify(objects);
  }

  #traced(seam: "kube" | "vault", handler: HttpHandler): HttpHandler {
    return async (request) => {
      const { host, pathname } = new URL(request.url);
      if (seam === "vault" && host.startsWith(`${vaultName}.`)) {
        this.#fleet.vaultRequestsMs[this.#index]!.push(this.#fleet.clock.wallMs());
      }
      const response = await handler(request);
      this.#fleet.note(`c${this.#index} ${seam} ${request.method} ${pathname} ${response.status}`);
      return response;
    };
  }
}

function issuerOf(index: number): string {
  return `https://cluster-${index}.issuer.test`;
}

function objectsYaml(names: readonly string[]): string {
  const items = names.map((name) => `  - |\n    objectName: ${name}\n    objectType: secret\n`);
  return `array:\n${items.join("")}`;
}
