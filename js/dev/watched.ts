/** A training loop that is watched, and a run that was saved and opened again. */
import type { Branch, CommandName, Cost, RunStatus, Saving, Spec, State, ToKernel } from "../src/generated/messages";
import { FakeModel } from "./fake";
import { makeSeries, type Series } from "./series";

/** How it stands: `failing`: it cannot be saved; `forecast`: training has come into one; `ahead`: not yet; `ended`. */
export type Watched = "watched" | "failing" | "forecast" | "ahead" | "ended" | "opened";

const COMMANDS: CommandName[] = ["set", "forecast", "measure", "pause", "resume", "stop"];
export const NOTES = [
  "Everything is measured on a fixed probe batch of 256 examples, in evaluation mode. Training takes other batches: their noise is not in the curvature.",
  "Decoupled weight decay λ lowers the threshold by the factor 1 − learning rate · λ / 2.",
];
/** Step at which the forecast was made, and steps that it goes on for. */
export const FORECAST = { from: 400, steps: 200 };
const STEP: Record<Watched, number> = {
  watched: 486,
  failing: 486,
  forecast: 486,
  ahead: 401,
  ended: 600,
  opened: 600,
};

/** Steps at which there is a row: the first ten, then every few, as time allows. */
export function measured(step: number): boolean {
  return step < 10 || (step * 7919) % 13 < 3;
}

export class WatchedModel extends FakeModel {
  private readonly forecast: Series[];
  cost: Cost | null = { share: 0.0612, limit: 0.1, every: null };
  saving: Saving | null;

  constructor(
    readonly how: Watched,
    private readonly taken: CommandName[] = how === "opened" ? [] : COMMANDS,
  ) {
    super(how === "ended" || how === "opened" ? "finished" : "running");
    const series = makeSeries(900);
    // A run that was saved has all of its processes; of a loop that is watched there are the iterates, every few steps.
    if (how !== "opened") this.series = [sparse(series[0])];
    const own = series[1].rows.filter(([time]) => time >= FORECAST.from && time <= FORECAST.from + FORECAST.steps);
    this.forecast = [{ ...series[1], rows: own }];
    this.step = STEP[how];
    const failing = how === "failing";
    const sentence = failing
      ? "Saving fails since step 391: no space left on the device. The run goes on, and is saved from there once there is room."
      : "Saved up to step 482.";
    this.saving = { path: "runs/eos", bytes: 1_234_567, sentence, failing };
    if (how === "opened") this.cost = null;
    this.branches = [this.branch()];
    if (how === "forecast" || how === "ahead") this.branches.push(this.forecastBranch());
    this.tellBranches();
  }

  /** Writing works again. */
  recover(): void {
    this.saving = { path: "runs/eos", bytes: 1_300_000, sentence: "Saved up to step 482.", failing: false };
    this.become("running");
  }

  override send(content: unknown): void {
    const message = content as ToKernel;
    if (message.kind === "command" && message.name === "measure" && this.cost) {
      const { share, every } = message.args as { share?: number; every?: number };
      this.cost = { ...this.cost, limit: share ?? this.cost.limit, every: every ?? null };
    }
    super.send(content);
    if (message.kind !== "command") return;
    if (message.name === "measure") this.become("running");
    if (message.name === "forecast" && Number(message.args.steps) > 0) {
      this.branches.push(this.forecastBranch(this.branches.length));
      this.tellBranches();
    }
  }

  private forecastBranch(id = 1): Branch {
    const own = { id, name: `forecast at ${FORECAST.from}`, kind: "forecast" as const, notes: [] };
    const spec = { ...this.spec(), steps: FORECAST.from + FORECAST.steps, processes: [this.forecast[0].spec] };
    return { ...this.branch(), ...own, commands: [], parent: 0, step: FORECAST.from, spec };
  }

  protected override branch(): Branch {
    const notes = this.how === "opened" ? [] : NOTES;
    return { ...super.branch(), commands: this.taken ?? COMMANDS, notes };
  }

  protected override spec(): Spec {
    const spec = super.spec();
    if (this.how === "opened" || !this.how) return spec;
    const optimizer = { ...spec.optimizer, name: "SGD", label: "SGD" };
    return { ...spec, optimizer, steps: null, schedules: [], problem: { ...spec.problem, name: "my network" } };
  }

  protected override status(state: State, branch = 0): RunStatus {
    if (branch)
      return {
        ...super.status("finished"),
        ...{ state: "finished", step: this.reach(branch), steps: this.reach(branch), sentence: "", processes: {} },
      };
    const { saving = null, cost = null } = this;
    const sentence = this.how === "ended" ? "Finished: 600 steps. Last seen at its edge since step 449." : "";
    return { ...super.status(state), sentence, steps: this.how === "opened" ? this.steps : null, saving, cost };
  }

  protected override rows(branch: number): Series[] {
    return branch ? this.forecast : this.series;
  }

  protected override reach(branch: number): number {
    return branch ? FORECAST.from + FORECAST.steps : this.step;
  }

  protected override eventsOf(branch: number) {
    return branch ? [] : this.events;
  }
}

function sparse(series: Series): Series {
  const gone = ["distance_travelled", "midpoint_loss"];
  const kept = series.spec.columns.filter(({ name }) => !gone.includes(name));
  const places = series.spec.columns.flatMap(({ name, width }) => Array<boolean>(width).fill(!gone.includes(name)));
  const rows = series.rows.filter(([time]) => measured(time)).map((row) => row.filter((_, i) => places[i]));
  return { ...series, spec: { ...series.spec, columns: kept }, rows };
}
