import axe from "axe-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Kind, type Options, PlaneModel } from "../dev/plane";
import type { Root } from "../src/hook";
import widget from "../src/index";
import { views } from "../src/views";
import type { TrajectoryView } from "../src/views/trajectory";
import { painted } from "./helpers";
import { alive } from "./setup";

/** A canvas that writes down what is painted. */
function recorder() {
  const texts: string[] = [];
  const arcs: { x: number; y: number; r: number; fill: string }[] = [];
  let waiting: { x: number; y: number; r: number }[] = [];
  const values: Record<string, unknown> = { measureText: (text: string) => ({ width: 6 * text.length }) };
  const own: Record<string, (...args: never[]) => void> = {
    fillText: (text: string) => void texts.push(text),
    beginPath: () => {
      waiting = [];
    },
    arc: (x: number, y: number, r: number) => void waiting.push({ x, y, r }),
    fill: () => void arcs.push(...waiting.map((arc) => ({ ...arc, fill: String(values.fillStyle) }))),
  };
  const ctx = new Proxy(values, {
    get: (target, name: string) => own[name] ?? (name in target ? target[name] : () => {}),
    set: (target, name: string, value) => {
      target[name] = value;
      return true;
    },
  });
  return { ctx: ctx as unknown as CanvasRenderingContext2D, texts, arcs };
}

afterEach(() => vi.restoreAllMocks());

async function shown(kind: Kind, options: Options = {}) {
  const create = vi.spyOn(views.trajectory, "create");
  const model = new PlaneModel(kind, options);
  const { initialize, render } = widget();
  const stop = initialize({ model });
  const el = document.createElement("div");
  document.body.append(el);
  const unmount = render({ model, el });
  const root = el.querySelector(".rodflow") as Root;
  const settled = async () => {
    for (let i = 0; i < 2; i++) await painted();
  };
  const press = async (text: string) => {
    [...root.querySelectorAll("button")].find((button) => button.textContent === text)?.click();
    await settled();
  };
  await settled();
  await press("Trajectory");
  await settled();
  const trajectory = create.mock.results.at(-1)?.value as TrajectoryView;
  const [context] = create.mock.lastCall ?? [];
  if (!context) throw new Error("The view was not made.");
  const find = (selector: string) => trajectory.element.querySelector(selector) as HTMLElement;
  const picture = () => {
    const paper = recorder();
    trajectory.plates()[0].paint(paper.ctx);
    return paper;
  };
  const asked = (topic: string) => model.asked.filter((entry) => entry.topic === topic);
  const text = (selector: string) => find(selector).textContent ?? "";
  const fact = (name: string) =>
    [...root.querySelectorAll(".rf-plane-facts > div")].find((row) => row.firstChild?.textContent === name)?.lastChild
      ?.textContent;
  const commands = () =>
    model.sent.flatMap((message) =>
      message.kind === "command" && !["survey", "cancel"].includes(message.name) ? [message] : [],
    );
  const { view } = context;
  const table = (name: string) => context.client.store.table(name);
  return {
    model,
    context,
    view,
    table,
    trajectory,
    root,
    unmount,
    stop,
    find,
    press,
    picture,
    asked,
    text,
    fact,
    commands,
  };
}

const ROD = "#c63b08";

