/**
 * What Keyweir relies on from a Kubernetes API server, as tests. They run against the sandbox and against a real
 * kube-apiserver; where the two differ, the real one is right and the sandbox is mended.
 */
import { afterAll, beforeAll, describe } from "vitest";
import { clusterOf, type Cluster, type ContractServer } from "./contract-cluster.ts";
import { customResourceContract } from "./kube-contract-custom-resources.ts";
import { deletionContract } from "./kube-contract-deletion.ts";
import { listContract } from "./kube-contract-lists.ts";
import { machineryContract } from "./kube-contract-machinery.ts";
import { requestContract } from "./kube-contract-requests.ts";
import { secretContract } from "./kube-contract-secrets.ts";
import { tokenContract } from "./kube-contract-tokens.ts";
import { watchContract } from "./kube-contract-watches.ts";

/** Registers the suite; `start` is called once. */
export function describeKubeContract(name: string, start: () => Promise<ContractServer>): void {
  describe(`${name} as an API server`, () => {
    let server: ContractServer | undefined;
    let cluster: Cluster | undefined;
    beforeAll(async () => {
      server = await start();
      cluster = clusterOf(server);
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
    });
    const get = () => cluster!;
    describe("secrets", () => {
      secretContract(get);
    });
    describe("custom resources", () => {
      customResourceContract(get);
    });
    describe("requests", () => {
      requestContract(get);
    });
    describe("lists", () => {
      listContract(get);
    });
    describe("watches", () => {
      watchContract(get);
    });
    describe("deletion", () => {
      deletionContract(get);
    });
    describe("tokens", () => {
      tokenContract(get);
    });
    describe("leases, events and caches", () => {
      machineryContract(get);
    });
  });
}
