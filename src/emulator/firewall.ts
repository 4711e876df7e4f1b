import { BlockList, isIP, isIPv4 } from "node:net";
import { UserError } from "../core/errors.ts";
import { ServiceError } from "./service-error.ts";

/** From where a vault may be reached. */
export type FirewallRules =
  | { readonly kind: "open" }
  /** Only from these addresses: single ones, or ranges such as `10.0.0.0/8`. */
  | { readonly kind: "selected"; readonly addresses: readonly string[] }
  /** Only over private links, which the emulator does not have: from nowhere. */
  | { readonly kind: "private" };

/** Says about the address of a caller: undefined when it may pass, else the 403 that it gets. */
export type Firewall = (callerIpAddress: string) => ServiceError | undefined;

/** Makes a firewall. Throws a UserError that names an address that is none. */
export function createFirewall(vault: string, region: string, rules: FirewallRules): Firewall {
  switch (rules.kind) {
    case "open":
      return () => undefined;
    case "private":
      return () =>
        new ServiceError(
          403,
          "Forbidden",
          `Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nVault: ${vault};location=${region}`,
          "ForbiddenByConnection",
        );
    case "selected": {
      const list = addressList(rules.addresses);
      return (callerIpAddress) => {
        const address = callerIpAddress.replace(/^::ffff:/, "");
        if (isIP(address) !== 0 && list.check(address, isIPv4(address) ? "ipv4" : "ipv6")) return undefined;
        return new ServiceError(
          403,
          "Forbidden",
          `Client address is not authorized and caller is not a trusted service.\r\nClient address: ${address}\r\nVault: ${vault};location=${region}`,
          "ForbiddenByFirewall",
        );
      };
    }
  }
}

function addressList(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of addresses) {
    const [address = "", prefix] = text.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    try {
      if (prefix === undefined) list.addAddress(address, family);
      else list.addSubnet(address, /^\d+$/.test(prefix) ? Number(prefix) : Number.NaN, family);
    } catch (thrown) {
      throw new UserError(
        `emulator: "${text}" is no address and no range of addresses.`,
        "Give addresses such as 203.0.113.7 or 10.0.0.0/8.",
        { cause: thrown },
      );
    }
  }
  return list;
}