describe("two parameters", () => {
  it("ask for the loss over what is shown, and again when that grew", async () => {
    const { model, asked, text } = await shown("valley", { rows: 113, state: "running" });
    expect(asked("landscape")).toHaveLength(1);
    expect(asked("landscape")[0].args).toMatchObject({ plane: null, size: 49 });
    const first = asked("landscape")[0].args.x as number[];
    expect(text(".rf-subtitle")).toMatch(/^contours at .*0\.1, 0\.3$/);
    model.advance(1);
    await painted();
    expect(asked("landscape")).toHaveLength(1);
    model.advance(88);
    await painted();
    expect(asked("landscape").length).toBeGreaterThan(1);
    const last = asked("landscape").at(-1)?.args.x as number[];
    expect(last[0]).toBeLessThan(first[0]);
    expect(last[1]).toBeGreaterThanOrEqual(first[1]);
  });

  it("show the rod of the cursor's step, and the pair of iterates that it stands for", async () => {
    const { table, context, view, picture, trajectory } = await shown("valley");
    view.setCursor(60, true);
    await painted();
    const at = (name: string, column: string, time: number) =>
      [0, 1].map((part) => table(name)?.value(column, time, part) ?? Number.NaN);
    const place = ([x, y]: number[]) => trajectory.chart.place(x, y);
    const [centre, half] = [at("rod", "coordinates", 60), at("rod", "rod", 60)];
    const { arcs } = picture();
    const near = ([x, y]: number[], fill: string, radius: number) =>
      arcs.some((arc) => arc.fill === fill && arc.r === radius && Math.hypot(arc.x - x, arc.y - y) < 0.01);
    expect(near(place(centre), ROD, 3)).toBe(true);
    for (const side of [-1, 1])
      expect(near(place(centre.map((value, i) => value + side * half[i])), context.theme.ground, 4.2)).toBe(true);
    for (const time of [60, 61]) expect(near(place(at("discrete", "coordinates", time)), "#30353c", 2.6)).toBe(true);
    expect(near(place(at("discrete", "coordinates", 62)), "#30353c", 2.6)).toBe(false);
  });

  it("draw nothing of what is hidden, and a fork in its colour from where it left the run", async () => {
    const { model, view, picture } = await shown("valley");
    expect(picture().arcs.some(({ fill }) => fill === ROD)).toBe(true);
    view.toggle("rod");
    await painted();
    expect(picture().arcs.some(({ fill }) => fill === ROD)).toBe(false);
    model.send({ kind: "command", branch: 0, client: "", id: "", name: "fork", args: { at: 50 } });
    model.send({ kind: "command", branch: 1, client: "", id: "", name: "edit", args: { colour: "#123456" } });
    for (let i = 0; i < 3; i++) await painted();
    expect(picture().arcs.filter(({ fill }) => fill === "#123456")).toHaveLength(63);
    view.setCursor(40, true);
    await painted();
    expect(picture().arcs.filter(({ fill }) => fill === "#123456")).toHaveLength(0);
  });

  it("join a trail of 40 steps, all or none", async () => {
    const { press, picture } = await shown("valley");
    const dots = () => picture().arcs.filter(({ r }) => r === 2.3).length;
    expect(dots()).toBe(40);
    await press("all");
    expect(dots()).toBe(113);
    await press("0");
    expect(dots()).toBe(0);
  });

  it("choose the iterate under the pointer, and go back to the newest elsewhere", async () => {
    const { view, find, table, trajectory } = await shown("valley");
    const place = [0, 1].map((part) => table("discrete")?.value("coordinates", 40, part) ?? 0) as [number, number];
    const [clientX, clientY] = trajectory.chart.place(...place);
    const click = (x: number, y: number) =>
      find(".rf-plane-host").dispatchEvent(new MouseEvent("click", { clientX: x, clientY: y, bubbles: true }));
    click(clientX + 1, clientY);
    expect([view.cursor, view.pinned]).toEqual([40, true]);
    click(100, 60);
    expect(view.cursor).toBeNull();
  });

  it("show contours and the start before anything ran", async () => {
    const { picture, asked, find } = await shown("valley", { rows: 0, state: "ready" });
    expect(asked("landscape")).toHaveLength(1);
    expect(picture().texts).toContain("start");
    expect(find(".rf-plane-start").hidden).toBe(false);
    expect(picture().arcs.filter(({ r }) => r === 2.3)).toHaveLength(0);
  });

  it("tell why there are no contours", async () => {
    const { picture } = await shown("valley", { refusing: "this recording has no problem to compute with." });
    expect(picture().texts.join(" ")).toContain("this recording has no problem to compute with.");
  });

  it("keep the picture when the kernel goes, and ask no more", async () => {
    const { model, picture, asked, find, text } = await shown("valley");
    const before = text(".rf-subtitle");
    model.close();
    await painted();
    expect(text(".rf-subtitle")).toBe(before);
    expect(asked("landscape")).toHaveLength(1);
    expect((find(".rf-plane-start") as HTMLButtonElement).disabled).toBe(true);
    expect(picture().texts.join(" ")).not.toContain("kernel");
    const { picture: bare } = await shown("valley", { state: "gone" });
    expect(bare().texts.join(" ")).toContain("Contours of the loss need the kernel, which is not there.");
  });

  it("are not drawn out of shape by iterates that diverged", async () => {
    const { trajectory, text } = await shown("valley", { raised: 100, rows: 200, state: "diverged" });
    const [low, high] = [trajectory.chart.at(0, 1e5), trajectory.chart.at(1e5, 0)];
    expect(high[0] - low[0]).toBeLessThan(5);
    expect(high[1] - low[1]).toBeLessThan(5);
    expect(text(".rf-plane-words")).toMatch(/^(One|Two|Three|Four) iterates? lies? outside the picture\.$/);
  });
});

