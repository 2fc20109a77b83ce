import { describe, expect, it } from "vitest";
import { processStyles } from "../src/theme";
import { csv } from "../src/views/table";
import { mounted, painted } from "./helpers";

describe("the keys", () => {
  it("run, pause and step", async () => {
    const { key, commands, root } = await mounted("paused");
    await key("ArrowRight");
    await key(" ");
    expect(root.dataset.state).toBe("running");
    await key("ArrowRight");
    await key(" ");
    expect(commands().map(({ name }) => name)).toEqual(["step", "resume", "pause"]);
  });

  it("move the cursor of the chart, and go back to the newest", async () => {
    const { key, find, root, text } = await mounted("paused");
    const figure = find(".rf-figure");
    const cursor = () => root.rodflow?.cursor();
    await key("ArrowLeft", {}, figure);
    expect(cursor()).toBe(391);
    await key("ArrowLeft", { shiftKey: true }, figure);
    expect(cursor()).toBe(381);
    expect(text(".rf-legend-head")).toBe("at cursorstep 381");
    expect(root.querySelectorAll("[data-panel=loss] .rf-dot").length).toBeGreaterThan(2);
    await key("Home", {}, figure);
    expect(cursor()).toBe(0);
    await key("Escape");
    expect(cursor()).toBeNull();
    expect(text(".rf-legend-head")).toBe("neweststep 392");
  });

  it("change the learning rate by 5 and by 20 per cent", async () => {
    const { key, commands } = await mounted("running");
    await key("]");
    await key("{", { shiftKey: true });
    expect(commands().map(({ args }) => args.learning_rate)).toEqual([0.714, 0.595]);
  });

  it("show and hide processes by their place", async () => {
    const { key, root } = await mounted("running");
    await key("2");
    expect(root.querySelector('[data-process="rod"]')?.getAttribute("aria-pressed")).toBe("false");
    await key("2");
    expect(root.querySelector('[data-process="rod"]')?.getAttribute("aria-pressed")).toBe("true");
  });

  it("ask once before a reset", async () => {
    const { key, root, commands, text, find } = await mounted("paused");
    await key("r");
    expect(text(".rf-notice")).toContain("Reset to step 0?");
    await key("Escape");
    expect(find(".rf-notice").hidden).toBe(true);
    await key("R");
    await key("R");
    expect(commands().map(({ name }) => name)).toEqual(["reset"]);
    expect(root.dataset.run).toBe("2");
  });

  it("list themselves, and leave a field that is typed in alone", async () => {
    const { key, find, commands } = await mounted("paused");
    await key("?");
    expect(find(".rf-dialog").textContent).toContain("one step, while paused");
    await key("Escape", {}, find(".rf-dialog-body"));
    expect(find(".rf-dialog").hidden).toBe(true);
    await key("1", {}, find(".rf-number"));
    await key(" ", {}, find(".rf-number"));
    expect(commands()).toEqual([]);
  });

  it("do not reach the notebook", async () => {
    const { key } = await mounted("paused");
    let heard = 0;
    const listen = () => heard++;
    document.body.addEventListener("keydown", listen);
    await key("m");
    document.body.removeEventListener("keydown", listen);
    expect(heard).toBe(0);
  });
});

