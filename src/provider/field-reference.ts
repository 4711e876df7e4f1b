import type { ZodType } from "zod";

/** One row of a reference page. */
export interface FieldReference {
  readonly name: string;
  readonly isRequired: boolean;
  readonly description: string;
  readonly values?: readonly string[];
  /** What holds when it is absent. */
  readonly fallback?: string;
}

/** The rows for the fields of a schema, in its order; texts are the fields' metadata. */
export function referenceOf(shape: Readonly<Record<string, ZodType>>): readonly FieldReference[] {
  return Object.entries(shape).map(([name, field]) => ({
    name,
    isRequired: !field.safeParse(undefined).success,
    ...(field.meta() as Omit<FieldReference, "name" | "isRequired">),
  }));
}
