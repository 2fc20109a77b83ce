import { Signal } from "@lumino/signaling";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Item } from "../extension/item";
import { drawn } from "../extension/line";
import { type Connection, Link } from "../extension/link";
import { MIME, picture } from "../extension/saved";
import { type PanelRun, PROTOCOL } from "../src/generated/messages";

const RUN: PanelRun = {
  id: "view 0",
  view: "view",
  kind: "run",
  name: "run",
  problem: "quartic",
  optimizer: "gradient descent",
  state: "running",
  step: 392,
  steps: 1000,
  sentence: "Running: step 392 of 1,000.",
  ratio: 1.0214,
  line: [null, 0.5, 1.02],
  commands: ["pause", "resume"],
};

/** A kernel connection of JupyterLab with one comm, as far as a link uses it. */
function connection(beacons: string[] = []) {
  const made = {
    id: "kernel",
    status: "idle",
    isDisposed: false,
    supportsSubshells: false,
    iopubMessage: null as unknown as Signal<unknown, unknown>,
    statusChanged: null as unknown as Signal<unknown, unknown>,
    sent: [] as Record<string, unknown>[],
    comms: 0,
    onMsg: (_: unknown) => {},
    onClose: (_: unknown) => {},
    requestCommInfo: vi.fn(async () => ({
      content: {
        status: "ok",
        comms: Object.fromEntries(beacons.map((id) => [id, { target_name: "rodflow.beacon" }])),
      },
    })),
    createComm: () => {
      made.comms++;
      return {
        isDisposed: false,
        open: (data: Record<string, unknown>) => made.sent.push(data),
        send: (data: Record<string, unknown>) => made.sent.push(data),
        close: () => made.sent.push({ kind: "close" }),
        set onMsg(handler: (message: unknown) => void) {
          made.onMsg = handler;
        },
        set onClose(handler: (message: unknown) => void) {
          made.onClose = handler;
        },
      };
    },
    hear: (data: unknown) => made.onMsg({ content: { data } }),
    publish: (msg_type: string, content: unknown) => made.iopubMessage.emit({ header: { msg_type }, content }),
  };
  made.iopubMessage = new Signal(made);
  made.statusChanged = new Signal(made);
  return made;
}

const linked = (kernel: ReturnType<typeof connection>) => new Link(kernel as unknown as Connection);
const settled = () => vi.advanceTimersByTimeAsync(0);

describe("a link", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("opens a comm only while it listens, and only with a kernel that has runs", async () => {
    const plain = connection();
    const other = linked(plain);
    other.listen();
    await settled();
    expect([plain.comms, plain.sent]).toEqual([0, []]);

    const kernel = connection(["beacon"]);
    const link = linked(kernel);
    await settled();
    expect(kernel.requestCommInfo).not.toHaveBeenCalled();
    link.listen();
    await settled();
    expect(kernel.sent).toEqual([{ kind: "panel-hello", protocol: PROTOCOL }]);
    link.rest();
    expect(kernel.sent.at(-1)).toEqual({ kind: "close" });
    link.listen();
    await settled();
    expect(kernel.comms).toBe(2);
  });

  it("hears of a live view that is made or speaks, also where the kernel answers nothing", async () => {
    for (const [type, content] of [
      ["comm_open", { data: { state: { _anywidget_id: "rodflow_widgets.widgets.live.Live" } } }],
      ["comm_msg", { data: { method: "custom", content: { kind: "frame", branch: 0 } } }],
    ] as const) {
      const kernel = connection();
      const link = linked(kernel);
      link.listen();
      kernel.publish("comm_open", { data: { state: { _anywidget_id: "somebody.else" } } });
      kernel.publish("stream", { text: "hello" });
      await settled();
      expect(kernel.comms).toBe(0);
      kernel.publish(type, content);
      await settled();
      expect(kernel.comms).toBe(1);
    }
  });

  it("asks again when code has run, and not for its own question", async () => {
    const kernel = connection();
    linked(kernel).listen();
    await settled();
    kernel.statusChanged.emit("idle");
    expect(kernel.requestCommInfo).toHaveBeenCalledTimes(1);
    kernel.publish("execute_input", {});
    kernel.statusChanged.emit("idle");
    kernel.statusChanged.emit("idle");
    expect(kernel.requestCommInfo).toHaveBeenCalledTimes(2);
  });

  it("keeps what did not change, in the order told, and says that it has seen it", async () => {
    const kernel = connection(["beacon"]);
    const link = linked(kernel);
    link.listen();
    await settled();
    const second = { ...RUN, id: "view 1" };
    kernel.hear({ kind: "panel-runs", seq: 1, order: [RUN.id, second.id], changed: [second, RUN] });
    kernel.hear({ kind: "panel-runs", seq: 2, order: [second.id, RUN.id], changed: [{ ...RUN, step: 400 }] });
    expect(link.runs.map(({ id, step }) => [id, step])).toEqual([
      ["view 1", 392],
      ["view 0", 400],
    ]);
    expect(kernel.sent.slice(1)).toEqual([1, 2].map((seq) => ({ kind: "panel-seen", seq })));
    kernel.hear({ kind: "panel-runs", seq: 3, order: [], changed: [] });
    expect(link.runs).toEqual([]);
  });

  it("tells what spoke against a command", async () => {
    const kernel = connection(["beacon"]);
    const link = linked(kernel);
    link.listen();
    await settled();
    const [done, refused] = [link.command("view 0", "pause"), link.command("view 0", "resume")];
    const [first, second] = kernel.sent.slice(1) as { id: string }[];
    kernel.hear({ kind: "panel-reply", id: second.id, ok: false, message: "It has ended." });
    kernel.hear({ kind: "panel-reply", id: first.id, ok: true, message: "" });
    expect(await Promise.all([done, refused])).toEqual(["", "It has ended."]);
    const last = link.command("view 0", "pause");
    kernel.statusChanged.emit("restarting");
    expect(await last).toContain("restarted");
    expect(link.runs).toEqual([]);
  });

  it("says hello again after silence, and tells people when that is not answered", async () => {
    const kernel = connection(["beacon"]);
    const link = linked(kernel);
    link.listen();
    await settled();
    kernel.hear({ kind: "panel-runs", seq: 1, order: [RUN.id], changed: [RUN] });
    await vi.advanceTimersByTimeAsync(9000);
    expect(kernel.sent.filter(({ kind }) => kind === "panel-hello")).toHaveLength(2);
    expect(link.silent).toBe(false);
    await vi.advanceTimersByTimeAsync(3000);
    expect(link.silent).toBe(true);
    expect(link.runs).toHaveLength(1);
    kernel.hear({ kind: "panel-runs", seq: 2, order: [RUN.id], changed: [RUN] });
    expect(link.silent).toBe(false);
    link.dispose();
    const sent = kernel.sent.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kernel.sent).toHaveLength(sent);
  });

  it("meets a kernel again after its target was not there", async () => {
    const kernel = connection(["beacon"]);
    const link = linked(kernel);
    link.listen();
    await settled();
    kernel.onClose({});
    kernel.publish("comm_msg", { data: { content: { kind: "snapshot", branch: 0 } } });
    await settled();
    expect(kernel.comms).toBe(2);
    link.dispose();
  });
});