describe("the start", () => {
  const pointer = (type: string, x: number, y: number) => {
    const event = new MouseEvent(type, { clientX: x, clientY: y, bubbles: true, button: 0 });
    return Object.assign(event, { pointerId: 1 });
  };

  it("can be dragged, and runs from where it is dropped", async () => {
    const { find, commands, trajectory } = await shown("valley");
    const handle = find(".rf-plane-start");
    const [x, y] = trajectory.chart.place(3.2, 0.1);
    const target = trajectory.chart.place(2.9, 0.3);
    handle.dispatchEvent(pointer("pointerdown", x, y));
    handle.dispatchEvent(pointer("pointermove", target[0], target[1]));
    expect(commands()).toHaveLength(0);
    handle.dispatchEvent(pointer("pointerup", target[0], target[1]));
    await painted();
    expect(commands().map(({ name }) => name)).toEqual(["reset", "resume"]);
    const start = commands()[0].args.start as number[];
    expect(start[0]).toBeCloseTo(2.9, 6);
    expect(start[1]).toBeCloseTo(0.3, 6);
  });

  it("does not restart on a click", async () => {
    const { find, commands, view } = await shown("valley");
    const handle = find(".rf-plane-start");
    for (const type of ["pointerdown", "pointermove", "pointerup", "click"]) handle.dispatchEvent(pointer(type, 5, 5));
    expect([commands().length, view.cursor]).toEqual([0, null]);
  });

  it("moves by arrow keys, goes back with Escape, and runs with Enter", async () => {
    const { find, commands, view, picture } = await shown("valley");
    const handle = find(".rf-plane-start");
    const key = async (name: string, shiftKey = false) => {
      handle.dispatchEvent(new KeyboardEvent("keydown", { key: name, shiftKey, bubbles: true, cancelable: true }));
      await painted();
    };
    await key("ArrowLeft", true);
    await key("ArrowUp");
    expect(picture().texts).toContain("start here");
    expect(view.cursor).toBeNull();
    await key("Escape");
    expect(picture().texts).toContain("start");
    await key("ArrowLeft", true);
    expect(handle.getAttribute("aria-label")).toMatch(/^Start at x = 3\.0\d, y = 0\.100\./);
    await key("Enter");
    const start = commands()[0].args.start as number[];
    expect(start[0]).toBeLessThan(3.2);
    expect(start[1]).toBeCloseTo(0.1, 6);
    expect(commands().at(-1)?.name).toBe("resume");
  });

  it("is one number where there is one parameter", async () => {
    const { find, commands } = await shown("quartic", { rows: 30 });
    find(".rf-plane-start").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", cancelable: true }));
    await painted();
    expect(commands()[0]).toMatchObject({ name: "reset", args: { start: [0.3] } });
  });
});

describe("one parameter", () => {
  it("stands on the curve of the loss, its rod between two ends", async () => {
    const { asked, picture, trajectory, table, find } = await shown("quartic", { rows: 60 });
    expect(asked("landscape")[0].args).toMatchObject({ plane: null });
    expect(asked("landscape")[0].args).not.toHaveProperty("y");
    const rod = table("rod");
    const [w, half] = [rod?.value("coordinates", 50) ?? 0, rod?.value("rod", 50) ?? 0];
    trajectory.moveCursor(-9);
    await painted();
    const loss = (u: number) => u ** 2 / 2 - u ** 4 / 40;
    for (const end of [w - half, w + half]) {
      const [x, y] = trajectory.chart.place(end, loss(end));
      expect(
        picture().arcs.some((arc) => arc.r === 4.2 && Math.abs(arc.x - x) < 0.1 && Math.abs(arc.y - y) < 0.6),
      ).toBe(true);
    }
    expect(find(".rf-plane-along").hidden).toBe(false);
  });
});

