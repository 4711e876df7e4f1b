/**
 * The planner: how far a fleet must spread its requests so that a vault does not throttle, and how sure that is.
 * Pure arithmetic without `node:*`, time or chance of its own; runs unchanged in a browser worker.
 */
export { guideBasicJitter, guideJitter, guideRiskPerSecond, guideTableLookup } from "./guide.ts";