describe("an entry of the panel", () => {
  it("shows state, step, ratio and curve, and offers what the run takes", async () => {
    const asked: string[][] = [];
    const item = new Item({
      command: async (run, name) => {
        asked.push([run, name]);
        return "Not now.";
      },
      reveal: async () => false,
    });
    item.update(RUN);
    const { element } = item;
    expect(element.textContent).toContain("Running, step 392 of 1,000");
    expect(element.textContent).toContain("1.02 of the edge");
    const [toggle, reveal] = element.querySelectorAll("button");
    expect(toggle.getAttribute("aria-label")).toBe("Pause: Gradient descent");
    toggle.click();
    reveal.click();
    await vi.waitFor(() => expect(asked).toEqual([["view 0", "pause"]]));
    await vi.waitFor(() => expect(element.querySelector(".rodflow-run-said")?.textContent).not.toBe(""));
    item.update({ ...RUN, state: "paused" });
    expect(element.querySelector(".rodflow-run-said")?.textContent).toBe("");
    expect(toggle.title).toBe("Resume");
    item.update({ ...RUN, state: "finished", ratio: null, line: [], view: "" });
    expect(toggle.hidden).toBe(true);
    expect(reveal.disabled).toBe(true);
    expect(element.querySelector<HTMLElement>(".rodflow-line")?.hidden).toBe(true);
    item.update({ ...RUN, kind: "fork", name: "fork at 159", state: "ready" });
    expect(element.querySelector("b")?.textContent).toBe("Fork at 159");
    expect(toggle.title).toBe("Run");
  });

  it("draws a curve with gaps, and a value alone as a dot", () => {
    const y = (value: number) => 10 * value;
    expect(drawn([], y)).toBe("");
    expect(drawn([1], y)).toBe("M0.00 10.00h0.01");
    expect(drawn([0, 1, null, 2, null, 3, 4], y)).toBe(
      "M0.00 0.00L16.67 10.00M50.00 20.00h0.01M83.33 30.00L100.00 40.00",
    );
  });
});

describe("an output with a saved run", () => {
  const html = [
    '<div><img class="rodflow-widgets-still" alt="words" src="data:image/png;base64,AAAA">',
    '<script type="application/vnd.rodflow+gzip" data-rodflow-picture="">H4sI</script></div>',
  ];

  it("is read out of its HTML, in one piece or in lines", () => {
    for (const text of [html, html.join("")])
      expect(picture({ [MIME]: { protocol: 4 }, "text/html": text }, 4)).toEqual({
        packed: "H4sI",
        png: "data:image/png;base64,AAAA",
        words: "words",
      });
  });

  it("keeps its PNG where another front end has to draw it", () => {
    expect(picture({ [MIME]: { protocol: 3 }, "text/html": html }, 4)?.packed).toBe("");
    expect(picture({ [MIME]: { protocol: 3 }, "image/png": "BB\nBB", "text/plain": "a run" }, 4)).toEqual({
      packed: "",
      png: "data:image/png;base64,BBBB",
      words: "a run",
    });
  });

  it("shows no address but that of a PNG, and nothing where there is none", () => {
    const foreign = {
      [MIME]: { protocol: 3 },
      "text/html": html.join("").replace("data:image/png;base64,AAAA", "http://x/y"),
    };
    expect(picture(foreign, 4)).toBeNull();
    expect(picture({}, 4)).toBeNull();
  });
});
