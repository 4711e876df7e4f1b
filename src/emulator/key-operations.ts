import { keyOperationUnits } from "../limits/profiles.ts";
import { collectionRoute, objectOperation, ok } from "./collection-route.ts";
import { keyCryptoOperations } from "./key-crypto.ts";
import { createKeyMaterial, importKeyMaterial } from "./key-material.ts";
import { createHsmCharge, createSoftwareCharge, rotationOperations } from "./key-rotation.ts";
import {
  addKeyVersion,
  bundle,
  item,
  readGiven,
  releasePolicyOf,
  type KeyOperationsOptions,
} from "./key-version.ts";
import { assertObjectName, isJsonObject, readJsonObject } from "./request-body.ts";
import {
  createCharge,
  plainCharge,
  type Charge,
  type Exchange,
  type OperationRoute,
} from "./vault-operation.ts";

/** The operations of keys (REST API 7.0 to 2025-07-01) on one vault, without attestation and release. */
export function keyRoute(options: KeyOperationsOptions): OperationRoute {
  const { store, clock, profile } = options;
  const keyCharge = (exchange: Exchange): Charge => {
    const versions = store.find(exchange.segments[1] ?? "")?.versions;
    if (versions === undefined) return plainCharge;
    const id = exchange.segments[2]?.toLowerCase();
    const key = versions.find((each) => each.id === id) ?? versions[versions.length - 1]!;
    return { limitClass: "keyUnits", units: keyOperationUnits(profile, key) };
  };

  const create = objectOperation("KeyCreate", createChargeOf, ({ request, baseUrl }, name) => {
    assertObjectName(name);
    const body = readJsonObject(request.body);
    const given = { ...readGiven(body), ...releasePolicyOf(body) };
    store.assertFree(name);
    const material = createKeyMaterial(body["kty"], body["key_size"] ?? undefined, body["crv"] ?? undefined);
    const version = addKeyVersion(options, name, material, given);
    return ok(bundle(baseUrl, store.get(name).name, version));
  });

  const importKey = objectOperation("KeyImport", createCharge, ({ request, baseUrl }, name) => {
    assertObjectName(name);
    const body = readJsonObject(request.body);
    const key = body["key"];
    const given = readGiven(body, isJsonObject(key) ? key["key_ops"] : undefined);
    const material = importKeyMaterial(key, (body["hsm"] ?? body["Hsm"]) === true);
    const version = addKeyVersion(options, name, material, { ...given, ...releasePolicyOf(body) });
    return ok(bundle(baseUrl, store.get(name).name, version));
  });

  const get = objectOperation("KeyGet", keyCharge, ({ segments, baseUrl }, name) =>
    ok(bundle(baseUrl, store.get(name).name, store.version(name, segments[2]))),
  );

  const update = objectOperation("KeyUpdate", keyCharge, ({ request, segments, baseUrl }, name) => {
    const version = store.version(name, segments[2]);
    const updated = Math.floor(clock.wallMs() / 1000);
    Object.assign(version, readGiven(readJsonObject(request.body)), { updated });
    return ok(bundle(baseUrl, store.get(name).name, version));
  });

  const { rotate, getPolicy, setPolicy } = rotationOperations(options, keyCharge);
  const crypto = keyCryptoOperations(store, clock, keyCharge);

  return collectionRoute(
    { ...options, kind: "Key", collection: "keys", bundle, item },
    (method, segments) => {
      const count = segments.length;
      const last = segments[count - 1]?.toLowerCase() ?? "";
      if (count < 2 || count > 4) return undefined;
      switch (method) {
        case "GET":
          if (count === 3 && last === "rotationpolicy") return getPolicy;
          return count === 4 || last === "versions" ? undefined : get;
        case "PUT":
          if (count === 3) return last === "rotationpolicy" ? setPolicy : undefined;
          return count === 2 ? importKey : undefined;
        case "PATCH":
          return count === 4 ? undefined : update;
        case "POST":
          if (count === 3 && last === "create") return create;
          if (count === 3 && last === "rotate") return rotate;
          return count === 2 ? undefined : crypto.get(last);
        default:
          return undefined;
      }
    },
  );
}

/** A create is counted by protection, which only the body says. */
function createChargeOf({ request }: Exchange): Charge {
  return /"kty"\s*:\s*"[A-Z]+-HSM"/.test(request.body) ? createHsmCharge : createSoftwareCharge;
}
