import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeModel } from "../dev/fake";
import { ANSWER_TIMEOUT, type Client, SILENCE } from "../src/client";
import { PROTOCOL, type Reply, type ToKernel } from "../src/generated/messages";
import { Runs } from "../src/runs";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const settled = () => Promise.resolve();
const kinds = (model: FakeModel) => model.sent.map(({ kind }) => kind);
const times = (client: Client, table = "discrete") => [...(client.store.table(table)?.time.toArray() ?? [])];
const until = (last: number, first = 0) => Array.from({ length: last + 1 - first }, (_, i) => first + i);

async function connected(scene: "running" | "paused" = "running") {
  const model = new FakeModel(scene);
  const runs = new Runs(model);
  await settled();
  return { model, runs, client: runs.selected };
}

describe("the client", () => {
  it("says hello and takes the snapshot that is meant for it", async () => {
    const { model, client } = await connected();
    expect(model.sent[0]).toMatchObject({ kind: "hello", client: client.id, protocol: PROTOCOL, run: 1, rows: {} });
    expect(times(client)).toEqual(until(486));
    expect(times(client, "rod")).toEqual(until(486, 2));
    const other = {
      to: "somebody else",
      kind: "snapshot",
      branch: 0,
      run: 1,
      seq: 9,
      blocks: [],
      events: [],
      total_rows: {},
    };
    model.tell({ ...other, first_event: 0, thinned: false });
    expect(times(client)).toHaveLength(487);
  });

  it("appends frames, and acknowledges them only when they have been drawn", async () => {
    const { model, runs, client } = await connected();
    const unwatch = runs.watch();
    client.drawn();
    model.sent.length = 0;
    model.advance(3);
    model.advance(2);
    expect(times(client)).toEqual(until(491));
    expect(kinds(model)).toEqual([]);
    client.drawn();
    expect(model.sent).toEqual([{ kind: "ack", branch: 0, client: client.id, seq: 3 }]);
    unwatch();
    model.advance(1);
    expect(model.sent.at(-1)).toMatchObject({ kind: "ack", seq: 4 });
  });

  it("acknowledges in time although nothing can be drawn, so that a hidden page holds nobody up", async () => {
    const { model, runs, client } = await connected();
    runs.watch();
    client.drawn();
    model.sent.length = 0;
    model.advance(1);
    vi.advanceTimersByTime(249);
    expect(kinds(model)).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(kinds(model)).toEqual(["ack"]);
  });

  it("asks again once when frames were lost, and ends up with every row once", async () => {
    const { model, client } = await connected();
    model.deaf = true;
    model.advance(4);
    model.deaf = false;
    model.sent.length = 0;
    model.advance(1);
    model.advance(1);
    const hellos = model.sent.filter(({ kind }) => kind === "hello");
    expect(hellos).toHaveLength(1);
    expect(hellos[0]).toMatchObject({ run: 1, rows: { discrete: 487, rod: 485 } });
    await settled();
    expect(times(client)).toEqual(until(492));
    model.advance(2);
    expect(times(client)).toEqual(until(494));
    expect(times(client, "rod")).toEqual(until(494, 2));
  });

  it("asks again when only events were lost, and ends up with every event once", async () => {
    const { model, client } = await connected();
    model.deaf = true;
    client.command("set", { learning_rate: 0.7 });
    model.deaf = false;
    model.sent.length = 0;
    const frame = { kind: "frame", branch: 0, run: 1, seq: 90, blocks: [], events: [], first_event: 3, ack: true };
    model.tell(frame);
    model.tell({ ...frame, seq: 91 });
    expect(kinds(model).filter((kind) => kind === "hello")).toHaveLength(1);
    await settled();
    expect(client.store.events.map((event) => event.new)).toEqual([0.85, 0.68, 0.7]);
  });

  it("says hello again until rows come, because the first may wait behind a cell that is running", async () => {
    const model = new FakeModel("running");
    model.deaf = true;
    const client = new Runs(model).selected;
    vi.advanceTimersByTime(240);
    expect(kinds(model)).toEqual(["hello"]);
    vi.advanceTimersByTime(20);
    expect(kinds(model)).toEqual(["hello", "hello"]);
    await settled();
    model.deaf = false;
    vi.advanceTimersByTime(500);
    await settled();
    expect(times(client)).toEqual(until(486));
    model.sent.length = 0;
    vi.advanceTimersByTime(SILENCE - 1000);
    expect(kinds(model)).toEqual([]);
  });

  it("resolves commands with the reply that carries their id, and remembers a refusal", async () => {
    const { model, client } = await connected("paused");
    const replies: Reply[] = [];
    const good = client.command("set", { learning_rate: 0.7 }).then((reply) => replies.push(reply));
    await good;
    expect(replies[0].ok).toBe(true);
    await client.command("set", { learning_rate: -1 });
    expect(client.refusal).toBe("learning_rate=-1 is not usable: give a number in (0, inf].");
    await client.command("set", { learning_rate: 0.6 });
    expect(client.refusal).toBe("");
    const ids = model.sent.flatMap((message) => (message.kind === "command" ? [message.id] : []));
    expect(new Set(ids).size).toBe(3);
  });

  it("starts afresh at another run, and drops frames of the former one", async () => {
    const { model, client } = await connected();
    client.command("reset");
    expect([client.store.run, client.store.newest]).toEqual([2, -1]);
    model.tell({ kind: "frame", branch: 0, run: 1, seq: 99, blocks: [], events: [], first_event: 0, ack: true });
    expect(client.store.run).toBe(2);
    model.advance(5);
    expect(times(client)).toEqual(until(4));
  });

  it("says that the kernel has gone when it cannot send, and takes that back at the next message", async () => {
    const { model, client } = await connected();
    model.close();
    expect(client.gone).toBe(true);
    model.closed = false;
    model.tell({ kind: "frame", branch: 0, run: 1, seq: 99, blocks: [], events: [], first_event: 0, ack: true });
    expect(client.gone).toBe(false);
  });

  it("says so too when nobody answers its hello", () => {
    const model = new FakeModel("paused");
    model.deaf = true;
    const client = new Runs(model).selected;
    vi.advanceTimersByTime(ANSWER_TIMEOUT - 1);
    expect(client.gone).toBe(false);
    vi.advanceTimersByTime(1);
    expect(client.gone).toBe(true);
  });

  it("asks a kernel that is silent while its run goes on, and says that it has gone when it does not answer", async () => {
    const { model, client } = await connected();
    model.sent.length = 0;
    vi.advanceTimersByTime(SILENCE - 1);
    expect(kinds(model)).toEqual([]);
    model.advance(1);
    vi.advanceTimersByTime(SILENCE - 1);
    expect(kinds(model)).not.toContain("hello");
    vi.advanceTimersByTime(1);
    expect(kinds(model)).toContain("hello");
    await settled();
    expect(client.gone).toBe(false);
    model.deaf = true;
    vi.advanceTimersByTime(SILENCE + ANSWER_TIMEOUT);
    expect(client.gone).toBe(true);
  });

  it("leaves a kernel alone whose run holds still", async () => {
    const { model } = await connected("paused");
    model.sent.length = 0;
    vi.advanceTimersByTime(10 * SILENCE);
    expect(kinds(model)).toEqual([]);
  });

  it("draws a saved page from the snapshot trait alone", () => {
    const model = new FakeModel("finished", 40);
    model.deaf = true;
    model.save();
    const client = new Runs(model).selected;
    expect(times(client)).toEqual(until(40));
    vi.advanceTimersByTime(ANSWER_TIMEOUT);
    expect([client.gone, client.status.state]).toEqual([true, "finished"]);
  });

  it("keeps what it holds when a thinner snapshot arrives as a trait", async () => {
    const { model, client } = await connected();
    const table = client.store.table("discrete");
    model.save();
    expect(client.store.table("discrete")).toBe(table);
  });

  it("shows what speaks against its hello and asks no more", async () => {
    const { model, client } = await connected();
    model.tell({ kind: "reply", branch: 0, id: client.id, ok: false, message: "Reload the page.", step: null });
    expect(client.refusal).toBe("Reload the page.");
    const asked = kinds(model).filter((kind) => kind === "hello").length;
    vi.advanceTimersByTime(ANSWER_TIMEOUT * 4);
    expect(kinds(model).filter((kind) => kind === "hello")).toHaveLength(asked);
  });

  it("says bye once, and hears nothing afterwards", async () => {
    const { model, runs, client } = await connected();
    runs.dispose();
    runs.dispose();
    expect(kinds(model).filter((kind) => kind === "bye")).toHaveLength(1);
    expect(model.listeners).toBe(0);
    model.advance(1);
    expect(client.store.newest).toBe(486);
  });

  it("answers what is still open when its branch has gone, and leaves the room of the page", async () => {
    const { model, runs, client } = await connected();
    const left = vi.spyOn(client.store, "dispose");
    model.deaf = true;
    const reply = client.command("fork");
    const told = vi.fn();
    client.survey("plane", {}, told);
    runs.dispose();
    expect(await reply).toMatchObject({ ok: false, message: "This run is not shown any more." });
    expect(told).not.toHaveBeenCalled();
    expect(left).toHaveBeenCalledOnce();
  });

  it("keeps the refusal of a command when a survey is given up", async () => {
    const { model, client } = await connected();
    model.deaf = true;
    const { end } = client.survey("plane", {}, () => {});
    const refused = client.command("set", { learning_rate: -1 });
    const tell = (id: string, ok: boolean) => {
      model.deaf = false;
      model.tell({ kind: "reply", branch: 0, id, ok, message: ok ? "" : "Too low.", step: null });
      model.deaf = true;
    };
    const last = () => model.sent.flatMap((message) => (message.kind === "command" ? [message] : [])).at(-1);
    tell(last()?.id ?? "", false);
    await refused;
    end();
    expect(last()?.name).toBe("cancel");
    tell(last()?.id ?? "", true);
    expect(client.refusal).toBe("Too low.");
  });

  it("sends JSON only", async () => {
    const { model, client } = await connected();
    client.command("step", { n: 1 });
    for (const message of model.sent as ToKernel[]) expect(JSON.parse(JSON.stringify(message))).toEqual(message);
  });
});
