import { expect } from "vitest";

/** What the flow of each official SDK must see of the life of a secret; numbers are HTTP statuses or counts. */
export const secretLife = {
  version: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
  read: true,
  disabled: 403,
  contentTypeOfFirst: "text/html",
  tag: "shop",
  versions: 2,
  listed: 31,
  afterDelete: 404,
  nameTaken: 409,
  deleted: ["db"],
  recovered: "second",
  purged: 404,
  restored: "second",
};

/** The same of keys: made, imported, used, rotated, and the life of one. */
export const keyLife = {
  sizeBits: 2048,
  curve: "P-256",
  imported: true,
  signed: true,
  forged: false,
  decrypted: true,
  unwrapped: true,
  rotated: true,
  versions: 2,
  expiresIn: "P90D",
  operations: ["verify"],
  listed: ["ec", "imported", "rsa"],
  afterDelete: 404,
  nameTaken: 409,
  deleted: ["rsa"],
  recovered: true,
  purged: 404,
  restored: true,
};

/** The same of certificates: self-signed, renewed, imported, and the life of one. */
export const certificateLife = {
  status: "completed",
  subject: "shop.example",
  dnsNames: ["shop.example", "www.shop.example"],
  selfSigned: true,
  tag: "shop",
  versions: 2,
  months: 24,
  newTag: "pay",
  imported: true,
  listed: ["imported", "web"],
  afterDelete: 404,
  nameTaken: 409,
  deleted: ["web"],
  recovered: true,
  purged: 404,
  restored: true,
};

/** What each flow of an SDK must see, by its name. */
export const sdkLives = [
  ["secrets", secretLife],
  ["keys", keyLife],
  ["certificates", certificateLife],
] as const;