describe("a network", () => {
  it("shows a plane and says what of the movement lies inside it", async () => {
    const { asked, text, fact } = await shown("network", { rows: 113 });
    expect(asked("plane")).toHaveLength(1);
    expect(asked("plane")[0].args).toEqual({ step: null, window: null, x: "travel", y: "oscillation" });
    expect(asked("landscape")).toHaveLength(0);
    expect(text(".rf-panel-title")).toBe("Plane through the midpoint of step 112");
    expect(text(".rf-subtitle")).toBe("steps 92 to 112; axes in parameter units, not to the same scale");
    expect(text(".rf-plane-words")).toContain("The plane holds 99.7\u00a0% of the iterates’ movement");
    expect(fact("movement inside the plane")).toBe("99.7\u00a0%");
    expect(text(".rf-plane-note")).toBe("Comes with the contours of the loss.");
  });

  it("computes contours on demand in the plane that is shown, and says how far it is", async () => {
    const { asked, press, text, find, model } = await shown("network", { rows: 113, pace: "by hand" });
    const answers = async (count: number) => {
      for (let i = 0; i < count; i++) model.next();
      await painted();
    };
    await answers(2);
    expect(text(".rf-panel-title")).toContain("step 112");
    await press("Contours of the loss");
    expect(asked("landscape")[0].args).toMatchObject({ plane: asked("plane")[0].id, size: 49 });
    expect(find(".rf-plane-form [aria-pressed]").getAttribute("aria-pressed")).toBe("true");
    await answers(3);
    expect(text(".rf-plane-share")).toBe("25\u00a0% computed");
    await answers(2);
    expect(text(".rf-plane-share")).toBe("");
    expect(text(".rf-panel-title")).toBe("Loss in a plane through the midpoint of step 112");
    await press("Contours of the loss");
    expect(text(".rf-panel-title")).toBe("Plane through the midpoint of step 112");
  });

  it("asks for the directions that are chosen", async () => {
    const { find, asked } = await shown("network", { pace: 500 });
    const select = find("select[aria-label='Direction of y']") as HTMLSelectElement;
    expect([...select.options].map(({ value }) => value)).toEqual([
      ...["oscillation", "sharpest", "eigenvector 1", "eigenvector 2", "eigenvector 3", "eigenvector 4"],
    ]);
    select.value = "eigenvector 2";
    select.dispatchEvent(new Event("change"));
    await painted();
    expect(asked("plane").at(-1)?.args).toMatchObject({ x: "travel", y: "eigenvector 2" });
    expect(asked("plane")[0].ended).toBe(true);
  });

  it("tells what the kernel refuses", async () => {
    const { picture } = await shown("network", { refusing: "step=3 is no longer kept: the steps 40 to 112 are." });
    expect(picture().texts.join(" ")).toContain("step=3 is no longer kept: the steps 40 to 112 are.");
  });
});

describe("the figure", () => {
  it.each(["valley", "quartic", "network"] as Kind[])("of a %s has no violation that axe finds", async (kind) => {
    const { root } = await shown(kind, { rows: 60 });
    const result = await axe.run(root, { rules: { "color-contrast": { enabled: false } } });
    expect(result.violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
  });

  it("describes itself and follows the keys", async () => {
    const { trajectory, view } = await shown("valley");
    const label = () => trajectory.element.getAttribute("aria-label") ?? "";
    expect(label()).toMatch(/^Plane of x and y with iterates, rod flow.* at step 112: iterates at 2\.\d+, −?0\.\d+/);
    trajectory.element.dispatchEvent(
      new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true, cancelable: true }),
    );
    await painted();
    expect([view.cursor, trajectory.at]).toEqual([111, 111]);
    expect(label()).toContain("at step 111");
  });

  it("ends with everything that it owns", async () => {
    const { observers, listeners } = alive;
    const { unmount, stop, model } = await shown("network", { pace: 500 });
    unmount();
    stop();
    expect([alive.observers, alive.listeners]).toEqual([observers, listeners]);
    expect(model.asked.every(({ ended }) => ended)).toBe(true);
    expect(document.querySelector(".rodflow")).toBeNull();
  });
});
