import type { Schema } from "./schema.ts";

const open: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
export const namespaceSchema: Schema = open;
export const secretSchema: Schema = open;
export const configMapSchema: Schema = open;
export const serviceAccountSchema: Schema = open;
export const eventSchema: Schema = open;
export const leaseSchema: Schema = open;
export const definitionSchema: Schema = open;
