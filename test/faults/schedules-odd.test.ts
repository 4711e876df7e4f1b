import { describeSchedules } from "./schedule-batches.ts";

describeSchedules("odd");
