import { describeSchedules } from "./schedule-batches.ts";

describeSchedules("even");
