import { type Context, type Part, shownState } from "../context";
import { h, setAttribute, setText } from "../dom";
import * as format from "../format";
import { describe } from "../views/legend";
import type { Column, Saving } from "../wire";
import { costWords } from "./measuring";

interface Fact {
  text: (string | { strong: string })[];
  /** What the number means, from the column that it was recorded in. */
  title?: string;
}

interface Spending {
  name: string;
  cost: string;
  value: number;
}

/** Rows that the cost of a step is the mean over. */
const ROWS = 20;
/** What the session counts has no column. */
const COUNTED = {
  speed:
    "Speed: optimizer steps a second, with all flows and measurements. Unit: steps/s. Source: the clock of the kernel.",
  duration: "Duration: time for which the run went, pauses left out. Source: the clock of the kernel.",
  recording: "Recording: size of all recorded rows in the memory of the kernel. Unit: bytes.",
};
const MEAN = `Shown for one step: the mean over the last ${ROWS} rows.`;

const MEASURING =
  "Measuring: share of the time of training that goes into measuring, and the most that may. Source: the clock of the kernel.";

/** Step, speed, device, closure of the flows, gradients a step, recording size, where it is saved, what measuring costs. */
export class Footer implements Part {
  readonly element: HTMLElement;
  private readonly list = h("div", { class: "rf-footer-facts" });
  private readonly measuring = h("button", { type: "button", class: "rf-cost", hidden: true });
  private shown = "";

  constructor(
    private readonly context: Context,
    measure: () => void,
  ) {
    this.element = h("div", { class: "rf-footer" }, this.list, this.measuring);
    context.scope.listen(this.measuring, "click", measure);
  }

  update(): void {
    this.updateMeasuring();
    const facts = this.facts();
    const text = JSON.stringify(facts);
    if (text === this.shown) return;
    this.shown = text;
    this.list.replaceChildren(
      ...facts.map(({ text, title }) =>
        h("span", { title }, ...text.map((piece) => (typeof piece === "string" ? piece : h("b", {}, piece.strong)))),
      ),
    );
  }

  /** A control that stays where it is while its number moves, so that it keeps the focus. */
  private updateMeasuring(): void {
    const { client } = this.context;
    const { cost } = client.status;
    this.measuring.hidden = !cost || client.gone || !client.can("measure");
    if (!cost || this.measuring.hidden) return;
    setText(this.measuring, costWords(cost));
    setAttribute(this.measuring, "title", `${MEASURING}\nClick to change how often, or how much.`);
  }

  private facts(): Fact[] {
    const { client, size } = this.context;
    const { spec, status, store } = client;
    const state = shownState(client);
    const strong = (text: string) => ({ strong: text });
    const column = (name: string) =>
      this.context.styles.flatMap(({ process }) => process.columns).find((one) => one.name === name);
    const step = (end: string, number: number): Fact => ({
      text: ["step ", strong(format.whole(number)), end],
      title: meaning(column("time")),
    });
    if (state === "gone") return [step(", last received", Math.max(store.newest, 0))];
    const facts = [
      step(
        state === "diverged" ? ", diverged" : status.steps === null ? "" : ` of ${format.whole(status.steps)}`,
        client.step,
      ),
    ];
    if (state === "running" && status.speed !== null)
      facts.push({ text: [strong(format.significant(status.speed, 2)), " steps/s"], title: COUNTED.speed });
    if (state === "finished" && status.seconds > 0)
      facts.push({ text: [strong(format.duration(status.seconds))], title: COUNTED.duration });
    facts.push({ text: [strong(spec.problem.device), ` ${spec.problem.dtype}`] });
    // Where there is room the legend says it.
    if (size !== "wide")
      for (const { process, label } of this.context.styles)
        if (process.detail) facts.push({ text: [`${label}: `, strong(process.detail)] });
    const costs = this.costs();
    if (costs.length) facts.push({ text: spent(costs, size === "wide"), title: meaning(column("cost"), MEAN) });
    if (status.recordingBytes > 0)
      facts.push({ text: ["recording ", strong(format.bytes(status.recordingBytes))], title: COUNTED.recording });
    const { saving, cost } = status;
    if (saving) facts.push({ text: [saved(saving)], title: `${saving.path}\n${saving.sentence}` });
    if (cost && !client.can("measure")) facts.push({ text: [costWords(cost)], title: MEASURING });
    return facts;
  }

  /** Gradient equivalents a step, over the last rows. */
  private costs(): Spending[] {
    const { client, styles } = this.context;
    return styles.flatMap(({ process, label }) => {
      if (process.kind === "iterates") return [];
      const table = client.store.table(process.name);
      const cost = table?.column("cost");
      if (!table || !cost || table.rows < 2) return [];
      const last = table.rows - 1;
      const before = Math.max(0, last - ROWS);
      const value = (cost.values[last] - cost.values[before]) / (table.time.values[last] - table.time.values[before]);
      if (!Number.isFinite(value)) return [];
      const name = label.replace(/ flow\b/, "");
      return [{ name, value, cost: format.plain(Number(value.toPrecision(2))) }];
    });
  }
}

/** Where it is saved and how much of it; what fails is told above, and here that it does. */
function saved({ bytes, failing, path }: Saving): string {
  const folder = path
    .split(/[\\/]+/)
    .filter(Boolean)
    .slice(-2)
    .join("/");
  return failing ? `Not saved to ${folder}` : `Saved to ${folder} · ${format.bytes(bytes)}`;
}

function spent(costs: Spending[], wide: boolean): Fact["text"] {
  if (wide)
    return [
      "gradients a step: ",
      ...costs.flatMap(({ name, cost }, i) => [`${i ? ", " : ""}${name} `, { strong: cost }]),
    ];
  const total = costs.reduce((sum, { value }) => sum + value, 0);
  return [{ strong: format.significant(total, total < 100 ? 2 : 3) }, " gradients a step"];
}

function meaning(column: Column | undefined, how = ""): string | undefined {
  return column && [describe(column), how].filter(Boolean).join("\n");
}
