/**
 * The planner: how far a fleet must spread its requests so that a vault does not throttle, and how sure that is.
 * Pure arithmetic without `node:*`, time or chance of its own; runs unchanged in a browser worker.
 */
export { planBudget, type BudgetPlan } from "./budget.ts";
export { planCapacity, type CapacityInputs, type CapacityPlan } from "./capacity.ts";
export { listPrice, planCost, type CostPlan, type Price } from "./cost.ts";
export { guideJitter, guideRiskPerSecond, guideTableLookup, type GuideAnswer } from "./guide.ts";
export { inputRanges } from "./input-ranges.ts";
export { completeInputs, PlanInputError, type CompleteInputs, type PlanInputs } from "./inputs.ts";
export { planJitter, type ExactAnswer, type JitterPlan } from "./jitter.ts";
export { LayoutError, parseLayout, type LayoutInputs } from "./layout-file.ts";
export { layoutAsBicep, layoutAsRunbook, layoutAsTerraform } from "./layout-writers.ts";
export { MonteCarlo, stepsPerRefresh, type MonteCarloResult } from "./monte-carlo.ts";
export type { RiskBounds } from "./refresh-risk.ts";
export { planRisk, riskCurve, type RiskPlan, type RiskPoint } from "./risk.ts";
export { planTable, tableAsCsv, tableAsMarkdown, type TableInputs, type TablePlan } from "./table.ts";
export { planVaults, type LayoutPlan } from "./vault-layout.ts";
export type { PlanWarning } from "./warnings.ts";
export type { Counting } from "./window-risk.ts";
