import { type Context, type Part, shownState } from "../context";
import { h } from "../dom";
import * as format from "../format";

type Fact = (string | { strong: string })[];

/** Step, speed, device, closure of the flows, gradients a step, recording size. */
export class Footer implements Part {
  readonly element = h("footer", { class: "rf-footer" });
  private shown = "";

  constructor(private readonly context: Context) {}

  update(): void {
    const facts = this.facts();
    const text = JSON.stringify(facts);
    if (text === this.shown) return;
    this.shown = text;
    this.element.replaceChildren(
      ...facts.map((fact) =>
        h("span", {}, ...fact.map((piece) => (typeof piece === "string" ? piece : h("b", {}, piece.strong)))),
      ),
    );
  }

  private facts(): Fact[] {
    const { client, size } = this.context;
    const { spec, status, store } = client;
    const state = shownState(client);
    const strong = (text: string) => ({ strong: text });
    if (state === "gone") return [["step ", strong(format.whole(Math.max(store.newest, 0))), ", last received"]];
    const facts: Fact[] = [
      state === "diverged"
        ? ["step ", strong(format.whole(status.step)), ", diverged"]
        : ["step ", strong(format.whole(status.step)), ` of ${format.whole(status.steps)}`],
    ];
    if (state === "running" && status.speed !== null)
      facts.push([strong(format.significant(status.speed, 2)), " steps/s"]);
    if (state === "finished" && status.seconds > 0) facts.push([strong(format.duration(status.seconds))]);
    facts.push([strong(spec.problem.device), ` ${spec.problem.dtype}`]);
    const costs = this.costs();
    // Where there is room the legend says it.
    if (size !== "wide")
      for (const { process, label } of this.context.styles)
        if (process.detail) facts.push([`${label}: `, strong(process.detail)]);
    if (size === "wide") {
      if (costs.length) {
        const list: Fact = ["gradients a step: "];
        costs.forEach(({ name, cost }, i) => {
          list.push(`${i ? ", " : ""}${name} `, strong(cost));
        });
        facts.push(list);
      }
    } else if (costs.length) {
      const total = costs.reduce((sum, { value }) => sum + value, 0);
      facts.push([strong(format.significant(total, total < 100 ? 2 : 3)), " gradients a step"]);
    }
    if (status.recordingBytes > 0) facts.push(["recording ", strong(format.bytes(status.recordingBytes))]);
    return facts;
  }

  /** Gradient equivalents a step, over the last 20 steps. */
  private costs(): { name: string; cost: string; value: number }[] {
    const { client, styles } = this.context;
    return styles.flatMap(({ process, label }) => {
      if (process.kind === "iterates") return [];
      const table = client.store.table(process.name);
      const cost = table?.column("cost");
      if (!table || !cost || table.rows < 2) return [];
      const last = table.rows - 1;
      const before = Math.max(0, last - 20);
      const value = (cost.values[last] - cost.values[before]) / (table.time.values[last] - table.time.values[before]);
      if (!Number.isFinite(value)) return [];
      const name = label.replace(/ flow\b/, "");
      return [{ name, value, cost: format.plain(Number(value.toPrecision(2))) }];
    });
  }
}
