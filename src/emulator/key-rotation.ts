import { objectOperation, ok } from "./collection-route.ts";
import { createKeyMaterial } from "./key-material.ts";
import { addKeyVersion, bundle, type KeyOperationsOptions } from "./key-version.ts";
import { newestOf } from "./object-bundle.ts";
import { isJsonObject, readJsonObject, type JsonObject } from "./request-body.ts";
import { badParameter } from "./service-error.ts";
import type { Charge, VaultOperation } from "./vault-operation.ts";

/** The creation of an HSM key. */
export const createHsmCharge: Charge = { limitClass: "keyCreateHsm", units: 1 };
/** The creation of a software key. */
export const createSoftwareCharge: Charge = { limitClass: "keyCreateSoftware", units: 1 };

/** Rotate, and reading and writing a rotation policy. The emulator keeps policies and does not act on them. */
export function rotationOperations(options: KeyOperationsOptions, charge: VaultOperation["charge"]) {
  const { store, clock } = options;
  const policies = new Map<string, JsonObject>();

  const rotate = objectOperation(
    "KeyRotate",
    (exchange) => {
      const key = store.find(exchange.segments[1] ?? "")?.versions[0];
      return key?.keyType.endsWith("-HSM") === true ? createHsmCharge : createSoftwareCharge;
    },
    ({ baseUrl }, name) => {
      const { keyType, sizeBits, curve, keyOperations, tags } = newestOf(store.get(name));
      const material = createKeyMaterial(keyType, sizeBits, curve);
      const version = addKeyVersion(options, name, material, {
        keyOperations,
        ...(tags === undefined ? {} : { tags }),
      });
      return ok(bundle(baseUrl, store.get(name).name, version));
    },
  );

  const getPolicy = objectOperation("KeyRotationPolicyGet", charge, ({ baseUrl }, name) => {
    const object = store.get(name);
    const policy = policies.get(name.toLowerCase()) ?? { lifetimeActions: [], attributes: {} };
    return ok({ id: `${baseUrl}/keys/${object.name}/rotationpolicy`, ...policy });
  });

  const setPolicy = objectOperation("KeyRotationPolicySet", charge, ({ request, baseUrl }, name) => {
    const object = store.get(name);
    const { lifetimeActions = [], attributes } = readJsonObject(request.body);
    if (!Array.isArray(lifetimeActions))
      throw badParameter("Property lifetimeActions has invalid value: it is not a list.");
    const seconds = Math.floor(clock.wallMs() / 1000);
    const created = policies.get(name.toLowerCase())?.["attributes"];
    const policy = {
      lifetimeActions,
      attributes: {
        ...(isJsonObject(attributes) ? attributes : {}),
        created: isJsonObject(created) ? created["created"] : seconds,
        updated: seconds,
      },
    };
    policies.set(name.toLowerCase(), policy);
    return ok({ id: `${baseUrl}/keys/${object.name}/rotationpolicy`, ...policy });
  });

  return { rotate, getPolicy, setPolicy };
}