describe("the learning rate", () => {
  it("is sent when the slider is let go, not while it moves", async () => {
    const { find, commands } = await mounted("running");
    const slider = find(".rf-range") as HTMLInputElement;
    for (const value of ["600", "650", "700"]) {
      slider.value = value;
      slider.dispatchEvent(new Event("input"));
    }
    expect(commands()).toEqual([]);
    expect((find(".rf-number") as HTMLInputElement).value).toBe("1.32");
    slider.dispatchEvent(new Event("change"));
    expect(commands()).toMatchObject([{ name: "set", args: { learning_rate: 1.32 } }]);
  });

  it("falls back with the kernel's words when it is refused", async () => {
    const { find, text } = await mounted("running");
    const number = find(".rf-number") as HTMLInputElement;
    number.value = "-3";
    number.dispatchEvent(new Event("input"));
    number.dispatchEvent(new Event("change"));
    await painted();
    expect(text(".rf-refusal")).toBe("learning_rate=-3 is not usable: give a number in (0, inf].");
    expect(number.value).toBe("0.68");
  });

  describe("shows what is in use", () => {
    const entered = async () => {
      const page = await mounted("paused");
      const number = page.find(".rf-number") as HTMLInputElement;
      const enter = async (value: string) => {
        number.value = value;
        number.dispatchEvent(new Event("change"));
        await painted();
      };
      return { ...page, number, enter };
    };

    it("after a status that tells of another value than the one accepted", async () => {
      const { model, number, enter } = await entered();
      model.quiet = true;
      await enter("0.7");
      expect(number.value).toBe("0.7");
      model.quiet = false;
      model.use(0.5);
      await painted();
      expect(number.value).toBe("0.5");
    });

    it("after a reply that comes when another value is in use already", async () => {
      const { model, number, enter } = await entered();
      model.deaf = model.quiet = true;
      await enter("0.7");
      model.deaf = model.quiet = false;
      model.use(0.5);
      await painted();
      expect(number.value).toBe("0.7");
      const command = model.sent.findLast((message) => message.kind === "command");
      model.tell({ kind: "reply", branch: 0, id: command?.id, ok: true, message: "", step: 393 });
      await painted();
      expect(number.value).toBe("0.5");
    });

    it("after a reset", async () => {
      const { model, root, number, enter } = await entered();
      model.deaf = model.quiet = true;
      await enter("0.7");
      model.deaf = model.quiet = false;
      model.use(0.6);
      root.rodflow?.client.command("reset");
      await painted();
      expect(number.value).toBe("0.6");
    });
  });

  it("carries the edge: edge factor over the newest sharpness", async () => {
    const { root, text } = await mounted("running");
    const sharpness = root.rodflow?.column("discrete", "sharpness").at(-1) ?? 0;
    expect(Number(text(".rf-edge-label").replace("edge ", ""))).toBeCloseTo(2 / sharpness, 2);
    expect(Number(text(".rf-ratio-value"))).toBeCloseTo((0.68 * sharpness) / 2, 2);
  });
});

describe("processes of one kind", () => {
  it("share a colour, and differ in dash and label", async () => {
    const { root } = await mounted("running");
    const rod = root.rodflow?.client.spec.processes[1];
    if (!rod) throw new Error("no rod");
    const styles = processStyles([rod, { ...rod, name: "rod-paper" }, { ...rod, name: "rod-covariance" }]);
    const theme = { dark: false, palette: "standard" } as never;
    expect(new Set(styles.map((style) => style.color(theme))).size).toBe(1);
    expect(new Set(styles.map((style) => style.dash.join(" "))).size).toBe(3);
    expect(styles.map((style) => style.label)).toEqual(["rod flow", "rod-paper", "rod-covariance"]);
  });
});

describe("the file of values", () => {
  it("has one line a process and time, and empty cells where nothing was measured", async () => {
    const { root } = await mounted("finished", 20);
    const client = root.rodflow?.client;
    if (!client) throw new Error("no client");
    const lines = csv({ client, styles: processStyles(client.spec.processes) } as never)
      .trimEnd()
      .split("\n");
    expect(lines).toHaveLength(1 + 21 + 3 * 19 + 21);
    const names = lines[0].split(",");
    expect(names).toContain("eigenvalues_4");
    const rod = lines.find((line) => line.startsWith("rod,"))?.split(",") ?? [];
    expect([rod[names.indexOf("time")], rod[names.indexOf("eigenvalues_1")]]).toEqual(["2", ""]);
    expect(lines.join()).not.toContain("NaN");
  });

  it("quotes the names of processes where they need it", async () => {
    const { root } = await mounted("finished", 20);
    const client = root.rodflow?.client;
    const table = client?.store.table("stable");
    if (!client || !table) throw new Error("no table");
    const name = 'mine, "new"';
    client.store.tables.set(name, table);
    const spec = client.spec.processes.map((process) => (process.name === "stable" ? { ...process, name } : process));
    const text = csv({ client, styles: processStyles(spec) } as never);
    expect(text.match(/^"mine, ""new""",0,/gm)).toHaveLength(1);
  });
});
