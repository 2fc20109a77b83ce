import { describe, expect, it } from "vitest";
import { mounted, painted } from "./helpers";
import { alive } from "./setup";

type Page = Awaited<ReturnType<typeof mounted>>;

const shown = ({ root }: Page) => [...root.querySelectorAll<HTMLElement>("[data-panel]")].map((p) => p.dataset.panel);

function choose({ root }: Page): HTMLElement {
  [...root.querySelectorAll<HTMLElement>("[role=menuitem]")].find((item) => item.textContent === "Panels …")?.click();
  return root.querySelector(".rf-dialog") as HTMLElement;
}

describe("panels", () => {
  it("are those that the notebook asks for, in its order", async () => {
    const page = await mounted("paused", 600, [], { panels: ["sharpness", "eigenvalues", "loss"] });
    expect(shown(page)).toEqual(["sharpness", "eigenvalues", "loss"]);
    expect(page.root.querySelectorAll('[data-axis="true"]')).toHaveLength(1);
  });

  it("are chosen and moved in the page, and leave nothing behind", async () => {
    const page = await mounted("paused");
    const before = [page.root.rodflow?.owned(), alive.observers];
    const dialog = choose(page);
    const box = (title: string) =>
      [...dialog.querySelectorAll("label")].find((l) => l.textContent === title)?.querySelector("input");
    box("Gradient")?.click();
    box("Loss")?.click();
    await painted();
    expect(shown(page)).toEqual(["sharpness", "distance", "rod_length", "grad_norm"]);
    dialog.querySelector<HTMLElement>('[aria-label="Gradient: further up"]')?.click();
    await painted();
    expect(shown(page)).toEqual(["sharpness", "distance", "grad_norm", "rod_length"]);
    expect(page.root.querySelectorAll("canvas")).toHaveLength(4);
    expect([page.root.rodflow?.owned(), alive.observers]).toEqual(before);
  });

  it("never become none", async () => {
    const page = await mounted("paused", 600, [], { panels: ["loss"] });
    const boxes = choose(page).querySelectorAll("input");
    expect([boxes[0].checked, boxes[0].disabled]).toEqual([true, true]);
  });
});

describe("the time axis", () => {
  it("shows fewer steps about the cursor, and all again", async () => {
    const page = await mounted("paused");
    const figure = page.find(".rf-figure");
    const wide = Number(page.root.rodflow?.y("loss", 0.05));
    await page.key("ArrowLeft", {}, figure);
    await page.key("+");
    await page.key("+");
    expect(page.root.rodflow?.y("loss", 0.05)).not.toBe(wide);
    await page.key("Escape");
    await page.key("Escape");
    expect(page.root.rodflow?.y("loss", 0.05)).toBe(wide);
  });
});

describe("the whole widget", () => {
  it("folds to its first line, which says where the run stands, and unfolds", async () => {
    const page = await mounted("paused");
    page.find(".rf-header .rf-fold").click();
    await painted();
    expect(page.find(".rf-body").hidden).toBe(true);
    expect(page.text(".rf-brief")).toBe("step 392 of 600");
    page.model.advance(1);
    await painted();
    expect(page.text(".rf-brief")).toBe("step 393 of 600");
    page.find(".rf-header .rf-fold").click();
    await painted();
    expect(page.find(".rf-body").hidden).toBe(false);
  });

  it("says in a sentence that page and kernel are of different versions", async () => {
    const { default: widget } = await import("../src/index");
    const { FakeModel } = await import("../dev/fake");
    const model = new FakeModel("paused");
    model.set("protocol", 2);
    const el = document.createElement("div");
    const { initialize, render } = widget();
    initialize({ model })();
    const end = render({ model, el });
    expect(el.textContent).toContain("This page speaks protocol 4, the kernel 2: reload the page");
    expect(model.sent).toEqual([]);
    end();
    expect(el.childElementCount).toBe(0);
  });

  it("says in a sentence what the browser lacks", async () => {
    const { default: widget } = await import("../src/index");
    const { FakeModel } = await import("../dev/fake");
    const kept = globalThis.ResizeObserver;
    Reflect.deleteProperty(globalThis, "ResizeObserver");
    const el = document.createElement("div");
    widget().render({ model: new FakeModel("paused"), el });
    globalThis.ResizeObserver = kept;
    expect(el.textContent).toContain("This browser has no ResizeObserver, which the live view needs");
  });
});
